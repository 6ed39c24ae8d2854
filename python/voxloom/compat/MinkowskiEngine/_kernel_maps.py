"""Which rows meet which under a kernel: from two lattices and a kernel's shape to the engine's kernel maps."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from ..._core import KernelMap, KernelSpec, forward_map, transposed_support
from ._lattice import Lattice, Stride, triple
from ._types import Array, RegionType, require


@dataclass(frozen=True)
class Kernel:
    """A kernel's shape. The k-th weight belongs to the k-th of `offsets`, in steps of dilation x tensor stride.

    HYPER_CUBE: the first axis fastest; odd sizes are centred, even ones go from 0 to size - 1. HYPER_CROSS: the
    centre, then for each axis 1, ..., r, -r, ..., -1. CUSTOM: `custom`, as it was given.
    """

    size: Stride
    stride: Stride
    dilation: Stride
    region: RegionType = RegionType.HYPER_CUBE
    custom: tuple[Stride, ...] = field(default=())

    @property
    def is_cube(self) -> bool:
        return self.region == RegionType.HYPER_CUBE

    def offsets(self) -> Array:
        """(K,D) int64."""
        if self.region == RegionType.CUSTOM:
            require(len(self.custom) > 0, "kernel: region type CUSTOM expects region_offsets")
            return np.array(self.custom, np.int64)
        ranges = [range(k) if k % 2 == 0 else range(-(k // 2), k // 2 + 1) for k in self.size]
        if self.is_cube:
            return np.array(list(itertools.product(*reversed(ranges))), np.int64)[:, ::-1]
        rows = [[0] * len(self.size)]
        for axis, k in enumerate(self.size):
            for step in [*range(1, k // 2 + 1), *range(-(k // 2), 0)]:
                rows.append([step if a == axis else 0 for a in range(len(self.size))])
        return np.array(rows, np.int64)

    def spec(self, stride: Sequence[int], dilation: Sequence[int]) -> KernelSpec:
        """The kernel in the engine's words, for lattices of up to three axes."""
        if self.is_cube:
            return KernelSpec(triple(self.size), triple(stride), 0, triple(dilation))
        offsets = [triple([int(step) for step in offset], 0) for offset in self.offsets()]
        return KernelSpec(1, triple(stride), 0, triple(dilation), offsets=offsets)


class StrideMap:
    """Each fine row lies in one coarse row: a map of one offset under which a coarse row may meet many fine ones."""

    def __init__(self, coarse_row: torch.Tensor, count: int, is_up: bool = False):
        self.coarse_row, self.count, self.is_up = coarse_row, count, is_up

    def swapped(self) -> StrideMap:
        return StrideMap(self.coarse_row, self.count, not self.is_up)


Mapping = KernelMap | StrideMap


def as_tensors(mapping: Mapping) -> dict[int, torch.Tensor]:
    """{k: (2, E_k) int32 of input and output rows}, without the offsets that have none."""
    if isinstance(mapping, StrideMap):
        rows = [torch.arange(len(mapping.coarse_row), dtype=torch.int32), mapping.coarse_row]
        return {0: torch.stack(rows[::-1] if mapping.is_up else rows)} if len(mapping.coarse_row) else {}
    return {k: torch.stack([ins, outs]) for k, ins, outs in by_offset(mapping)}


def by_offset(mapping: KernelMap) -> list[tuple[int, torch.Tensor, torch.Tensor]]:
    """(k, input rows, output rows), int32, of the offsets that have any."""
    if mapping.size == 0:
        return []
    in_rows, out_rows, _ = (torch.from_numpy(part) for part in mapping.pairs())
    begin = mapping.pairs_begin().tolist()
    return [(k, in_rows[low:high], out_rows[low:high]) for k, (low, high) in enumerate(zip(begin, begin[1:]))
            if low < high]


def kernel_map(source: Lattice, target: Lattice, kernel: Kernel) -> KernelMap:
    """in = out + offset * dilation * the source's tensor stride."""
    require(source.dimension == target.dimension == len(kernel.size),
            f"kernel_map: expected lattices of {len(kernel.size)} axes, got {source.dimension} and {target.dimension}")
    if source.is_plain and target.is_plain:
        made = _by_engine(source, target, kernel)
        if made is not None:
            return made
    return _by_lookup(source, target, kernel)


def _by_engine(source: Lattice, target: Lattice, kernel: Kernel) -> KernelMap | None:
    fine, coarse = source.tensor_stride, target.tensor_stride
    if not all(fine):
        return None  # MinkowskiEngine's stride 0: all offsets are the centre
    source_set = source.set_in(fine)
    if source_set is not None and all(c and c % f == 0 for f, c in zip(fine, coarse)):
        target_set = target.set_in(coarse)
        if target_set is not None:
            step = [c // f for f, c in zip(fine, coarse)]
            return forward_map(source_set, target_set, kernel.spec(step, kernel.dilation))
    ones = (1,) * source.dimension
    target_set = target.set_in(fine)
    if source_set is not None and target_set is not None:
        return forward_map(source_set, target_set, kernel.spec(ones, kernel.dilation))
    source_set, target_set = source.set_in(ones), target.set_in(ones)
    assert source_set is not None and target_set is not None
    steps = [d * f for d, f in zip(kernel.dilation, fine)]
    return forward_map(source_set, target_set, kernel.spec(ones, steps))


def _by_lookup(source: Lattice, target: Lattice, kernel: Kernel) -> KernelMap:
    """One look-up of all target rows per offset."""
    scale = np.array(kernel.dilation, np.int64) * np.array(source.tensor_stride, np.int64)
    offsets = kernel.offsets() * scale
    base = target.rows.numpy().astype(np.int64)
    parts: list[tuple[Array, Array, Array]] = []
    for k, offset in enumerate(offsets):
        asked = base.copy()
        asked[:, 1:] += offset
        found = source.find(asked)
        out_rows = np.flatnonzero(found >= 0).astype(np.int32)
        parts.append((found[out_rows], out_rows, np.full(len(out_rows), k, np.int32)))
    in_rows, out_rows, ks = (np.concatenate(column) for column in zip(*parts))
    return KernelMap.from_pairs(len(source), len(target), len(offsets), in_rows, out_rows, ks)


def stride_map(fine: Lattice, coarse: Lattice) -> StrideMap:
    """Each fine row's coarse row, floor(c / S) * S with the coarse tensor stride S. MisuseError: one is not there."""
    rows = fine.rows.numpy()
    if any(s != 1 for s in coarse.tensor_stride):
        rows = floored(rows, coarse.tensor_stride)
    found = coarse.find(rows)
    missing = int((found < 0).sum())
    require(missing == 0, f"stride_map: expected the strided rows in the output's coordinate map, {missing} are not")
    return StrideMap(torch.from_numpy(found), len(coarse))


def floored(rows: Array, stride: Stride) -> Array:
    """Rows with floor(c / S) * S; exact, where MinkowskiEngine divides in float32. S = 0: 0."""
    step = np.array(stride, np.int32)
    result = rows.copy()
    result[:, 1:] = 0 if not all(stride) else rows[:, 1:] // step * step
    return result


def reached(source: Lattice, unit: Stride, kernel: Kernel, steps: Stride) -> Array | None:
    """The rows in + offset * dilation * unit (M,1+D), by the engine; None: it cannot. `steps`: tensor stride / unit."""
    lattice_set = source.set_in(source.tensor_stride) if source.is_plain and len(source) else None
    if lattice_set is None:
        return None
    support = transposed_support(lattice_set, kernel.spec(steps, kernel.dilation))
    return unpacked(support.rows, unit)


def unpacked(rows: Array, unit: Stride) -> Array:
    """(N,1+D) of the engine's (N,4), times `unit`."""
    dimension = len(unit)
    result = np.empty((len(rows), 1 + dimension), np.int32)
    result[:, 0] = rows[:, 0]
    result[:, 1:] = rows[:, dimension:0:-1] * np.array(unit, np.int32)
    return result
