"""The coordinate maps of one network's tensors, and what follows from them; what CoordinateManager stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ... import _tracing
from ..._core import strided_support
from ._kernel_maps import Kernel, Mapping, StrideMap, as_tensors, floored, kernel_map, reached, stride_map, unpacked
from ._lattice import Lattice, Stride, first_of_each
from ._types import Array, CoordinateMapKey, Key, MinkowskiAlgorithm, MisuseError, RegionType, require

Pair = tuple[torch.Tensor, torch.Tensor]
_NOT_FOUND = "CoordinateMap not found"


def _int_rows(coordinates: torch.Tensor, op: str) -> torch.Tensor:
    require(isinstance(coordinates, torch.Tensor) and coordinates.ndim == 2,
            f"{op}: expected coordinates (N, 1 + D), got {getattr(coordinates, 'shape', coordinates)}")
    require(coordinates.dtype == torch.int32, f"{op}: expected coordinates of torch.int32, got {coordinates.dtype}")
    require(not coordinates.is_cuda, f"{op}: expected coordinates on the CPU, got {coordinates.device}")
    return coordinates.detach().contiguous()


class CoordinateMapManagerCPU:
    """Coordinate maps by key, kernel maps between them, and tensor fields.

    Rows of an inserted map keep the order in which they first appear. Rows of derived maps (strides, expansions) come
    in an order that depends on the rows alone; MinkowskiEngine's is that of its hash table.
    """

    def __init__(self, algorithm: MinkowskiAlgorithm = MinkowskiAlgorithm.DEFAULT, num_threads: int = 0):
        self._maps: dict[Key, Lattice] = {}
        self._fields: dict[Key, torch.Tensor] = {}
        self._kernel_maps: dict[Any, Mapping] = {}
        self._field_maps: dict[tuple[Key, Key], Pair] = {}
        self._batches: dict[tuple[Key, bool], torch.Tensor] = {}
        self._names = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kernel_maps": {}}  # which are made again

    # --- maps by key ---

    def lattice(self, key: CoordinateMapKey | Key) -> Lattice:
        found = self._maps.get(key.key if isinstance(key, CoordinateMapKey) else key)
        if found is None:
            raise MisuseError(f"{_NOT_FOUND}: {key}")
        return found

    def _field(self, key: CoordinateMapKey) -> torch.Tensor:
        require(key.key in self._fields, f"{_NOT_FOUND}: no tensor field {key}")
        return self._fields[key.key]

    def exists(self, key: CoordinateMapKey) -> bool:
        return key.key in self._maps

    def exists_field(self, key: CoordinateMapKey) -> bool:
        return key.key in self._fields

    def size(self, key: CoordinateMapKey) -> int:
        is_field = key.key not in self._maps and key.key in self._fields
        return len(self._field(key)) if is_field else len(self.lattice(key))

    def get_coordinates(self, key: CoordinateMapKey) -> torch.Tensor:
        return self.lattice(key).rows.clone()

    def get_coordinate_field(self, key: CoordinateMapKey) -> torch.Tensor:
        return self._field(key).clone()

    def get_coordinate_map_keys(self, tensor_stride: Sequence[int]) -> list[CoordinateMapKey]:
        wanted = tuple(int(s) for s in tensor_stride)
        return [CoordinateMapKey.of(key) for key in self._maps if key[0] == wanted]

    def get_random_string_id(self, tensor_stride: Sequence[int], string_id: str) -> tuple[list[int], str]:
        """A key that no map has yet. The same calls give the same names."""
        key = self._free_key(tuple(int(s) for s in tensor_stride), string_id)
        return list(key[0]), key[1]

    def _free_key(self, stride: Stride, name: str) -> Key:
        while True:
            number, self._names = self._names, self._names + 1
            letters = "".join(chr(97 + number // 26**place % 26) for place in reversed(range(5)))
            key = (stride, f"{name}-{letters}" if name else letters)
            if key not in self._maps and key not in self._fields:
                return key

    def _key_for(self, stride: Stride, name: str) -> Key:
        is_origin = not any(stride) and not name  # whose key stays free for it
        return self._free_key(stride, name) if is_origin or (stride, name) in self._maps else (stride, name)

    # --- new maps ---

    def insert_and_map(self, coordinates: torch.Tensor, tensor_stride: Sequence[int],
                       string_id: str = "") -> tuple[CoordinateMapKey, Pair]:
        """(key, (first, inverse)): a map of rows that may repeat; (N,1+D) int32, batch first."""
        rows = _int_rows(coordinates, "insert_and_map")
        stride = tuple(int(s) for s in tensor_stride)
        require(rows.shape[1] - 1 == len(stride),
                f"insert_and_map: expected {len(stride)} axes as the tensor stride has, got {rows.shape[1] - 1}")
        key = self._key_for(stride, string_id)
        lattice = Lattice(rows.clone(), stride)  # the caller may write to the rows
        if lattice.is_distinct():
            self._maps[key] = lattice
            return CoordinateMapKey.of(key), (torch.arange(len(rows)), torch.arange(len(rows)))
        first, inverse = (torch.from_numpy(part) for part in first_of_each(rows.numpy()))
        self._maps[key] = Lattice(rows[first], stride)
        return CoordinateMapKey.of(key), (first, inverse)

    def _put_distinct(self, key: Key, rows: Array) -> None:
        first, _ = first_of_each(rows)
        self._maps[key] = Lattice(torch.from_numpy(rows[first] if len(first) < len(rows) else rows), key[0])

    def stride(self, in_key: CoordinateMapKey, kernel_stride: Sequence[int], string_id: str = "") -> CoordinateMapKey:
        """The map of floor(c / S) * S, S = tensor stride x kernel_stride: made once for each key."""
        source = self.lattice(in_key)
        step = tuple(int(s) for s in kernel_stride)
        require(len(step) == len(source.tensor_stride),
                f"stride: expected {len(source.tensor_stride)} strides, got {list(step)}")
        stride = tuple(t * s for t, s in zip(source.tensor_stride, step))
        key = (stride, string_id or in_key.key[1])
        if key not in self._maps:
            fine = source.set_in(source.tensor_stride) if source.is_plain and len(source) else None
            if fine is None:
                self._put_distinct(key, floored(source.rows.numpy(), stride))
            else:
                support = strided_support(fine, (*reversed(step), 1, 1)[:3])
                self._maps[key] = Lattice(torch.from_numpy(unpacked(support.rows, stride)), stride)
                self._maps[key].put(stride, support)
        return CoordinateMapKey.of(key)

    def expand(self, in_key: CoordinateMapKey, kernel: Kernel, is_transpose: bool, is_forced: bool) -> CoordinateMapKey:
        """The map of everything that the kernel reaches: in + offset * dilation * tensor stride.

        Transposed: the fine tensor stride. Else the coarse one, of which the reached rows that are multiples stay.
        An existing map of that tensor stride is taken, unless `is_forced`.
        """
        source = self.lattice(in_key)
        out_stride = strided(source.tensor_stride, kernel.stride, is_transpose)
        key = (out_stride, "")
        if key in self._maps and not is_forced:
            return CoordinateMapKey.of(key)
        unit = out_stride if is_transpose else source.tensor_stride
        steps = kernel.stride if is_transpose else (1,) * len(unit)
        rows = reached(source, unit, kernel, steps)
        if rows is None:
            shifts = np.zeros((len(kernel.offsets()), 1 + len(unit)), np.int64)
            shifts[:, 1:] = kernel.offsets() * np.array(kernel.dilation, np.int64) * np.array(unit, np.int64)
            rows = (source.rows.numpy()[:, None, :] + shifts).reshape(-1, shifts.shape[1]).astype(np.int32)
        if not is_transpose:
            rows = rows[~(rows[:, 1:] % np.array(out_stride, np.int32)).any(1)]
        key = self._key_for(out_stride, "")
        self._put_distinct(key, rows)
        if _tracing.current is not None and is_transpose:
            _tracing.current.derive(self._maps[key].set_in(out_stride), source.set_in(source.tensor_stride), "transposed",
                                    kernel.spec(steps, kernel.dilation))
        return CoordinateMapKey.of(key)

    def prune(self, in_key: CoordinateMapKey, kept: torch.Tensor) -> CoordinateMapKey:
        """The map of the rows `kept` (M) int64, in their order."""
        source = self.lattice(in_key)
        key = self._key_for(source.tensor_stride, "pruned")
        self._maps[key] = Lattice(source.rows[kept], key[0])
        return CoordinateMapKey.of(key)

    def union_map(self, in_keys: Sequence[CoordinateMapKey], out_key: CoordinateMapKey) -> list[torch.Tensor]:
        """Per input (2,N) int64: its rows and theirs in the union, which gets the key out_key.

        The union's rows are the first map's, then of each further map those that are new. The least tensor stride.
        """
        require(len(in_keys) > 1, f"union_map: expected two maps or more, got {len(in_keys)}")
        require(not out_key.is_key_set(), "union_map: expected an output key that is not set")
        lattices = [self.lattice(key) for key in in_keys]
        stride = tuple(min(steps) for steps in zip(*(lattice.tensor_stride for lattice in lattices)))
        union = lattices[0]
        places = [np.arange(len(union), dtype=np.int64)]
        for lattice in lattices[1:]:
            rows = lattice.rows.numpy()
            place = union.find(rows).astype(np.int64)
            is_new = place < 0
            place[is_new] = len(union) + np.arange(int(is_new.sum()))
            places.append(place)
            union = Lattice(torch.from_numpy(np.concatenate([union.rows.numpy(), rows[is_new]])), stride)
        key = self._key_for(stride, "merge")
        self._maps[key] = union if union is not lattices[0] else Lattice(union.rows, stride)
        out_key.set_key(key)
        return [torch.from_numpy(np.stack([np.arange(len(place)), place])) for place in places]

    # --- the origin: one row per batch ---

    def origin(self) -> CoordinateMapKey:
        """One row for each batch that any map has, ascending, at coordinate 0 with tensor stride 0."""
        require(len(self._maps) > 0, "origin: no coordinate map found")
        batches = [lattice.rows[:, 0] for key, lattice in self._maps.items() if any(key[0])]
        return self._origin_of(batches or [next(iter(self._maps.values())).rows[:, 0]],
                               next(iter(self._maps.values())).dimension)

    def origin_field(self) -> CoordinateMapKey:
        require(len(self._fields) > 0, "origin_field: no tensor field found")
        field = next(iter(self._fields.values()))
        return self._origin_of([rows[:, 0].int() for rows in self._fields.values()], field.shape[1] - 1)

    def _origin_of(self, batches: list[torch.Tensor], dimension: int) -> CoordinateMapKey:
        key = ((0,) * dimension, "")
        if key not in self._maps:
            present = torch.unique(torch.cat([torch.unique(batch) for batch in batches]))
            rows = torch.zeros(len(present), 1 + dimension, dtype=torch.int32)
            rows[:, 0] = present
            self._maps[key] = Lattice(rows, key[0])
        return CoordinateMapKey.of(key)

    def origin_map_size(self) -> int:
        return len(self.lattice(self.origin()))

    def batch_rows(self, key: CoordinateMapKey, is_field: bool = False) -> torch.Tensor:
        """(N) int32: the origin's row of each row of a map or a field."""
        kept = self._batches.get((key.key, is_field))
        if kept is None:
            origin = self.lattice(self.origin_field() if is_field else self.origin())
            batch = self._field(key)[:, 0].int() if is_field else self.lattice(key).rows[:, 0]
            present = origin.rows[:, 0].contiguous()
            place = torch.searchsorted(present, batch.contiguous()).clamp(max=max(len(present) - 1, 0))
            require(bool((present[place] == batch).all()), "origin_map: a row's batch is not in the origin's map")
            kept = self._batches[key.key, is_field] = place.int()
        return kept

    def origin_map(self, key: CoordinateMapKey) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(batches (B) int64, for each number up to the largest batch the rows (N_b) int64, ascending)."""
        return self._by_batch(self.origin(), self.batch_rows(key))

    def origin_field_map(self, key: CoordinateMapKey) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self._by_batch(self.origin_field(), self.batch_rows(key, True))

    def _by_batch(self, origin: CoordinateMapKey, place: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        batches = self.lattice(origin).rows[:, 0].long()
        if len(batches) == 0:
            return batches, []
        order = torch.argsort(place, stable=True)
        parts = torch.split(order, torch.bincount(place, minlength=len(batches)).tolist())
        rows = [order[:0]] * (int(batches[-1]) + 1)
        for batch, part in zip(batches.tolist(), parts):
            rows[batch] = part
        return batches, rows

    # --- kernel maps ---

    def mapping(self, in_key: CoordinateMapKey, out_key: CoordinateMapKey, kernel: Kernel, is_transpose: bool,
                is_pool: bool) -> Mapping:
        """The entries of a kernel between two maps, made once."""
        wanted = (in_key.key, out_key.key, kernel, is_transpose, is_pool)
        made = self._kernel_maps.get(wanted)
        if made is None:
            made = self._kernel_maps[wanted] = self._make_mapping(in_key, out_key, kernel, is_transpose, is_pool)
        return made

    def _make_mapping(self, in_key: CoordinateMapKey, out_key: CoordinateMapKey, kernel: Kernel, is_transpose: bool,
                      is_pool: bool) -> Mapping:
        if is_transpose:
            return self.mapping(out_key, in_key, kernel, False, is_pool).swapped()
        source, target = self.lattice(in_key), self.lattice(out_key)
        if is_pool and kernel.stride == kernel.size:  # whatever the region: MinkowskiEngine's rule
            return stride_map(source, target)
        return kernel_map(source, target, kernel)

    def kernel_map(self, in_key: CoordinateMapKey, out_key: CoordinateMapKey, kernel_size: Sequence[int],
                   kernel_stride: Sequence[int], kernel_dilation: Sequence[int],
                   region_type: RegionType = RegionType.HYPER_CUBE, offset: torch.Tensor | None = None,
                   is_transpose: bool = False, is_pool: bool = False) -> dict[int, torch.Tensor]:
        kernel = Kernel(tuple(map(int, kernel_size)), tuple(map(int, kernel_stride)), tuple(map(int, kernel_dilation)),
                        RegionType(region_type), custom_offsets(offset))
        return as_tensors(self.mapping(in_key, out_key, kernel, is_transpose, is_pool))

    def stride_map(self, in_key: CoordinateMapKey, strided_key: CoordinateMapKey) -> Pair:
        """(rows of the fine map, ascending, and of the coarse one), int64."""
        fine, coarse = self.lattice(in_key), self.lattice(strided_key)
        require(all(f and c % f == 0 for f, c in zip(fine.tensor_stride, coarse.tensor_stride)),
                f"stride_map: expected a tensor stride that is a multiple of {list(fine.tensor_stride)}, got "
                f"{list(coarse.tensor_stride)}")
        step = tuple(c // f for f, c in zip(fine.tensor_stride, coarse.tensor_stride))
        made = self.mapping(in_key, strided_key, Kernel(step, step, (1,) * len(step)), False, True)
        assert isinstance(made, StrideMap)
        return torch.arange(len(fine)), made.coarse_row.long()

    # --- fields: points ---

    def insert_field(self, coordinates: torch.Tensor, tensor_stride: Sequence[int],
                     string_id: str = "") -> CoordinateMapKey:
        """A tensor field of points (N,1+D) float32, batch first."""
        require(coordinates.dtype == torch.float32 and coordinates.ndim == 2,
                f"insert_field: expected float32 coordinates (N, 1 + D), got {coordinates.dtype} {coordinates.shape}")
        stride = tuple(int(s) for s in tensor_stride)
        require(coordinates.shape[1] - 1 == len(stride),
                f"insert_field: expected {len(stride)} axes as the tensor stride has, got {coordinates.shape[1] - 1}")
        key = (stride, string_id)
        if key in self._fields:
            key = self._free_key(*key)
        self._fields[key] = coordinates.detach().contiguous().clone()
        return CoordinateMapKey.of(key)

    def field_to_sparse_insert_and_map(self, field_key: CoordinateMapKey, tensor_stride: Sequence[int],
                                       string_id: str = "") -> tuple[CoordinateMapKey, Pair]:
        """(key, (first, inverse)) of the map of the points' voxels."""
        stride = tuple(int(s) for s in tensor_stride)
        rows = quantized(self._field(field_key), stride)
        key, pair = self.insert_and_map(rows, stride, string_id)
        self._field_maps[field_key.key, key.key] = pair
        return key, pair

    def field_to_sparse_map(self, field_key: CoordinateMapKey, sparse_key: CoordinateMapKey) -> Pair:
        """(rows of the map, rows of the field) int32 of the points whose voxel the map has."""
        lattice = self.lattice(sparse_key)
        found = lattice.find(quantized(self._field(field_key), lattice.tensor_stride).numpy())
        inside = np.flatnonzero(found >= 0)
        rows, points = torch.from_numpy(found[inside]), torch.from_numpy(inside.astype(np.int32))
        self._field_maps.setdefault((field_key.key, sparse_key.key), (points, rows))
        return rows, points

    def exists_field_to_sparse(self, field_key: CoordinateMapKey, sparse_key: CoordinateMapKey) -> bool:
        return (field_key.key, sparse_key.key) in self._field_maps

    def get_field_to_sparse_map(self, field_key: CoordinateMapKey, sparse_key: CoordinateMapKey) -> Pair:
        """(a point of each voxel, the voxel of each point)."""
        require(self.exists_field_to_sparse(field_key, sparse_key), "Field To Sparse Map doesn't exist")
        return self._field_maps[field_key.key, sparse_key.key]

    def field_to_sparse_keys(self, field_key: Any) -> list[CoordinateMapKey]:
        """Of the maps made from the field. field_key: a key, or what its get_key() gives."""
        key = field_key.key if isinstance(field_key, CoordinateMapKey) else (tuple(field_key[0]), field_key[1])
        return [CoordinateMapKey.of(sparse) for field, sparse in self._field_maps if field == key]

    # --- interpolation ---

    def neighbors(self, points: torch.Tensor, key: CoordinateMapKey) -> list[Pair]:
        """Multilinear: for each corner of a cell, the last axis fastest, (row (P) int32 or -1, weight (P))."""
        lattice = self.lattice(key)
        require(points.ndim == 2 and points.shape[1] == lattice.dimension + 1,
                f"interpolation: expected points (P, {lattice.dimension + 1}), got {tuple(points.shape)}")
        require(points.dtype in (torch.float32, torch.float64),
                f"interpolation: expected float32 or float64 points, got {points.dtype}")
        points = points.detach()
        step = torch.tensor(lattice.tensor_stride, dtype=points.dtype)
        low = quantized(points, lattice.tensor_stride)
        corners = []
        for corner in range(2**lattice.dimension):
            up = [corner >> (lattice.dimension - 1 - axis) & 1 for axis in range(lattice.dimension)]
            at = low + torch.tensor([0, *(u * s for u, s in zip(up, lattice.tensor_stride))], dtype=torch.int32)
            weight = (1 - (points[:, 1:] - at[:, 1:]).abs() / step).prod(1)
            corners.append((torch.from_numpy(lattice.find(at.numpy())), weight))
        return corners

    def interpolation_map_weight(self, points: torch.Tensor, key: CoordinateMapKey) -> list[torch.Tensor]:
        """[rows, points (E) int32, weights (E)], corner by corner, of the corners that are there."""
        parts = []
        for row, weight in self.neighbors(points, key):
            there = torch.nonzero(row.ge(0)).flatten()
            parts.append((row[there], there.int(), weight[there]))
        return [torch.cat(column) for column in zip(*parts)]

    def print_coordinate_map(self, key: CoordinateMapKey) -> str:
        return f"{key} : {self._described(key.key)}"

    def _described(self, key: Key) -> str:
        lattice = self.lattice(key)
        return f"CoordinateMapCPU:{len(lattice)}x{lattice.dimension + 1}"

    def __repr__(self) -> str:
        lines = [f"\t{list(key[0])}, {key[1]}:\t{self._described(key)}\n" for key in self._maps]
        lines += [f"\tTensorField {list(key[0])}, {key[1]}:\tCoordinateFieldMapCPU:{len(rows)}x{rows.shape[1]}\n"
                  for key, rows in self._fields.items()]
        lines += [f"\t{list(a[0])}, {a[1]}->{list(b[0])}, {b[1]}:\tkernel map\n" for a, b, *_ in self._kernel_maps]
        return "".join(lines)


def strided(tensor_stride: Stride, stride: Stride, is_transpose: bool) -> Stride:
    """The tensor stride after a strided or transposed layer."""
    if not is_transpose:
        return tuple(t * s for t, s in zip(tensor_stride, stride))
    require(all(t % s == 0 for t, s in zip(tensor_stride, stride)),
            f"Invalid up stride on tensor stride: {list(tensor_stride)} kernel stride: {list(stride)}")
    return tuple(t // s for t, s in zip(tensor_stride, stride))


def custom_offsets(offsets: torch.Tensor | None) -> tuple[Stride, ...]:
    return () if offsets is None or len(offsets) == 0 else tuple(tuple(row) for row in offsets.tolist())


def quantized(points: torch.Tensor, stride: Stride) -> torch.Tensor:
    """(N,1+D) int32: the batch rounded, floor(p / S) * S in the points' own type, as MinkowskiEngine's."""
    rows = torch.empty(points.shape, dtype=torch.int32)
    rows[:, 0] = torch.floor(points[:, 0] + 0.5)  # lround of what is not negative
    step = torch.tensor(stride, dtype=points.dtype)
    rows[:, 1:] = torch.floor(points[:, 1:] / step) * step
    return rows
