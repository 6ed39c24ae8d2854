"""torchsparse.nn: ``from torchsparse import nn as spnn``."""

from . import functional, modules, utils
from .modules import (
    BatchNorm, Conv3d, GlobalAvgPool, GlobalMaxPool, GroupNorm, InstanceNorm, LeakyReLU, ReLU, SiLU, SparseCrop,
    ToBEVConvolution, ToBEVHeightCompression, ToBEVReduction, ToDenseBEVConvolution,
)  # fmt: skip

__all__ = [
    "BatchNorm", "Conv3d", "GlobalAvgPool", "GlobalMaxPool", "GroupNorm", "InstanceNorm", "LeakyReLU", "ReLU", "SiLU",
    "SparseCrop", "ToBEVConvolution", "ToBEVHeightCompression", "ToBEVReduction", "ToDenseBEVConvolution", "functional",
    "modules", "utils",
]  # fmt: skip
