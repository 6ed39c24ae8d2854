"""Points to voxels, in torch."""

from __future__ import annotations

import torch

from .._voxels import Grid

__all__ = ["PointToVoxel", "gather_features_by_pc_voxel_id"]


class PointToVoxel:
    """The points (N, C) of each voxel, x, y, z first: at most so many voxels, at most so many points in each.

    Voxels come in the order of their first points, their indices are (z, y, x) without a batch. The buffers `voxels`,
    `indices` and `num_per_voxel` are used again by the next call; what a call gives back are copies.
    """

    def __init__(
        self, vsize_xyz: list[float], coors_range_xyz: list[float], num_point_features: int, max_num_voxels: int,
        max_num_points_per_voxel: int, device: torch.device = torch.device("cpu:0"),  # noqa: B008, spconv's default
    ) -> None:  # fmt: skip
        self.device = torch.device(device)
        if self.device.type != "cpu":
            raise NotImplementedError(f"voxloom.compat.spconv: PointToVoxel computes on the CPU, not on {device}")
        self._grid = Grid(vsize_xyz, coors_range_xyz)
        self.ndim = self._grid.axes
        self.vsize, self.grid_size = self._grid.vsize.tolist(), self._grid.size.tolist()
        self.grid_stride, self.coors_range = self._grid.stride.tolist(), self._grid.range.tolist()
        self.num_point_features = num_point_features
        self.max_num_voxels, self.max_num_points_per_voxel = max_num_voxels, max_num_points_per_voxel
        self.voxels = torch.zeros([max_num_voxels, max_num_points_per_voxel, num_point_features])
        self.indices = torch.zeros([max_num_voxels, self.ndim], dtype=torch.int32)
        self.num_per_voxel = torch.zeros([max_num_voxels], dtype=torch.int32)

    def __call__(
        self, pc: torch.Tensor, clear_voxels: bool = True, empty_mean: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(voxels (V, points, C), indices (V, axes), points per voxel (V,)).

        clear_voxels False: places without a point keep what they had. empty_mean: they get the mean of their voxel.
        """
        voxels, indices, counts, _ = self.generate_voxel_with_id(pc, clear_voxels, empty_mean)
        return voxels, indices, counts

    def generate_voxel_with_id(
        self, pc: torch.Tensor, clear_voxels: bool = True, empty_mean: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """As a call, and the voxel of each point (N,) int64; -1: outside, or beyond the last voxel."""
        if pc.device.type != "cpu":
            raise NotImplementedError(f"voxloom.compat.spconv: PointToVoxel computes on the CPU; pc is on {pc.device}")
        buffers = (self.voxels.numpy(), self.indices.numpy(), self.num_per_voxel.numpy())
        count, voxel_of_point = self._grid.fill(pc.detach().numpy(), *buffers, clear_voxels, empty_mean)
        filled = (buffer[:count].clone() for buffer in (self.voxels, self.indices, self.num_per_voxel))
        return (*filled, torch.from_numpy(voxel_of_point))  # type: ignore[return-value]


def gather_features_by_pc_voxel_id(
    seg_res_features: torch.Tensor, pc_voxel_id: torch.Tensor, invalid_value: int | float = 0
) -> torch.Tensor:
    """The voxel's row for each point; `invalid_value` where its voxel is -1."""
    ids = pc_voxel_id.to(seg_res_features.device)
    known = ids != -1
    shape = (len(ids), *seg_res_features.shape[1:])
    gathered = seg_res_features.new_full(shape, invalid_value)
    gathered[known] = seg_res_features[ids[known]]
    return gathered
