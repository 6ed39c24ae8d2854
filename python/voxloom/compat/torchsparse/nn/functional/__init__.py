"""torchsparse.nn.functional."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

import voxloom.torch.functional as rows_functional

from ...tensor import SparseTensor
from ..utils import fapply
from . import conv_config
from ._convolution import (
    build_kernel_map, conv3d, convert_transposed_out_in_map, spdownsample, spupsample_generative, transpose_kernel_map,
)  # fmt: skip
from ._points import calc_ti_weights, spcount, spdevoxelize, sphash, sphashquery, spvoxelize
from .conv_config import (
    ConvMode, Dataflow, get_conv_mode, get_downsample_mode, get_kmap_mode, set_conv_mode, set_downsample_mode,
    set_kmap_mode,
)  # fmt: skip

__all__ = [
    "ConvMode", "Dataflow", "build_kernel_map", "calc_ti_weights", "conv3d", "conv_config",
    "convert_transposed_out_in_map", "get_conv_mode", "get_downsample_mode", "get_kmap_mode", "global_avg_pool",
    "global_max_pool", "leaky_relu", "relu", "set_conv_mode", "set_downsample_mode", "set_kmap_mode", "silu", "spcount",
    "spcrop", "spdevoxelize", "spdownsample", "sphash", "sphashquery", "spupsample_generative", "spvoxelize",
    "transpose_kernel_map",
]  # fmt: skip


def relu(input: SparseTensor, inplace: bool = True) -> SparseTensor:
    return fapply(input, F.relu, inplace=inplace)


def silu(input: SparseTensor, inplace: bool = True) -> SparseTensor:
    return fapply(input, F.silu, inplace=inplace)


def leaky_relu(input: SparseTensor, negative_slope: float = 0.1, inplace: bool = True) -> SparseTensor:
    return fapply(input, F.leaky_relu, negative_slope=negative_slope, inplace=inplace)


def _by_batch(inputs: SparseTensor, mode: str) -> torch.Tensor:
    batches = inputs.coords[:, 0].int().contiguous()
    return rows_functional.segment_reduce(inputs.feats, batches, int(batches.max()) + 1, mode)


def global_avg_pool(inputs: SparseTensor) -> torch.Tensor:
    """(batches, C): the mean of each batch's rows."""
    return _by_batch(inputs, "mean")


def global_max_pool(inputs: SparseTensor) -> torch.Tensor:
    """(batches, C): the greatest of each batch's rows."""
    return _by_batch(inputs, "max")


def spcrop(input: SparseTensor, coords_min: Any = None, coords_max: Any = None) -> SparseTensor:
    """The rows with coords_min <= (x, y, z) < coords_max. (torchsparse 2.1 compares (batch, x, y) with them.)"""
    place = input.coords[:, 1:]
    kept = torch.ones(len(place), dtype=torch.bool)
    if coords_min is not None:
        kept &= (place >= torch.as_tensor(coords_min)).all(dim=1)
    if coords_max is not None:
        kept &= (place < torch.as_tensor(coords_max)).all(dim=1)
    return SparseTensor(input.feats[kept], input.coords[kept], input.stride)
