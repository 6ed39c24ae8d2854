"""Residual blocks (He et al. 2016); their state dicts are MinkowskiEngine's."""

from __future__ import annotations

from typing import Any

import torch.nn as nn

from .._types import require
from ..MinkowskiConvolution import MinkowskiConvolution
from ..MinkowskiNonlinearity import MinkowskiReLU
from ..MinkowskiNormalization import MinkowskiBatchNorm


class _Block(nn.Module):
    """What the branch makes, plus the input or its downsampling, rectified."""

    downsample: Any
    relu: MinkowskiReLU

    def branch(self, x: Any) -> Any:
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        out = self.branch(x)
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class BasicBlock(_Block):
    """Two 3-wide convolutions."""

    expansion = 1

    def __init__(self, inplanes: int, planes: int, stride: int = 1, dilation: int = 1, downsample: Any = None,
                 bn_momentum: float = 0.1, dimension: int = -1):
        super().__init__()
        require(dimension > 0, f"BasicBlock: expected a positive dimension, got {dimension}")
        self.conv1 = MinkowskiConvolution(inplanes, planes, 3, stride, dilation, dimension=dimension)
        self.norm1 = MinkowskiBatchNorm(planes, momentum=bn_momentum)
        self.conv2 = MinkowskiConvolution(planes, planes, 3, 1, dilation, dimension=dimension)
        self.norm2 = MinkowskiBatchNorm(planes, momentum=bn_momentum)
        self.relu = MinkowskiReLU(inplace=True)
        self.downsample = downsample

    def branch(self, x: Any) -> Any:
        return self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))


class Bottleneck(_Block):
    """A 3-wide convolution between two 1-wide ones; the last has `expansion` times the channels."""

    expansion = 4

    def __init__(self, inplanes: int, planes: int, stride: int = 1, dilation: int = 1, downsample: Any = None,
                 bn_momentum: float = 0.1, dimension: int = -1):
        super().__init__()
        require(dimension > 0, f"Bottleneck: expected a positive dimension, got {dimension}")
        self.conv1 = MinkowskiConvolution(inplanes, planes, 1, dimension=dimension)
        self.norm1 = MinkowskiBatchNorm(planes, momentum=bn_momentum)
        self.conv2 = MinkowskiConvolution(planes, planes, 3, stride, dilation, dimension=dimension)
        self.norm2 = MinkowskiBatchNorm(planes, momentum=bn_momentum)
        self.conv3 = MinkowskiConvolution(planes, planes * self.expansion, 1, dimension=dimension)
        self.norm3 = MinkowskiBatchNorm(planes * self.expansion, momentum=bn_momentum)
        self.relu = MinkowskiReLU(inplace=True)
        self.downsample = downsample

    def branch(self, x: Any) -> Any:
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.relu(self.norm2(self.conv2(out)))
        return self.norm3(self.conv3(out))
