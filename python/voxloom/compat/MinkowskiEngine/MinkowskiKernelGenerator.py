"""Shapes of kernels."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ._kernel_maps import Kernel
from ._manager import custom_offsets
from ._types import MisuseError, RegionType, require
from .MinkowskiCommon import StrideType, convert_to_int_list


def get_kernel_volume(region_type: RegionType, kernel_size: Sequence[int], region_offset: Any, axis_types: Any,
                      dimension: int) -> int:
    """The number of offsets: a box's product of sizes, a cross's sum of sizes - D + 1, else the list's length."""
    sizes = [int(k) for k in kernel_size]
    if region_type == RegionType.CUSTOM:
        require(region_offset is not None and len(region_offset) > 0,
                "region_offset must be non empty when region_type is CUSTOM")
        require(np.shape(region_offset)[1] == dimension, "region_offset must have the same dimension as the network")
        return len(region_offset)
    require(all(k > 0 for k in sizes), f"kernel_size must be positive, got {sizes}")
    if region_type == RegionType.HYPER_CUBE:
        require(region_offset is None, "Region offset must be None when region_type is given")
        require(axis_types is None, "Axis types must be None when region_type is given")
        return int(np.prod(sizes))
    if region_type == RegionType.HYPER_CROSS:
        require(all(k % 2 == 1 for k in sizes), f"kernel_size must be odd for region_type HYPER_CROSS, got {sizes}")
        return sum(k - 1 for k in sizes) + 1
    raise NotImplementedError(f"region type {region_type!r}")


def convert_region_type(region_type: RegionType, tensor_stride: StrideType, kernel_size: StrideType,
                        up_stride: StrideType, dilation: StrideType, region_offset: Any, axis_types: Any,
                        dimension: int, center: bool = True) -> tuple[RegionType, torch.Tensor, int]:
    """(region type, offsets as an IntTensor, which is empty for boxes and crosses, number of offsets)."""
    is_list = region_offset is not None and len(region_offset) > 0
    offsets = torch.as_tensor(region_offset, dtype=torch.int32) if is_list else torch.IntTensor()
    require(is_list == (region_type == RegionType.CUSTOM),
            "Region offset must be given for region_type CUSTOM, and for no other")
    sizes = convert_to_int_list(kernel_size, dimension)
    volume = get_kernel_volume(region_type, sizes, offsets if is_list else None, axis_types, dimension)
    return region_type, offsets, volume


class KernelGenerator:
    """The kernel of a layer: sizes, strides and dilations along each axis, and the shape.

    region_type HYPER_CUBE: a box. HYPER_CROSS: the axes of the box, odd sizes. CUSTOM: region_offsets (K,D), an
    IntTensor or what makes one; the k-th weight is the k-th offset's, in steps of dilation x tensor stride.
    """

    def __init__(self, kernel_size: StrideType = -1, stride: StrideType = 1, dilation: StrideType = 1,
                 is_transpose: bool = False, region_type: RegionType = RegionType.HYPER_CUBE,
                 region_offsets: Any = None, expand_coordinates: bool = False, axis_types: Any = None,
                 dimension: int = -1):
        require(dimension is not None and dimension > 0,
                f"Invalid dimension. Please provide a valid dimension argument. dimension={dimension}")
        require(isinstance(region_type, RegionType), f"expected a RegionType, got {region_type!r}")
        self.cache: dict[tuple[int, ...], Any] = {}
        self.kernel_size = convert_to_int_list(kernel_size, dimension)
        self.kernel_stride = convert_to_int_list(stride, dimension)
        self.kernel_dilation = convert_to_int_list(dilation, dimension)
        self.region_type = region_type
        self.region_offsets = (torch.IntTensor() if region_offsets is None
                               else torch.as_tensor(region_offsets, dtype=torch.int32))
        self.axis_types = axis_types
        self.dimension = dimension
        self.kernel_volume = get_kernel_volume(region_type, self.kernel_size, region_offsets, axis_types, dimension)
        # MinkowskiEngine's test, which along one axis holds for every stride.
        self.requires_strided_coordinates = dimension == 1 or all(s == 1 for s in self.kernel_stride)
        self.expand_coordinates = expand_coordinates

    @property
    def kernel(self) -> Kernel:
        """The shape as the maps take it."""
        return Kernel(tuple(self.kernel_size), tuple(self.kernel_stride), tuple(self.kernel_dilation),
                      self.region_type, custom_offsets(self.region_offsets))

    def get_kernel(self, tensor_stride: StrideType, is_transpose: bool) -> tuple[RegionType, torch.Tensor, int]:
        """convert_region_type of this kernel."""
        stride = tuple(convert_to_int_list(tensor_stride, self.dimension))
        if stride not in self.cache:
            up = self.kernel_stride if is_transpose else 1
            self.cache[stride] = convert_region_type(self.region_type, stride, self.kernel_size, up,
                                                     self.kernel_dilation, self.region_offsets, self.axis_types,
                                                     self.dimension)
        return self.cache[stride]

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(kernel_size={self.kernel_size}, kernel_stride={self.kernel_stride}, "
                f"kernel_dilation={self.kernel_dilation}, region_type={self.region_type}, "
                f"expand_coordinates={self.expand_coordinates}, dimension={self.dimension})")


class KernelRegion(namedtuple("KernelRegion", ("kernel_size", "kernel_stride", "kernel_dilation", "region_type",
                                               "offset", "D"))):
    """A kernel's shape as a tuple."""

    __slots__ = ()

    def __new__(cls, kernel_size: StrideType, kernel_stride: StrideType, kernel_dilation: StrideType,
                region_type: RegionType, offset: Any, dimension: int) -> KernelRegion:
        if dimension < 1:
            raise MisuseError(f"KernelRegion: expected a positive dimension, got {dimension}")
        size, stride, dilation = (convert_to_int_list(value, dimension)
                                  for value in (kernel_size, kernel_stride, kernel_dilation))
        return super().__new__(cls, size, stride, dilation, region_type, offset, dimension)


def save_ctx(ctx: Any, kernel_generator: KernelGenerator, in_coords_key: Any, out_coords_key: Any,
             coordinate_manager: Any) -> Any:
    """Puts the arguments of a layer on an autograd context."""
    ctx.kernel_generator = kernel_generator
    ctx.in_coordinate_map_key = in_coords_key
    ctx.out_coordinate_map_key = out_coords_key
    ctx.coordinate_manager = coordinate_manager
    return ctx
