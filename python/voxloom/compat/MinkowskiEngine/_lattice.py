"""The rows of one coordinate map, of any dimension, and the coordinate sets of the engine that they make.

MinkowskiEngine numbers a kernel's offsets with the first axis fastest, the engine with the last: the engine's sets are
made of the columns in reverse order, so that weights are taken as they lie. Coordinates are multiples of the tensor
stride; the sets hold them divided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..._core import CoordinateSet, merge_rows
from ._types import Array, require

Stride = tuple[int, ...]
_INT32 = np.iinfo(np.int32)


def triple(values: Sequence[int], rest: int = 1) -> tuple[int, int, int]:
    """Numbers along up to three axes in the engine's order; `rest` along the axes that are not there."""
    padded = [*reversed(values), rest, rest]
    return padded[0], padded[1], padded[2]


def columns(batch: Array, spatial: Array) -> Array:
    """(N,4) int32 of the engine: batch, then up to three columns in reverse order, then zeros."""
    packed = np.zeros((len(batch), 4), np.int32)
    packed[:, 0] = batch
    packed[:, 1 : 1 + spatial.shape[1]] = spatial[:, ::-1]
    return packed


class Folding:
    """Batch and all axes before the last three as one number, for rows that the engine's four columns cannot hold."""

    def __init__(self, leading: Array):
        wide = leading.astype(np.int64)
        self._low = wide.min(0) if len(wide) else np.zeros(wide.shape[1], np.int64)
        extent = (wide.max(0) if len(wide) else self._low) - self._low + 1
        self._extent = extent
        weights = [1]
        for size in reversed(extent[1:].tolist()):
            weights.insert(0, weights[0] * size)
        require(weights[0] * int(extent[0]) < 2**63, "coordinates: the extents of the leading axes should multiply "
                f"to less than 2^63, got {extent.tolist()}")
        self._weights = np.array(weights, np.int64)
        self._known = np.unique((wide - self._low) @ self._weights)

    def __call__(self, leading: Array) -> tuple[Array, Array]:
        """(number, is known) of each."""
        offset = leading.astype(np.int64) - self._low
        known: Array = np.all((offset >= 0) & (offset < self._extent), axis=1)
        keys = np.where(known[:, None], offset, 0) @ self._weights
        if not len(self._known):
            return np.zeros(len(keys), np.int32), np.zeros(len(keys), bool)
        numbers = np.minimum(np.searchsorted(self._known, keys), len(self._known) - 1)
        return numbers.astype(np.int32), known & (self._known[numbers] == keys)


class Lattice:
    """The rows (N,1+D) int32 of a coordinate map, each once, with its tensor stride."""

    def __init__(self, rows: torch.Tensor, tensor_stride: Stride):
        self.rows = rows
        self.tensor_stride = tensor_stride
        self._array = rows.numpy()
        self._sets: dict[Stride, CoordinateSet | None] = {}
        leading = self._array.shape[1] - 3
        self._leading = max(leading, 1)
        is_folded = leading > 1 or (len(rows) > 0 and int(self._array[:, 0].min()) < 0)
        self._folding = Folding(self._array[:, : self._leading]) if is_folded else None

    def __reduce__(self) -> Any:
        return Lattice, (self.rows, self.tensor_stride)  # sets are made again

    def __len__(self) -> int:
        return len(self._array)

    @property
    def dimension(self) -> int:
        return self._array.shape[1] - 1

    @property
    def is_plain(self) -> bool:
        """The engine's columns hold the rows as they are."""
        return self._folding is None

    def is_distinct(self) -> bool:
        """No row is there twice. What else asks for a set of rows that come from outside asks after this."""
        try:
            if self._make(self.tensor_stride, trusted=False) is None:
                self._make((1,) * self.dimension, trusted=False)
        except ValueError:
            return False
        return True

    def put(self, unit: Stride, lattice_set: CoordinateSet) -> None:
        """The set that the rows make, divided by `unit`, where the caller has it."""
        self._sets[unit] = lattice_set

    def set_in(self, unit: Stride) -> CoordinateSet | None:
        """The set of the rows divided by `unit`; None where they are no multiples of it."""
        return self._sets[unit] if unit in self._sets else self._make(unit, trusted=True)

    def _make(self, unit: Stride, trusted: bool) -> CoordinateSet | None:
        made = self._divided(unit)
        self._sets[unit] = made if made is None else CoordinateSet(made, triple(unit[-3:]), trusted=trusted, copy=False)
        return self._sets[unit]

    def _divided(self, unit: Stride) -> Array | None:
        if not all(unit):
            return None
        batch, spatial = self._array[:, 0], self._array[:, 1:]
        if any(u != 1 for u in unit):
            divisor = np.array(unit, np.int32)
            if (spatial % divisor).any():
                return None
            spatial = spatial // divisor
        if self._folding is not None:
            batch, spatial = self._folding(self._array[:, : self._leading])[0], spatial[:, -3:]
        return columns(batch, spatial)

    @property
    def unit(self) -> Stride:
        """What the rows are multiples of: the tensor stride, or 1."""
        if self.set_in(self.tensor_stride) is not None:
            return self.tensor_stride
        return (1,) * self.dimension

    def find(self, asked: Array) -> Array:
        """(M,) int32 rows of the coordinates asked (M,1+D) of any integer type; -1: none."""
        unit = self.unit
        lattice_set = self.set_in(unit)
        assert lattice_set is not None
        batch, spatial = asked[:, 0], asked[:, 1:]
        is_in: Array = np.ones(len(asked), bool)
        if asked.dtype != np.int32:
            is_in = np.all((asked >= _INT32.min) & (asked <= _INT32.max), axis=1)
        if any(u != 1 for u in unit):
            divisor = np.array(unit, asked.dtype)
            is_in &= ~(spatial % divisor).any(1)
            spatial = spatial // divisor
        if self._folding is not None:
            batch, is_known = self._folding(asked[:, : self._leading])
            is_in, spatial = is_in & is_known, spatial[:, -3:]
        found = np.full(len(asked), -1, np.int32)
        if is_in.any():
            found[is_in] = lattice_set.find(columns(batch[is_in], spatial[is_in]))
        return found


def first_of_each(rows: Array) -> tuple[Array, Array]:
    """(first, inverse) int64 of rows (N,1+D) int32 that may repeat.

    rows[first] are the distinct rows in the order in which they first appear, rows[first][inverse] are the rows.
    """
    if len(rows) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    leading = max(rows.shape[1] - 3, 1)
    if rows.shape[1] > 4 or int(rows[:, 0].min()) < 0:
        packed = columns(Folding(rows[:, :leading])(rows[:, :leading])[0], rows[:, leading:])
    else:
        packed = columns(rows[:, 0], rows[:, 1:])
    merged, place = merge_rows(packed)
    count = merged.size
    first = np.empty(count, np.int64)
    first[place[::-1]] = np.arange(len(rows) - 1, -1, -1)  # the last assignment stands: the first row
    order = np.argsort(first, kind="stable")
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return first[order], rank[place]


def first_of_points(points: Array) -> tuple[Array, Array]:
    """first_of_each for rows (N,D) int32 whose first column is no batch."""
    if points.shape[1] <= 3:
        points = np.concatenate([np.zeros((len(points), 1), np.int32), points], 1)
    return first_of_each(points)
