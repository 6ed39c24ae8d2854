"""Points to voxels, as spconv's generators for the CPU do it: in the order of the points, up to two limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from voxloom import _core


class Grid:
    """Cells of `vsize_xyz` in `coors_range_xyz` (least x, y, .., greatest x, y, ..). Attributes are in (z, y, x) order."""

    def __init__(self, vsize_xyz: list[float], coors_range_xyz: list[float]):
        self.axes = len(vsize_xyz)
        if len(coors_range_xyz) != 2 * self.axes:
            raise ValueError(f"spconv: coors_range_xyz: expected {2 * self.axes} numbers, got {len(coors_range_xyz)}")
        self.vsize = np.asarray(vsize_xyz, np.float32)[::-1].copy()
        low, high = np.asarray(coors_range_xyz, np.float32).reshape(2, self.axes)[:, ::-1]
        self.range = np.concatenate([low, high])
        extent = (high - low) / self.vsize
        if not (np.isfinite(extent).all() and (self.vsize > 0).all() and (extent > 0).all()):
            raise ValueError(f"spconv: expected positive voxel sizes in a range, got {vsize_xyz} in {coors_range_xyz}")
        self.size = np.floor(extent + np.float32(0.5)).astype(np.int64)  # half away from zero, as std::round
        self.stride = np.array([int(np.prod(self.size[axis + 1 :])) for axis in range(self.axes)], dtype=np.int64)

    def fill(
        self, points: np.ndarray[Any, Any], voxels: np.ndarray[Any, Any], indices: np.ndarray[Any, Any], counts: np.ndarray[Any, Any], clear: bool, mean: bool
    ) -> tuple[int, np.ndarray[Any, Any]]:
        """Fills the three buffers; (voxels filled, the voxel of each point (N,) int64, -1: none)."""
        if points.ndim != 2 or points.shape[1] != voxels.shape[2]:
            raise RuntimeError(f"spconv: expected points (N, {voxels.shape[2]}), got {points.shape}")
        counts[:] = 0
        if clear:
            voxels[:] = 0
        voxel_of_point, cells = self._voxels_of(points, limit=len(voxels))
        count = len(cells)
        indices[:count] = cells
        kept = np.nonzero(voxel_of_point >= 0)[0]
        order = kept[np.argsort(voxel_of_point[kept], kind="stable")]
        of_voxel = np.bincount(voxel_of_point[kept], minlength=count)
        place = np.arange(len(order)) - np.repeat(np.cumsum(of_voxel) - of_voxel, of_voxel)
        fits = place < voxels.shape[1]
        voxels[voxel_of_point[order[fits]], place[fits]] = points[order[fits]]
        counts[:count] = np.minimum(of_voxel, voxels.shape[1])
        if mean:
            _fill_with_means(voxels[:count], counts[:count])
        return count, voxel_of_point

    def _voxels_of(self, points: np.ndarray[Any, Any], limit: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """(the voxel of each point, -1: none; the cells of the voxels), numbered by their first points."""
        axes = self.axes
        low = self.range[:axes]
        with np.errstate(invalid="ignore"):
            position = np.floor((points[:, :axes][:, ::-1] - low) / self.vsize)
            inside = ((position >= 0) & (position < self.size)).all(axis=1)  # False for what is not a number
        which = np.nonzero(inside)[0]
        cells = position[which].astype(np.int32)
        group = self._groups(cells)
        groups = int(group.max()) + 1 if len(group) else 0
        first = np.empty(groups, np.int64)
        first[group[::-1]] = np.arange(len(group) - 1, -1, -1)
        order = np.argsort(first, kind="stable")
        rank = np.empty(groups, np.int64)
        rank[order] = np.arange(groups)
        voxel_of_point = np.full(len(points), -1, np.int64)
        voxel_of_point[which] = rank[group]
        voxel_of_point[voxel_of_point >= limit] = -1
        return voxel_of_point, cells[first[order[:limit]]]

    def _groups(self, cells: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A number for each cell, equal for equal ones, from 0 without gaps."""
        if self.axes <= 3:
            rows = np.zeros((len(cells), 4), np.int32)
            rows[:, 1 : 1 + self.axes] = cells
            return np.asarray(_core.merge_rows(rows)[1], dtype=np.int64)
        return np.unique(cells.astype(np.int64) @ self.stride, return_inverse=True)[1].reshape(-1)


def _fill_with_means(voxels: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> None:
    """Empty places get the mean of their voxel's points."""
    used = np.arange(voxels.shape[1]) < counts[:, None]
    means = (voxels * used[..., None]).sum(axis=1) / np.maximum(counts, 1)[:, None]
    empty = np.nonzero(~used & (counts > 0)[:, None])
    voxels[empty] = means[empty[0]]
