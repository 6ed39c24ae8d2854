"""Convolutions and their transposes."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import Parameter

from . import _rows
from ._types import ConvolutionMode, CoordinateMapKey, RegionType, require
from .MinkowskiCommon import MinkowskiModuleBase, StrideType
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiKernelGenerator import KernelGenerator
from .MinkowskiSparseTensor import SparseTensor, _get_coordinate_map_key


def _convolve(features: torch.Tensor, kernel: torch.Tensor, generator: KernelGenerator, in_key: CoordinateMapKey,
              out_key: CoordinateMapKey | None, manager: CoordinateManager, is_transpose: bool,
              bias: torch.Tensor | None = None) -> torch.Tensor:
    """The output's rows; out_key is set where it was not."""
    maps = manager._manager
    require(features.ndim == 2 and len(features) == maps.size(in_key),
            f"convolution: expected {maps.size(in_key)} rows of features as the map {in_key} has, got {len(features)}")
    require(kernel.ndim == 3 and features.shape[1] == kernel.shape[1],
            f"convolution: expected a kernel (K, {features.shape[1]}, C_out), got {tuple(kernel.shape)}")
    if out_key is None:
        out_key = CoordinateMapKey(in_key.get_coordinate_size())
    shape = generator.kernel
    if not out_key.is_key_set():
        if is_transpose or generator.expand_coordinates:
            made = maps.expand(in_key, shape, is_transpose, generator.expand_coordinates)
        else:
            made = maps.stride(in_key, shape.stride)
        out_key.set_key(made.key)
    mapping = maps.mapping(in_key, out_key, shape, is_transpose, False)
    return _rows.conv(features, kernel, mapping, bias)  # type: ignore[arg-type]


class MinkowskiConvolutionFunction:
    """apply: the features of a convolution; out_coordinate_map_key, where it is not set, becomes the output's."""

    @staticmethod
    def apply(input_features: torch.Tensor, kernel_weights: torch.Tensor, kernel_generator: KernelGenerator,
              convolution_mode: ConvolutionMode, in_coordinate_map_key: CoordinateMapKey,
              out_coordinate_map_key: CoordinateMapKey | None = None,
              coordinate_manager: CoordinateManager | None = None) -> torch.Tensor:
        return _convolve(input_features, kernel_weights, kernel_generator, in_coordinate_map_key,
                         out_coordinate_map_key, coordinate_manager, False)  # type: ignore[arg-type]


class MinkowskiConvolutionTransposeFunction:
    """apply: the features of a transposed convolution."""

    @staticmethod
    def apply(input_features: torch.Tensor, kernel_weights: torch.Tensor, kernel_generator: KernelGenerator,
              convolution_mode: ConvolutionMode, in_coordinate_map_key: CoordinateMapKey,
              out_coordinate_map_key: CoordinateMapKey | None = None,
              coordinate_manager: CoordinateManager | None = None) -> torch.Tensor:
        return _convolve(input_features, kernel_weights, kernel_generator, in_coordinate_map_key,
                         out_coordinate_map_key, coordinate_manager, True)  # type: ignore[arg-type]


class MinkowskiConvolutionBase(MinkowskiModuleBase):
    """kernel (K, C_in, C_out), or (C_in, C_out) for one offset and stride 1; bias (1, C_out) or None."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: StrideType = -1, stride: StrideType = 1,
                 dilation: StrideType = 1, bias: bool = False, kernel_generator: KernelGenerator | None = None,
                 is_transpose: bool = False, expand_coordinates: bool = False,
                 convolution_mode: ConvolutionMode = ConvolutionMode.DEFAULT, dimension: int | None = -1):
        super().__init__()
        require(dimension is not None and dimension > 0,
                f"Invalid dimension. Please provide a valid dimension argument. dimension={dimension}")
        if kernel_generator is None:
            kernel_generator = KernelGenerator(kernel_size=kernel_size, stride=stride, dilation=dilation,
                                               expand_coordinates=expand_coordinates, dimension=dimension)  # type: ignore
        else:
            kernel_generator.expand_coordinates = expand_coordinates
        self.is_transpose = is_transpose
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_generator = kernel_generator
        self.dimension = dimension
        volume = kernel_generator.kernel_volume
        self.use_mm = volume == 1 and kernel_generator.requires_strided_coordinates
        shape = (in_channels, out_channels) if self.use_mm else (volume, in_channels, out_channels)
        self.kernel = Parameter(torch.empty(*shape))
        self.bias = Parameter(torch.empty(1, out_channels)) if bias else None
        self.convolution_mode = convolution_mode
        self.conv = MinkowskiConvolutionTransposeFunction() if is_transpose else MinkowskiConvolutionFunction()

    def forward(self, input: SparseTensor,
                coordinates: torch.Tensor | CoordinateMapKey | SparseTensor | None = None) -> SparseTensor:
        """coordinates: where the output shall be; None: the strided map, or what the layer reaches."""
        require(isinstance(input, SparseTensor), f"expected a SparseTensor, got {type(input).__name__}")
        require(input.D == self.dimension, f"expected a tensor of dimension {self.dimension}, got {input.D}")
        if self.use_mm:
            out_key = input.coordinate_map_key
            features = _rows.conv(input.F, self.kernel.unsqueeze(0), None, self.bias)
        else:
            # MinkowskiEngine hands expand_coordinates on as the tensor stride of coordinates that come as a tensor.
            out_key = _get_coordinate_map_key(input, coordinates, self.kernel_generator.expand_coordinates)
            features = _convolve(input.F, self.kernel, self.kernel_generator, input.coordinate_map_key, out_key,
                                 input._manager, self.is_transpose, self.bias)
        return SparseTensor(features, coordinate_map_key=out_key, coordinate_manager=input._manager)

    def reset_parameters(self, is_transpose: bool = False) -> None:
        """Uniform within 1 / sqrt(n), n = K x C_in, for transposes K x C_out."""
        with torch.no_grad():
            n = (self.out_channels if is_transpose else self.in_channels) * self.kernel_generator.kernel_volume
            bound = 1.0 / math.sqrt(n)
            self.kernel.uniform_(-bound, bound)
            if self.bias is not None:
                self.bias.uniform_(-bound, bound)

    def __repr__(self) -> str:
        g = self.kernel_generator
        shape = (f"region_type={g.region_type}, kernel_volume={g.kernel_volume}" if g.region_type == RegionType.CUSTOM
                 else f"kernel_size={g.kernel_size}")
        return (f"{type(self).__name__}(in={self.in_channels}, out={self.out_channels}, {shape}, "
                f"stride={g.kernel_stride}, dilation={g.kernel_dilation})")


class MinkowskiConvolution(MinkowskiConvolutionBase):
    """y[u] = sum over offsets i of x[u + i dilation tensor_stride] W_i, on the strided map.

    expand_coordinates: on everything that the kernel reaches. Odd kernel sizes are centred, even ones start at 0.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: StrideType = -1, stride: StrideType = 1,
                 dilation: StrideType = 1, bias: bool = False, kernel_generator: KernelGenerator | None = None,
                 expand_coordinates: bool = False, convolution_mode: ConvolutionMode = ConvolutionMode.DEFAULT,
                 dimension: int | None = None):
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, bias, kernel_generator, False,
                         expand_coordinates, convolution_mode, dimension)
        self.reset_parameters()


class MinkowskiConvolutionTranspose(MinkowskiConvolutionBase):
    """The transpose: onto the map of tensor stride / stride that is there, else onto what the kernel reaches."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: StrideType = -1, stride: StrideType = 1,
                 dilation: StrideType = 1, bias: bool = False, kernel_generator: KernelGenerator | None = None,
                 expand_coordinates: bool = False, convolution_mode: ConvolutionMode = ConvolutionMode.DEFAULT,
                 dimension: int | None = None):
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, bias, kernel_generator, True,
                         expand_coordinates, convolution_mode, dimension)
        self.reset_parameters(True)


class MinkowskiGenerativeConvolutionTranspose(MinkowskiConvolutionBase):
    """The transpose onto a new map of everything that the kernel reaches."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: StrideType = -1, stride: StrideType = 1,
                 dilation: StrideType = 1, bias: bool = False, kernel_generator: KernelGenerator | None = None,
                 convolution_mode: ConvolutionMode = ConvolutionMode.DEFAULT, dimension: int | None = None):
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, bias, kernel_generator, True, True,
                         convolution_mode, dimension)
        self.reset_parameters(True)


class MinkowskiChannelwiseConvolution(MinkowskiModuleBase):
    """y[u, c] = sum over offsets i of x[u + i, c] W_i[c], on the strided map; kernel (K, C), bias (1, C) or None."""

    def __init__(self, in_channels: int, kernel_size: StrideType = -1, stride: StrideType = 1, dilation: StrideType = 1,
                 bias: bool = False, kernel_generator: KernelGenerator | None = None, dimension: int = -1):
        super().__init__()
        require(dimension is not None and dimension > 0,
                f"Invalid dimension. Please provide a valid dimension argument. dimension={dimension}")
        if kernel_generator is None:
            kernel_generator = KernelGenerator(kernel_size=kernel_size, stride=stride, dilation=dilation,
                                               dimension=dimension)
        self.kernel_generator = kernel_generator
        self.in_channels = in_channels
        self.dimension = dimension
        self.kernel_shape = (kernel_generator.kernel_volume, in_channels)
        self.kernel = Parameter(torch.empty(*self.kernel_shape))
        self.bias = Parameter(torch.empty(1, in_channels)) if bias else None
        self.reset_parameters()

    def forward(self, input: SparseTensor, coords: Any = None) -> SparseTensor:
        """coords is not looked at, as in MinkowskiEngine."""
        require(isinstance(input, SparseTensor), f"expected a SparseTensor, got {type(input).__name__}")
        require(input.D == self.dimension, f"expected a tensor of dimension {self.dimension}, got {input.D}")
        require(self.in_channels == input.shape[1], f"Channel size mismatch {self.in_channels} != {input.shape[1]}")
        maps, in_key, shape = input._manager._manager, input.coordinate_map_key, self.kernel_generator.kernel
        out_key = maps.stride(in_key, shape.stride)
        mapping = maps.mapping(in_key, out_key, shape, False, False)
        features = _rows.channelwise(input.F, self.kernel, mapping, self.bias)  # type: ignore[arg-type]
        return SparseTensor(features, coordinate_map_key=out_key, coordinate_manager=input._manager)

    def reset_parameters(self, is_transpose: bool = False) -> None:
        """Uniform within 1 / sqrt(K x C)."""
        with torch.no_grad():
            bound = 1.0 / math.sqrt(self.in_channels * self.kernel_generator.kernel_volume)
            self.kernel.uniform_(-bound, bound)
            if self.bias is not None:
                self.bias.uniform_(-bound, bound)

    def __repr__(self) -> str:
        g = self.kernel_generator
        shape = (f"kernel_volume={g.kernel_volume}" if g.region_type == RegionType.CUSTOM
                 else f"kernel_size={g.kernel_size}")
        return (f"{type(self).__name__}(in={self.in_channels}, region_type={g.region_type}, {shape}, "
                f"stride={g.kernel_stride}, dilation={g.kernel_dilation})")
