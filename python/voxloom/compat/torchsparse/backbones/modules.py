"""The blocks of torchsparse's networks; parameters have its names."""

from __future__ import annotations

import math

from torch import nn

from .. import nn as spnn
from ..tensor import SparseTensor
from ..utils import make_ntuple

__all__ = ["SparseConvBlock", "SparseConvTransposeBlock", "SparseResBlock"]

Size = int | list[int] | tuple[int, ...]


def _normed(
    in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, dilation: int = 1, transposed: bool = False
) -> list[nn.Module]:
    layer = spnn.Conv3d(
        in_channels, out_channels, kernel_size, stride=stride, dilation=dilation, transposed=transposed  # type: ignore[arg-type]
    )
    return [layer, spnn.BatchNorm(out_channels)]


class SparseConvBlock(nn.Sequential):
    """Convolution, norm, ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, dilation: int = 1
    ) -> None:
        super().__init__(*_normed(in_channels, out_channels, kernel_size, stride, dilation), spnn.ReLU(True))


class SparseConvTransposeBlock(nn.Sequential):
    """Transposed convolution, norm, ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, dilation: int = 1
    ) -> None:
        super().__init__(*_normed(in_channels, out_channels, kernel_size, stride, dilation, True), spnn.ReLU(True))


class SparseResBlock(nn.Module):
    """Two convolutions beside a shortcut, which is a convolution of one offset where channels or stride change."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *_normed(in_channels, out_channels, kernel_size, stride, dilation), spnn.ReLU(True),
            *_normed(out_channels, out_channels, kernel_size, dilation=dilation),
        )  # fmt: skip
        same = in_channels == out_channels and math.prod(make_ntuple(stride, ndim=3)) == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*_normed(in_channels, out_channels, 1, stride))
        self.relu = spnn.ReLU(True)

    def forward(self, x: SparseTensor) -> SparseTensor:
        return self.relu(self.main(x) + self.shortcut(x))
