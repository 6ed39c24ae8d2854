"""torchsparse's convolution."""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from torch import nn

from ...tensor import SparseTensor
from ...utils import make_ntuple
from .. import functional as F

__all__ = ["Conv3d"]


class Conv3d(nn.Module):
    """`kernel` (K, C_in, C_out), or (C_in, C_out) for one offset with stride 1; its offsets stand x fastest where K is
    odd, z fastest where it is even. An odd axis with stride 1 is padded to keep its length. Initial values are
    torchsparse's, of the same draws. Positional arguments of torchsparse 2.0 (.., stride, dilation, bias, transposed) are
    told by a bool where 2.1 has the dilation: taken as meant, with a warning."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | list[int] | tuple[int, ...] = 3,
        stride: int | list[int] | tuple[int, ...] = 1, padding: int | tuple[int, ...] = 0, dilation: int = 1,
        bias: bool = False, transposed: bool = False, generative: bool = False, config: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(dilation, bool):
            warnings.warn(
                "torchsparse: Conv3d was called as in torchsparse 2.0, which has no padding between stride and dilation, "
                "and is taken so; mind that coordinates are (batch, x, y, z) here, as in 2.1",
                stacklevel=2,
            )
            padding, dilation, bias, transposed = 0, padding, dilation, bias  # type: ignore[assignment]
        if generative and not transposed:
            raise AssertionError("torchsparse: Conv3d: a generative convolution is a transposed one")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = make_ntuple(kernel_size, ndim=3)
        self.stride = make_ntuple(stride, ndim=3)
        self.dilation = dilation
        given = zip(self.kernel_size, self.stride, make_ntuple(padding, ndim=3))
        self.padding = tuple((k - 1) // 2 if k % 2 == 1 and s == 1 else p for k, s, p in given)
        self.transposed, self.generative = transposed, generative
        self._config = config
        self.kernel_volume = math.prod(self.kernel_size)
        pointwise = self.kernel_volume == 1 and self.stride == (1, 1, 1)
        shape = (in_channels, out_channels) if pointwise else (self.kernel_volume, in_channels, out_channels)
        self.kernel = nn.Parameter(torch.zeros(shape))
        if bias:
            self.bias = nn.Parameter(torch.zeros(out_channels))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def extra_repr(self) -> str:
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        if self.stride != (1, 1, 1):
            shown += f", stride={self.stride}"
        if self.dilation != 1:
            shown += f", dilation={self.dilation}"
        if self.bias is None:
            shown += ", bias=False"
        return shown + ", transposed=True" * self.transposed + ", generative=True" * self.generative

    def reset_parameters(self) -> None:
        """Uniform in +-1 / sqrt(channels * volume), of C_out where the layer is transposed, else of C_in."""
        bound = 1 / math.sqrt((self.out_channels if self.transposed else self.in_channels) * self.kernel_volume)
        self.kernel.data.uniform_(-bound, bound)
        if self.bias is not None:
            self.bias.data.uniform_(-bound, bound)

    def forward(self, input: SparseTensor) -> SparseTensor:
        return F.conv3d(
            input, self.kernel, self.kernel_size, self.bias, self.stride, self.padding, self.dilation, self._config,
            self.transposed, self.generative, self.training,
        )  # fmt: skip
