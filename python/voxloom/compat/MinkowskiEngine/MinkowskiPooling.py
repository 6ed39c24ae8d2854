"""Pools: over a kernel, up again, over each batch, and over entries that the caller gives."""

from __future__ import annotations

from typing import Any

import torch

from ... import _tracing
from . import _rows
from ._kernel_maps import StrideMap
from ._lattice import triple
from ._types import CoordinateMapKey, PoolingMode, require
from .MinkowskiCommon import MinkowskiModuleBase, StrideType
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiKernelGenerator import KernelGenerator
from .MinkowskiSparseTensor import SparseTensor, _get_coordinate_map_key
from .MinkowskiTensorField import TensorField

_LOCAL = {PoolingMode.LOCAL_SUM_POOLING: "sum", PoolingMode.LOCAL_AVG_POOLING: "avg",
          PoolingMode.LOCAL_MAX_POOLING: "max"}


def _local(features: torch.Tensor, mode: PoolingMode, generator: KernelGenerator, in_key: CoordinateMapKey,
           out_key: CoordinateMapKey | None, manager: CoordinateManager, is_transpose: bool) -> torch.Tensor:
    maps, shape = manager._manager, generator.kernel
    require(features.ndim == 2 and len(features) == maps.size(in_key),
            f"pooling: expected {maps.size(in_key)} rows of features as the map {in_key} has, got {len(features)}")
    require(mode in _LOCAL, f"pooling: expected a local pooling mode, got {mode!s}")
    if out_key is None:
        out_key = CoordinateMapKey(in_key.get_coordinate_size())
    if not out_key.is_key_set():
        made = (maps.expand(in_key, shape, True, generator.expand_coordinates) if is_transpose
                else maps.stride(in_key, shape.stride))
        out_key.set_key(made.key)
    mapping = maps.mapping(in_key, out_key, shape, is_transpose, True)
    # MinkowskiEngine's unpooling adds up, whatever its mode says.
    pooled = _rows.pool(features, mapping, "sum" if is_transpose else _LOCAL[mode])
    if _tracing.current is not None and isinstance(mapping, StrideMap):
        target = maps.lattice(out_key)
        _tracing.current.cells(features, pooled, target.set_in(target.tensor_stride), triple(shape.stride),
                               _LOCAL[mode], is_transpose)
    return pooled


class MinkowskiLocalPoolingFunction:
    """apply: the features of a pool; out_coordinate_map_key, where it is not set, becomes the output's."""

    @staticmethod
    def apply(input_features: torch.Tensor, pooling_mode: PoolingMode, kernel_generator: KernelGenerator,
              in_coordinate_map_key: CoordinateMapKey, out_coordinate_map_key: CoordinateMapKey | None = None,
              coordinate_manager: CoordinateManager | None = None) -> torch.Tensor:
        return _local(input_features, pooling_mode, kernel_generator, in_coordinate_map_key, out_coordinate_map_key,
                      coordinate_manager, False)  # type: ignore[arg-type]


class MinkowskiLocalPoolingTransposeFunction:
    """apply: the features of an unpooling, the sum of the rows that reach each output."""

    @staticmethod
    def apply(input_features: torch.Tensor, pooling_mode: PoolingMode, kernel_generator: KernelGenerator,
              in_coordinate_map_key: CoordinateMapKey, out_coordinate_map_key: CoordinateMapKey | None = None,
              coordinate_manager: CoordinateManager | None = None) -> torch.Tensor:
        return _local(input_features, pooling_mode, kernel_generator, in_coordinate_map_key, out_coordinate_map_key,
                      coordinate_manager, True)  # type: ignore[arg-type]


class MinkowskiPoolingBase(MinkowskiModuleBase):
    """A pool over a kernel. Where kernel_size equals stride: over the rows of each strided cell, whatever the region."""

    def __init__(self, kernel_size: StrideType, stride: StrideType = 1, dilation: StrideType = 1,
                 kernel_generator: KernelGenerator | None = None, is_transpose: bool = False,
                 pooling_mode: PoolingMode = PoolingMode.LOCAL_AVG_POOLING, dimension: int | None = -1):
        super().__init__()
        require(dimension is not None and dimension > 0,
                f"Invalid dimension. Please provide a valid dimension argument. dimension={dimension}")
        if kernel_generator is None:
            kernel_generator = KernelGenerator(kernel_size=kernel_size, stride=stride, dilation=dilation,
                                               dimension=dimension)  # type: ignore[arg-type]
        self.is_transpose = is_transpose
        self.kernel_generator = kernel_generator
        self.pooling_mode = pooling_mode
        self.dimension = dimension
        self.pooling = MinkowskiLocalPoolingTransposeFunction() if is_transpose else MinkowskiLocalPoolingFunction()

    def forward(self, input: SparseTensor,
                coordinates: torch.Tensor | CoordinateMapKey | SparseTensor | None = None) -> SparseTensor:
        """coordinates: where the output shall be; None: the strided map, or for transposes the finer one."""
        require(isinstance(input, SparseTensor), f"expected a SparseTensor, got {type(input).__name__}")
        require(input.D == self.dimension, f"expected a tensor of dimension {self.dimension}, got {input.D}")
        out_key = _get_coordinate_map_key(input, coordinates)
        features = self.pooling.apply(input.F, self.pooling_mode, self.kernel_generator, input.coordinate_map_key,
                                      out_key, input._manager)
        return SparseTensor(features, coordinate_map_key=out_key, coordinate_manager=input._manager)

    def __repr__(self) -> str:
        g = self.kernel_generator
        return (f"{type(self).__name__}(kernel_size={g.kernel_size}, stride={g.kernel_stride}, "
                f"dilation={g.kernel_dilation})")


class MinkowskiAvgPooling(MinkowskiPoolingBase):
    """The mean of the rows that are there."""

    def __init__(self, kernel_size: StrideType = -1, stride: StrideType = 1, dilation: StrideType = 1,
                 kernel_generator: KernelGenerator | None = None, dimension: int | None = None):
        super().__init__(kernel_size, stride, dilation, kernel_generator, False, PoolingMode.LOCAL_AVG_POOLING,
                         dimension)


class MinkowskiSumPooling(MinkowskiPoolingBase):
    """The sum."""

    def __init__(self, kernel_size: StrideType, stride: StrideType = 1, dilation: StrideType = 1,
                 kernel_generator: KernelGenerator | None = None, dimension: int | None = None):
        super().__init__(kernel_size, stride, dilation, kernel_generator, False, PoolingMode.LOCAL_SUM_POOLING,
                         dimension)


class MinkowskiMaxPooling(MinkowskiPoolingBase):
    """The largest of each channel."""

    def __init__(self, kernel_size: StrideType, stride: StrideType = 1, dilation: StrideType = 1,
                 kernel_generator: KernelGenerator | None = None, dimension: int | None = None):
        super().__init__(kernel_size, stride, dilation, kernel_generator, False, PoolingMode.LOCAL_MAX_POOLING,
                         dimension)


class MinkowskiPoolingTranspose(MinkowskiPoolingBase):
    """Rows handed to the finer map, added up where several reach a row."""

    def __init__(self, kernel_size: StrideType, stride: StrideType, dilation: StrideType = 1,
                 kernel_generator: KernelGenerator | None = None, expand_coordinates: bool = False,
                 dimension: int | None = None):
        if kernel_generator is None:
            require(dimension is not None and dimension > 0,
                    f"Invalid dimension. Please provide a valid dimension argument. dimension={dimension}")
            kernel_generator = KernelGenerator(kernel_size=kernel_size, stride=stride, dilation=dilation,
                                               expand_coordinates=expand_coordinates, dimension=dimension)  # type: ignore
        super().__init__(kernel_size, stride, dilation, kernel_generator, True, dimension=dimension)


# --- over each batch ---


def _global(features: torch.Tensor, mode: PoolingMode, in_key: CoordinateMapKey, out_key: CoordinateMapKey | None,
            manager: CoordinateManager, is_field: bool) -> torch.Tensor:
    maps = manager._manager
    require(mode not in _LOCAL and isinstance(mode, PoolingMode),
            f"pooling: expected a global pooling mode, got {mode!s}")
    reduction = "sum" if "SUM" in mode.name else "mean" if "AVG" in mode.name else "max"
    origin = maps.origin_field() if is_field else maps.origin()
    if out_key is not None and not out_key.is_key_set():
        out_key.set_key(origin.key)
    segments = maps.batch_rows(in_key, is_field)
    require(len(features) == len(segments),
            f"pooling: expected {len(segments)} rows of features as the map {in_key} has, got {len(features)}")
    pooled = _rows.reduce(features, segments, maps.size(origin), reduction)
    if _tracing.current is not None and not is_field:
        _tracing.current.whole(features, pooled, "avg" if reduction == "mean" else reduction)
    return pooled


class MinkowskiGlobalPoolingFunction:
    """apply: one row of features for each batch."""

    @staticmethod
    def apply(input_features: torch.Tensor, pooling_mode: PoolingMode, in_coordinate_map_key: CoordinateMapKey,
              out_coordinate_map_key: CoordinateMapKey | None = None,
              coordinate_manager: CoordinateManager | None = None) -> torch.Tensor:
        maps = coordinate_manager._manager  # type: ignore[union-attr]
        is_field = not maps.exists(in_coordinate_map_key) and maps.exists_field(in_coordinate_map_key)
        return _global(input_features, pooling_mode, in_coordinate_map_key, out_coordinate_map_key,
                       coordinate_manager, is_field)  # type: ignore[arg-type]


class MinkowskiGlobalPooling(MinkowskiModuleBase):
    """One row for each batch, ascending, at the origin; the modes' endings (_DEFAULT, ...) are of no effect."""

    def __init__(self, mode: PoolingMode = PoolingMode.GLOBAL_AVG_POOLING_PYTORCH_INDEX):
        super().__init__()
        require(isinstance(mode, PoolingMode), f"Mode must be an instance of PoolingMode. mode={mode}")
        self.pooling_mode = mode
        self.pooling = MinkowskiGlobalPoolingFunction()

    def forward(self, input: SparseTensor | TensorField, coordinates: Any = None) -> SparseTensor:
        is_field = isinstance(input, TensorField)
        out_key = (CoordinateMapKey(input.D + 1) if is_field
                   else _get_coordinate_map_key(input, coordinates))  # type: ignore[arg-type]
        features = _global(input.F, self.pooling_mode, input.coordinate_key, out_key, input._manager, is_field)
        return SparseTensor(features, coordinate_map_key=out_key, coordinate_manager=input._manager)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mode={self.pooling_mode!s})"


class MinkowskiGlobalSumPooling(MinkowskiGlobalPooling):
    def __init__(self, mode: PoolingMode = PoolingMode.GLOBAL_SUM_POOLING_PYTORCH_INDEX):
        super().__init__(mode)


class MinkowskiGlobalAvgPooling(MinkowskiGlobalPooling):
    def __init__(self, mode: PoolingMode = PoolingMode.GLOBAL_AVG_POOLING_PYTORCH_INDEX):
        super().__init__(mode)


class MinkowskiGlobalMaxPooling(MinkowskiGlobalPooling):
    def __init__(self, mode: PoolingMode = PoolingMode.GLOBAL_MAX_POOLING_PYTORCH_INDEX):
        super().__init__(mode)


class MinkowskiDirectMaxPoolingFunction:
    """apply: the largest of each channel over entries (in_map, out_map), which the caller gives."""

    @staticmethod
    def apply(in_map: torch.Tensor, out_map: torch.Tensor, in_feat: torch.Tensor, out_nrows: int,
              is_sorted: bool = False) -> torch.Tensor:
        return _rows.reduce(_rows.take(in_feat, in_map.int()), out_map.int(), out_nrows, "max")
