"""torchsparse.utils.quantize: points to cells."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["sparse_quantize"]


def sparse_quantize(
    coords: np.ndarray[Any, Any], voxel_size: float | tuple[float, ...] = 1, *, return_index: bool = False,
    return_inverse: bool = False,
) -> np.ndarray[Any, Any] | list[np.ndarray[Any, Any]]:  # fmt: skip
    """The cells floor(coords / voxel_size) (M, 3) int32 that have a point, in ascending order.

    return_index: and the first point of each; return_inverse: and the cell of each point (int64). A list then.
    AssertionError: a voxel size that is neither a number nor a tuple of three.
    """
    sizes = (voxel_size,) * 3 if isinstance(voxel_size, (float, int)) else voxel_size
    if not (isinstance(sizes, tuple) and len(sizes) == 3):
        raise AssertionError(f"torchsparse: voxel_size: expected a number or a tuple of three, got {voxel_size!r}")
    cells = np.floor(np.asarray(coords) / np.array(sizes)).astype(np.int32)
    _, index, inverse = np.unique(_keys(cells), return_index=True, return_inverse=True)
    wanted = [cells[index]] + [index] * return_index + [inverse.reshape(-1)] * return_inverse
    return wanted[0] if len(wanted) == 1 else wanted


def _keys(cells: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Numbers in the cells' ascending order. ValueError: cells too far apart for 64 bits."""
    if not len(cells):
        return np.zeros(0, np.int64)
    low, high = cells.min(axis=0).astype(np.int64), cells.max(axis=0).astype(np.int64)
    extents = [int(extent) for extent in high - low + 1]
    if np.prod(np.array(extents, dtype=object)) >= 2**63:
        raise ValueError(f"torchsparse: sparse_quantize: cells from {low.tolist()} to {high.tolist()} are too far apart")
    return np.ravel_multi_index(tuple((cells - low).T), extents)
