"""torchsparse's residual network; parameters have its names."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..tensor import SparseTensor
from .modules import SparseConvBlock, SparseResBlock, Size

__all__ = ["SparseResNet21D"]


class SparseResNet(nn.ModuleList):
    """Stages of (blocks, channels, kernel size, stride); gives the output of each."""

    def __init__(
        self, blocks: list[tuple[int, int, Size, Size]], *, in_channels: int = 4, width_multiplier: float = 1.0
    ) -> None:
        super().__init__()
        self.blocks, self.in_channels, self.width_multiplier = blocks, in_channels, width_multiplier
        for count, channels, kernel_size, stride in blocks:
            width = int(channels * width_multiplier)
            stage: list[nn.Module] = [SparseConvBlock(in_channels, width, kernel_size, stride=stride)]
            stage += [SparseResBlock(width, width, kernel_size) for _ in range(count - 1)]
            self.append(nn.Sequential(*stage))
            in_channels = width

    def forward(self, x: SparseTensor) -> list[SparseTensor]:
        outputs = []
        for stage in self:
            x = stage(x)
            outputs.append(x)
        return outputs


class SparseResNet21D(SparseResNet):
    def __init__(self, **kwargs: Any) -> None:
        stages: list[tuple[int, int, Size, Size]] = [
            (3, 16, 3, 1), (3, 32, 3, 2), (3, 64, 3, 2), (3, 128, 3, 2), (1, 128, (1, 3, 1), (1, 2, 1)),
        ]  # fmt: skip
        super().__init__(stages, **kwargs)
