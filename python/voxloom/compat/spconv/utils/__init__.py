"""Names of spconv.utils: the CPU's voxel generators, over cumm.tensorview tensors; boxes are refused."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, ClassVar

import numpy as np

from .._cumm import tensorview as tv
from .._voxels import Grid

__all__ = ["Point2VoxelCPU1d", "Point2VoxelCPU2d", "Point2VoxelCPU3d", "Point2VoxelCPU4d", "nullcontext"]


class _Point2VoxelCPU:
    """As pytorch.utils.PointToVoxel, over tensorview tensors, which share this object's buffers."""

    _axes: ClassVar[int]

    def __init__(
        self, vsize_xyz: list[float], coors_range_xyz: list[float], num_point_features: int, max_num_voxels: int,
        max_num_points_per_voxel: int,
    ) -> None:  # fmt: skip
        if len(vsize_xyz) != self._axes:
            raise TypeError(f"spconv: vsize_xyz: expected {self._axes} numbers, got {len(vsize_xyz)}")
        self._grid = Grid(vsize_xyz, coors_range_xyz)
        self.voxels = tv.zeros([max_num_voxels, max_num_points_per_voxel, num_point_features])
        self.indices = tv.zeros([max_num_voxels, self._axes], np.int32)
        self.num_per_voxel = tv.zeros([max_num_voxels], np.int32)

    @property
    def grid_size(self) -> list[int]:
        return self._grid.size.tolist()

    def point_to_voxel(self, points: tv.Tensor, clear_voxels: bool = True) -> tuple[tv.Tensor, tv.Tensor, tv.Tensor]:
        """(voxels (V, points, C), indices (V, axes) in z, y, x order, points per voxel (V,))."""
        return self._run(points, clear_voxels, False)

    def point_to_voxel_empty_mean(
        self, points: tv.Tensor, clear_voxels: bool = True
    ) -> tuple[tv.Tensor, tv.Tensor, tv.Tensor]:
        """As point_to_voxel; places without a point get the mean of their voxel."""
        return self._run(points, clear_voxels, True)

    def _run(self, points: tv.Tensor, clear: bool, mean: bool) -> tuple[tv.Tensor, tv.Tensor, tv.Tensor]:
        voxels, indices, counts = (buffer.numpy_view() for buffer in (self.voxels, self.indices, self.num_per_voxel))
        count, _ = self._grid.fill(np.asarray(points), voxels, indices, counts, clear, mean)
        return tv.Tensor(voxels[:count]), tv.Tensor(indices[:count]), tv.Tensor(counts[:count])


class Point2VoxelCPU1d(_Point2VoxelCPU):
    _axes = 1


class Point2VoxelCPU2d(_Point2VoxelCPU):
    _axes = 2


class Point2VoxelCPU3d(_Point2VoxelCPU):
    _axes = 3


class Point2VoxelCPU4d(_Point2VoxelCPU):
    _axes = 4


_REFUSED = {
    "rbbox_iou": "boxes are no part of sparse convolution (spconv's own wheel refuses it too: no Boost)",
    "rbbox_intersection": "boxes are no part of sparse convolution (spconv's own wheel refuses it too: no Boost)",
    "rbbox_iou_loss": "boxes are no part of sparse convolution (spconv's own wheel refuses it too: no Boost)",
    "rotate_non_max_suppression_cpu": "boxes are no part of sparse convolution (spconv's own wheel refuses it too: no Boost)",
    "non_max_suppression_cpu": "boxes are no part of sparse convolution; see torchvision.ops.nms",
    **{f"Point2VoxelGPU{axes}d": "it runs on CUDA; see Point2VoxelCPU" for axes in (1, 2, 3, 4)},
}


def __getattr__(name: str) -> Any:
    if name in _REFUSED:
        reason = _REFUSED[name]

        def refused(*_: Any, **__: Any) -> Any:
            raise NotImplementedError(f"voxloom.compat.spconv: utils.{name}: {reason}")

        return refused
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
