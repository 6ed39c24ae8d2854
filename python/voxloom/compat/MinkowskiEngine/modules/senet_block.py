"""Residual blocks with squeeze and excitation (Hu et al. 2018)."""

from __future__ import annotations

from typing import Any

import torch.nn as nn

from ..MinkowskiBroadcast import MinkowskiBroadcastMultiplication
from ..MinkowskiNonlinearity import MinkowskiReLU, MinkowskiSigmoid
from ..MinkowskiOps import MinkowskiLinear
from ..MinkowskiPooling import MinkowskiGlobalPooling
from .resnet_block import BasicBlock, Bottleneck


class SELayer(nn.Module):
    """Channels times a gate that depends on the mean of the batch."""

    def __init__(self, channel: int, reduction: int = 16, D: int = -1):
        super().__init__()
        self.fc = nn.Sequential(MinkowskiLinear(channel, channel // reduction), MinkowskiReLU(inplace=True),
                                MinkowskiLinear(channel // reduction, channel), MinkowskiSigmoid())
        self.pooling = MinkowskiGlobalPooling()
        self.broadcast_mul = MinkowskiBroadcastMultiplication()

    def forward(self, x: Any) -> Any:
        return self.broadcast_mul(x, self.fc(self.pooling(x)))


class SEBasicBlock(BasicBlock):
    def __init__(self, inplanes: int, planes: int, stride: int = 1, dilation: int = 1, downsample: Any = None,
                 reduction: int = 16, D: int = -1):
        super().__init__(inplanes, planes, stride, dilation, downsample, dimension=D)
        self.se = SELayer(planes, reduction=reduction, D=D)

    def branch(self, x: Any) -> Any:
        return self.se(super().branch(x))


class SEBottleneck(Bottleneck):
    def __init__(self, inplanes: int, planes: int, stride: int = 1, dilation: int = 1, downsample: Any = None,
                 D: int = 3, reduction: int = 16):
        super().__init__(inplanes, planes, stride, dilation, downsample, dimension=D)
        self.se = SELayer(planes * self.expansion, reduction=reduction, D=D)

    def branch(self, x: Any) -> Any:
        return self.se(super().branch(x))
