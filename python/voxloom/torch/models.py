"""Whole networks, with the C++ library's parameter names: a state_dict fits either."""

from __future__ import annotations

import math
from typing import Optional, Sequence

import torch
from torch.nn import Module

from .. import sparse
from ..sparse import SparseTensor
from . import nn

__all__ = ["BasicBlock", "MinkUNet"]

_BLOCKS = {14: (1,) * 8, 18: (2,) * 8, 34: (2, 3, 4, 6, 2, 2, 2, 2)}
_LEVELS = 4  # halvings


class BasicBlock(Module):
    """relu(x' + norm2(conv2(relu(norm1(conv1(x)))))), 3x3x3 submanifold; x' is x, or norm(W x) when the channels
    change (He et al. 2016)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(in_channels, out_channels, bias=False)
        self.norm1 = nn.BatchNorm(out_channels)
        self.conv2 = nn.Conv3d(out_channels, out_channels, bias=False)
        self.norm2 = nn.BatchNorm(out_channels)
        self.downsample: Optional[nn.Sequential] = None
        if in_channels != out_channels:
            self.downsample = nn.Sequential(nn.Conv3d(in_channels, out_channels, 1, bias=False),
                                            nn.BatchNorm(out_channels))

    def forward(self, x: SparseTensor) -> SparseTensor:
        side = x if self.downsample is None else self.downsample(x)
        inner = self.norm1(self.conv1(x), relu=True)
        y: SparseTensor = self.norm2(self.conv2(inner), side, relu=True)
        return y


class MinkUNet(Module):
    """Class scores on the rows of x (Choy et al. 2019): nn::MinkUNet of the C++ library.

    depth 14, 18 or 34: 1, 2 or (2,3,4,6 | 2,2,2,2) blocks per level. width multiplies stem and planes, rounded up to a
    multiple of 8. The default planes are those of MinkUNet34C.
    """

    def __init__(self, in_channels: int = 3, classes: int = 20, depth: int = 34, stem: int = 32,
                 planes: Sequence[int] = (32, 64, 128, 256, 256, 128, 96, 96), width: float = 1.0) -> None:
        super().__init__()
        if depth not in _BLOCKS:
            raise ValueError(f"[nn.MinkUNet] depth should be 14, 18 or 34, got {depth}")
        if not 0 < width <= 64:
            raise ValueError(f"[nn.MinkUNet] width should lie in (0, 64], got {width}")

        def scaled(channels: int) -> int:
            return channels if width == 1.0 else math.ceil(channels * width / 8) * 8

        channels = scaled(stem)
        self.conv0p1s1, self.bn0 = nn.Conv3d(in_channels, channels, 5, bias=False), nn.BatchNorm(channels)
        skips = [channels]
        for i in range(_LEVELS):
            self._add(f"conv{i + 1}p{2 ** i}s2", f"bn{i + 1}", nn.Conv3d(channels, channels, 2, 2, bias=False), channels)
            channels = self._add_blocks(f"block{i + 1}", channels, scaled(planes[i]), _BLOCKS[depth][i])
            skips.append(channels)
        for i in range(_LEVELS, 2 * _LEVELS):
            out = scaled(planes[i])
            self._add(f"convtr{i}p{2 ** (2 * _LEVELS - i)}s2", f"bntr{i}", nn.ConvTranspose3d(
                channels, out, 2, 2, origin="centered", bias=False), out)
            joined = out + skips[2 * _LEVELS - 1 - i]
            channels = self._add_blocks(f"block{i + 1}", joined, out, _BLOCKS[depth][i])
        self.final = nn.Linear(channels, classes)

    def _add(self, conv_name: str, norm_name: str, conv: Module, channels: int) -> None:
        self.add_module(conv_name, conv)
        self.add_module(norm_name, nn.BatchNorm(channels))

    def _add_blocks(self, name: str, channels: int, out: int, count: int) -> int:
        self.add_module(name, torch.nn.Sequential(*(BasicBlock(out if b else channels, out) for b in range(count))))
        return out

    def forward(self, x: SparseTensor) -> SparseTensor:
        y: SparseTensor = self.bn0(self.conv0p1s1(x), relu=True)
        skips = [y]
        for i in range(1, _LEVELS + 1):
            y = self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}p{2 ** (i - 1)}s2")(y), relu=True)
            y = self.get_submodule(f"block{i}")(y)
            skips.append(y)
        skips.pop()  # the coarsest level is where the decoder starts
        for i in range(_LEVELS, 2 * _LEVELS):
            side = skips.pop()
            up = self.get_submodule(f"convtr{i}p{2 ** (2 * _LEVELS - i)}s2")(y, side)
            y = sparse.cat([self.get_submodule(f"bntr{i}")(up, relu=True), side])
            y = self.get_submodule(f"block{i + 1}")(y)
        scores: SparseTensor = self.final(y)
        return scores
