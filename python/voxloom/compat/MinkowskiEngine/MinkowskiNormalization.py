"""Norms: over all rows, and over the rows of each batch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn as nn

from . import _rows
from ._types import CoordinateMapKey, PoolingMode, require
from .MinkowskiCommon import MinkowskiModuleBase
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiSparseTensor import SparseTensor
from .MinkowskiTensorField import TensorField, like


class MinkowskiBatchNorm(nn.Module):
    """torch.nn.BatchNorm1d over all rows, as `bn`."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True):
        super().__init__()
        self.bn: nn.modules.batchnorm._BatchNorm = nn.BatchNorm1d(
            num_features, eps=eps, momentum=momentum, affine=affine,  # type: ignore[arg-type, unused-ignore]
            track_running_stats=track_running_stats)

    def forward(self, input: SparseTensor | TensorField) -> Any:
        return like(input, _rows.batch_norm(self.bn, input.F))

    def __repr__(self) -> str:
        bn = self.bn
        return (f"{type(self).__name__}({bn.num_features}, eps={bn.eps}, momentum={bn.momentum}, affine={bn.affine}, "
                f"track_running_stats={bn.track_running_stats})")


class MinkowskiSyncBatchNorm(MinkowskiBatchNorm):
    """torch.nn.SyncBatchNorm, as `bn`, in one process. Over several it is evaluated, but trains on CUDA alone."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, process_group: Any = None):
        nn.Module.__init__(self)
        self.bn = nn.SyncBatchNorm(num_features, eps=eps, momentum=momentum or 0.0, affine=affine,
                                   track_running_stats=track_running_stats, process_group=process_group)

    def forward(self, input: SparseTensor | TensorField) -> Any:
        bn = self.bn
        is_own = bn.training or bn.running_mean is None
        is_one = not torch.distributed.is_available() or not torch.distributed.is_initialized()
        require(not is_own or is_one or torch.distributed.get_world_size(bn.process_group) == 1,  # type: ignore
                "MinkowskiSyncBatchNorm: torch's SyncBatchNorm trains over several processes on CUDA alone; "
                "use MinkowskiBatchNorm")
        return like(input, _of_one_process(bn, input.F))

    @classmethod
    def convert_sync_batchnorm(cls, module: nn.Module, process_group: Any = None) -> nn.Module:
        """The module with each MinkowskiBatchNorm in it replaced, parameters and statistics kept."""
        result = module
        if isinstance(module, MinkowskiBatchNorm):
            bn = module.bn
            result = MinkowskiSyncBatchNorm(bn.num_features, bn.eps, bn.momentum, bn.affine, bn.track_running_stats,
                                            process_group)
            if bn.affine:
                result.bn.weight, result.bn.bias = bn.weight, bn.bias
            result.bn.running_mean, result.bn.running_var = bn.running_mean, bn.running_var
            result.bn.num_batches_tracked = bn.num_batches_tracked
            return result
        for name, child in module.named_children():
            result.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return result


def _of_one_process(bn: nn.modules.batchnorm._BatchNorm, x: torch.Tensor) -> torch.Tensor:
    """What SyncBatchNorm works out where there is one process."""
    if bn.training and bn.track_running_stats and bn.num_batches_tracked is not None:
        bn.num_batches_tracked.add_(1)
    is_kept = not bn.training or bn.track_running_stats
    is_own = bn.training or bn.running_mean is None
    return nn.functional.batch_norm(x, bn.running_mean if is_kept else None, bn.running_var if is_kept else None,
                                    bn.weight, bn.bias, is_own, bn.momentum or 0.0, bn.eps)


def _normalized(x: torch.Tensor, key: CoordinateMapKey, manager: CoordinateManager, eps: float) -> torch.Tensor:
    """(x - mean) / sqrt(variance + eps), both over the rows of each batch."""
    maps = manager._manager
    segments, count = maps.batch_rows(key), maps.origin_map_size()
    centred = x - _rows.take(_rows.reduce(x, segments, count, "mean"), segments)
    variance = _rows.reduce(torch.square(centred), segments, count, "mean")
    return centred * _rows.take(torch.rsqrt(torch.add(variance, eps)), segments)


class MinkowskiInstanceNormFunction:
    """apply: rows less their batch's mean, over its deviation (1e-8 is added to the variance)."""

    @staticmethod
    def apply(in_feat: torch.Tensor, in_coords_key: CoordinateMapKey, glob_coords_key: CoordinateMapKey | None = None,
              coords_manager: CoordinateManager | None = None,
              gpooling_mode: PoolingMode = PoolingMode.GLOBAL_AVG_POOLING_KERNEL) -> torch.Tensor:
        maps = coords_manager._manager  # type: ignore[union-attr]
        if glob_coords_key is not None and not glob_coords_key.is_key_set():
            glob_coords_key.set_key(maps.origin().key)
        return _normalized(in_feat, in_coords_key, coords_manager, 1e-8)  # type: ignore[arg-type]


class MinkowskiInstanceNorm(MinkowskiModuleBase):
    """Each batch by itself; weight and bias (1, C)."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features
        self.weight = nn.Parameter(torch.ones(1, num_features))
        self.bias = nn.Parameter(torch.zeros(1, num_features))
        self.inst_norm = MinkowskiInstanceNormFunction()

    def reset_parameters(self) -> None:
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, input: SparseTensor) -> SparseTensor:
        require(isinstance(input, SparseTensor), f"expected a SparseTensor, got {type(input).__name__}")
        normal = self.inst_norm.apply(input.F, input.coordinate_map_key, None, input._manager)
        return input._with(normal * self.weight + self.bias)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(nchannels={self.num_features})"


class MinkowskiStableInstanceNorm(MinkowskiModuleBase):
    """MinkowskiInstanceNorm with 1e-6 added to the variance."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features
        self.eps = 1e-6
        self.weight = nn.Parameter(torch.ones(1, num_features))
        self.bias = nn.Parameter(torch.zeros(1, num_features))

    def reset_parameters(self) -> None:
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: SparseTensor) -> SparseTensor:
        normal = _normalized(x.F, x.coordinate_map_key, x._manager, self.eps)
        return x._with(normal * self.weight + self.bias)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(nchannels={self.num_features})"
