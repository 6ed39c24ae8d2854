"""torchsparse's U-Net; parameters have its names."""

from __future__ import annotations

from typing import Any

from torch import nn

from .. import nn as spnn
from ..operators import cat
from ..tensor import SparseTensor
from .modules import SparseConvBlock, SparseConvTransposeBlock, SparseResBlock

__all__ = ["SparseResUNet42"]


class SparseResUNet(nn.Module):
    """Four levels down and up; gives the stem, each level down and each level up, in this order."""

    def __init__(
        self, stem_channels: int, encoder_channels: list[int], decoder_channels: list[int], *, in_channels: int = 4,
        width_multiplier: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.stem_channels, self.encoder_channels, self.decoder_channels = stem_channels, encoder_channels, decoder_channels
        self.in_channels, self.width_multiplier = in_channels, width_multiplier
        widths = [int(width_multiplier * width) for width in [stem_channels, *encoder_channels, *decoder_channels]]
        stem: list[nn.Module] = []
        for width in (in_channels, widths[0]):
            stem += [spnn.Conv3d(width, widths[0], 3), spnn.BatchNorm(widths[0]), spnn.ReLU(True)]
        self.stem = nn.Sequential(*stem)
        self.encoders, self.decoders = nn.ModuleList(), nn.ModuleList()
        for level in range(4):
            before, after = widths[level], widths[level + 1]
            down = SparseConvBlock(before, before, 2, stride=2)
            self.encoders.append(nn.Sequential(down, SparseResBlock(before, after, 3), SparseResBlock(after, after, 3)))
        for level in range(4):
            before, after, beside = widths[level + 4], widths[level + 5], widths[3 - level]
            fuse = nn.Sequential(SparseResBlock(after + beside, after, 3), SparseResBlock(after, after, 3))
            up = SparseConvTransposeBlock(before, after, 2, stride=2)
            self.decoders.append(nn.ModuleDict({"upsample": up, "fuse": fuse}))

    def forward(self, x: SparseTensor) -> list[SparseTensor]:
        down = [self.stem(x)]
        for encoder in self.encoders:
            down.append(encoder(down[-1]))
        outputs = list(down)
        for decoder, beside in zip(self.decoders, down[-2::-1]):
            outputs.append(decoder["fuse"](cat([decoder["upsample"](outputs[-1]), beside])))
        return outputs


class SparseResUNet42(SparseResUNet):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(32, [32, 64, 128, 256], [256, 128, 96, 96], **kwargs)
