"""Which input row meets which output row: spconv's windows over spatial shapes, as voxloom kernel maps.

A window is ``in = out * stride - padding + j * dilation`` with j = 0..kernel-1 per axis (transposed: in and out change
places), over indices (batch, i0, i1, ...). Offsets are numbered with the last axis fastest. One, two and three axes
are three axes for voxloom, the missing ones of length 1; four axes are sorted keys in numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

from voxloom import _core, _tracing
from voxloom.compat._sites import Derived, PerTensor

Axes = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    kernel: Axes
    stride: Axes
    padding: Axes
    dilation: Axes
    transposed: bool = False

    @property
    def volume(self) -> int:
        return int(np.prod(self.kernel))

    def bounds_of(self, in_shape: Axes, out_shape: Axes) -> Axes:
        """Inside which outputs are made. Where the kernel is longer than a padded axis by less than the stride, spconv
        reports a shape of 0 there (`out_shape`: it rounds down) but fills a shape of 1 (it rounds towards zero)."""
        if self.transposed:
            return out_shape
        windows = zip(in_shape, out_shape, self.kernel, self.stride, self.padding, self.dilation)
        return tuple(1 if 0 > n + 2 * p - d * (k - 1) - 1 > -s else out for n, out, k, s, p, d in windows)

    @staticmethod
    def submanifold(kernel: Axes, dilation: Axes) -> Window:
        padding = tuple(k // 2 * d for k, d in zip(kernel, dilation))
        return Window(kernel, (1,) * len(kernel), padding, dilation)


class Sites:
    """The rows of one tensor of indices (N, 1 + axes), int32: column 0 is the batch."""

    def __init__(self, indices: torch.Tensor, known: _core.CoordinateSet | None = None):
        if indices.device.type != "cpu":
            raise NotImplementedError(f"voxloom.compat.spconv computes on the CPU; these indices are on {indices.device}")
        self.rows: np.ndarray[Any, Any] = np.ascontiguousarray(indices.detach().numpy(), dtype=np.int32)
        self.axes = self.rows.shape[1] - 1
        self.derived = Derived()
        self._known = known

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def spatial(self) -> np.ndarray[Any, Any]:
        """(N,4): batch and three axes."""
        if self.axes == 3:
            return self.rows
        wide = np.zeros((len(self.rows), 4), dtype=np.int32)
        wide[:, : self.axes + 1] = self.rows
        return wide

    @cached_property
    def set(self) -> _core.CoordinateSet:
        return _core.CoordinateSet(self.spatial) if self._known is None else self._known

    @cached_property
    def _extent(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        extent = _core._extent(self.rows)
        if extent is None:
            return np.zeros(self.axes + 1, np.int64), np.full(self.axes + 1, -1, np.int64)
        return extent[0].astype(np.int64), extent[1].astype(np.int64)

    def check_batches(self, batch_size: int) -> None:
        low, high = self._extent
        if low[0] < 0 or high[0] >= batch_size:
            raise ValueError(f"spconv: expected batch indices in [0, {batch_size}), got {low[0]} to {high[0]}")

    def check_inside(self, shape: Axes) -> None:
        low, high = self._extent
        if (low[1:] < 0).any() or (high[1:] >= np.asarray(shape)).any():
            raise ValueError(
                f"spconv: expected indices inside the spatial shape {list(shape)}, got {low[1:].tolist()} to "
                f"{high[1:].tolist()} (spconv itself takes such rows for other voxels)"
            )


sites_of: PerTensor[Sites] = PerTensor(Sites)


class Pairs:
    """A kernel map, and spconv's own two encodings of it."""

    def __init__(self, map: _core.KernelMap, sources: int, targets: int, submanifold: bool = False):
        self.map = map
        self.sources, self.targets, self.submanifold = sources, targets, submanifold

    @cached_property
    def swapped(self) -> Pairs:
        return Pairs(self.map.swapped(), self.targets, self.sources, self.submanifold)

    def offsets(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """(input rows, output rows), int64, of each kernel offset."""
        in_rows, out_rows, k = _arrays(self.map)
        ends = [int(end) for end in np.searchsorted(k, np.arange(self.map.volume + 1))]
        ins, outs = torch.from_numpy(in_rows.astype(np.int64)), torch.from_numpy(out_rows.astype(np.int64))
        return [(ins[a:b], outs[a:b]) for a, b in zip(ends, ends[1:])]

    def native(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(2, K, N_in) rows, -1 behind the last; (K,) how many. A submanifold layer counts the first half only."""
        table, counts = self.map.offset_table(mirrored=self.submanifold)
        if self.submanifold:
            counts[self.map.volume // 2 :] = 0
        return torch.from_numpy(table), torch.from_numpy(counts)

    def forward_table(self) -> torch.Tensor:
        """(K, N_out) input rows, -1: none."""
        return torch.from_numpy(np.ascontiguousarray(np.asarray(self.map.dense()).T))

    def backward_table(self) -> torch.Tensor:
        """(K, N_in) output rows, -1: none."""
        return self.swapped.forward_table()

    @staticmethod
    def of_native(table: torch.Tensor, counts: torch.Tensor, sources: int, targets: int, submanifold: bool) -> Pairs:
        rows, filled = table.numpy(), counts.numpy().astype(np.int64)
        volume = rows.shape[1]
        if submanifold:
            filled = filled.copy()
            filled[volume // 2] = sources
            filled[volume // 2 + 1 :] = filled[: volume // 2][::-1]
        used = np.arange(rows.shape[2]) < filled[:, None]
        k = np.nonzero(used)[0].astype(np.int32)
        map = _core.KernelMap.from_pairs(sources, targets, volume, rows[0][used], rows[1][used], k)
        return Pairs(map, sources, targets, submanifold)

    @staticmethod
    def of_forward_table(table: torch.Tensor, sources: int) -> Pairs:
        rows = table.numpy()
        k, out_rows = np.nonzero(rows >= 0)
        map = _core.KernelMap.from_pairs(
            sources, rows.shape[1], rows.shape[0], rows[k, out_rows], out_rows.astype(np.int32), k.astype(np.int32)
        )
        return Pairs(map, sources, rows.shape[1])


class Reached(NamedTuple):
    """What a window makes of some sites."""

    indices: torch.Tensor
    pairs: Pairs


def submanifold_pairs(indices: torch.Tensor, batch_size: int, shape: Axes, kernel: Axes, dilation: Axes) -> Pairs:
    """Every row meets the rows under the window centred on it. RuntimeError: an even kernel, a shape without room."""
    _check_room(shape)
    if any(k % 2 == 0 for k in kernel):
        raise RuntimeError(f"spconv: submanifold layers want odd kernel sizes, got {list(kernel)}")
    sites = sites_of(indices)
    sites.check_batches(batch_size)
    sites.check_inside(shape)
    window = Window.submanifold(kernel, dilation)

    def make() -> Pairs:
        if sites.axes == 4:
            _, in_rows, out_rows, k = _by_sorted_keys(sites.rows, window, shape, onto=sites.rows)
            map = _core.KernelMap.from_pairs(len(sites), len(sites), window.volume, in_rows, out_rows, k)
        else:
            spec = _core.KernelSpec(_filled(kernel, 1), dilation=_filled(dilation, 1), origin="centered")
            map = _core.forward_map(sites.set, sites.set, spec)
        return Pairs(map, len(sites), len(sites), submanifold=True)

    return sites.derived.get(("submanifold", window, tuple(shape)), make)


def reach(indices: torch.Tensor, batch_size: int, in_shape: Axes, out_shape: Axes, window: Window) -> Reached:
    """The outputs that the rows reach inside `out_shape`, in spconv's order, and who meets whom.

    RuntimeError: an output shape without room.
    """
    out_shape = window.bounds_of(in_shape, out_shape)
    _check_room(out_shape)
    sites = sites_of(indices)
    sites.check_batches(batch_size)
    request = ("reach", window, tuple(out_shape))
    kept: Reached = sites.derived.get(request, lambda: _reach(sites, tuple(out_shape), window))
    if sites_of.peek(kept.indices) is None:  # somebody wrote to the indices that were handed out
        sites.derived.drop(request)
        kept = sites.derived.get(request, lambda: _reach(sites, tuple(out_shape), window))
    if _tracing.current is not None and sites.axes < 4:
        kind = "transposed" if window.transposed else "reachable"
        bounds = (0, 0, 0), _filled(tuple(out_shape), 1)
        _tracing.current.derive(sites_of(kept.indices).set, sites.set, kind, _spec(window), bounds)
    return kept


def _check_room(out_shape: Axes) -> None:
    if any(extent <= 0 for extent in out_shape):
        raise RuntimeError(f"spconv: the output's spatial shape {list(out_shape)} has no room for a voxel")


def _spec(window: Window) -> _core.KernelSpec:
    return _core.KernelSpec(
        _filled(window.kernel, 1), stride=_filled(window.stride, 1), padding=_filled(window.padding, 0),
        dilation=_filled(window.dilation, 1), origin="corner",
    )  # fmt: skip


def _reach(sites: Sites, out_shape: Axes, window: Window) -> Reached:
    if sites.axes == 4:
        rows, in_rows, out_rows, k = _by_sorted_keys(sites.rows, window, out_shape)
        target = _hand_out(rows)
        map = _core.KernelMap.from_pairs(len(sites), len(rows), window.volume, in_rows, out_rows, k)
        return Reached(target, Pairs(map, len(sites), len(rows)))
    bounds = (0, 0, 0), _filled(out_shape, 1)
    target, map = _core._reached_as_met(sites.set, _spec(window), bounds, window.transposed)
    rows = np.asarray(target.rows)[:, : sites.axes + 1]
    return Reached(_hand_out(rows, target), Pairs(map, len(sites), len(rows)))


def _arrays(map: _core.KernelMap) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(in, out, k), by k, then output row."""
    in_rows, out_rows, k = map.pairs()
    return np.asarray(in_rows), np.asarray(out_rows), np.asarray(k)


def _hand_out(rows: np.ndarray[Any, Any], known: _core.CoordinateSet | None = None) -> torch.Tensor:
    """A tensor of its own with these rows, and its sites; known: their set, where there is one."""
    indices = torch.from_numpy(np.array(rows, dtype=np.int32, order="C"))
    sites_of.put(indices, Sites(indices, known))
    return indices


def _filled(axes: Axes, value: int) -> tuple[int, int, int]:
    """Three axes: those that a layer lacks are `value`."""
    first, second, third = (*axes, value, value)[:3]
    return first, second, third


def _by_sorted_keys(
    rows: np.ndarray[Any, Any], window: Window, out_shape: Axes, onto: np.ndarray[Any, Any] | None = None
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(output rows, in, out, k) for any number of axes; onto: the outputs, else those that are reached, as met first.

    Every output site inside `out_shape` has a key of 63 bits; one pass over the input per kernel offset.
    """
    extents = np.array(out_shape, dtype=np.int64)
    if int(np.prod(extents.astype(object))) * (int(rows[:, 0].max(initial=0)) + 1) >= 2**63:
        raise ValueError(f"spconv: the output's spatial shape {list(out_shape)} has more than 2^63 sites")
    steps = np.array([int(np.prod(extents[axis + 1 :])) for axis in range(len(extents))], dtype=np.int64)
    volume = int(np.prod(extents))
    origin = rows[:, 1:].astype(np.int64)
    stride, padding, dilation = (np.array(a, np.int64) for a in (window.stride, window.padding, window.dilation))
    in_parts, key_parts = [], []
    for j in np.ndindex(*window.kernel):
        shift = np.array(j, np.int64) * dilation
        if window.transposed:
            out = origin * stride + shift - padding
            valid = np.ones(len(rows), bool)
        else:
            position = origin + padding - shift
            out = position // stride
            valid = (position == out * stride).all(axis=1)
        valid &= ((out >= 0) & (out < extents)).all(axis=1)
        met = np.nonzero(valid)[0]
        in_parts.append(met.astype(np.int32))
        key_parts.append(rows[met, 0] * volume + out[met] @ steps)
    counts = [len(part) for part in in_parts]
    in_rows, keys = np.concatenate(in_parts), np.concatenate(key_parts)
    k = np.repeat(np.arange(window.volume, dtype=np.int32), counts)
    if onto is not None:
        own = onto[:, 0].astype(np.int64) * volume + onto[:, 1:].astype(np.int64) @ steps
        order = np.argsort(own, kind="stable")
        if (np.diff(own[order]) == 0).any():
            raise ValueError("spconv: expected every index once, got some row twice")
        place = np.minimum(np.searchsorted(own[order], keys), max(len(own) - 1, 0))
        hit = own[order][place] == keys if len(own) else np.zeros(len(keys), bool)
        return onto, in_rows[hit], order[place[hit]].astype(np.int32), k[hit]
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    unique = unique[order]
    columns = [unique // volume] + [unique // step % extent for step, extent in zip(steps, extents)]
    return np.stack(columns, axis=1).astype(np.int32), in_rows, rank[inverse.reshape(-1)], k


def pairs_kept_with(table: Any) -> Pairs | None:
    """The pairs that a table of ours was made from; None: a table of the caller's own."""
    return _tables.peek(table)


def keep_pairs_with(table: torch.Tensor, pairs: Pairs) -> torch.Tensor:
    _tables.put(table, pairs)
    return table


def _no_pairs(_: torch.Tensor) -> Pairs:
    raise LookupError


_tables: PerTensor[Pairs] = PerTensor(_no_pairs)
