"""The library's modules as torch modules. Parameters have the C++ library's names, shapes and initial distribution
(uniform in +-1/sqrt(fan_in), from torch's generator): a state_dict fits the C++ network of the same structure."""

from __future__ import annotations

import math
from typing import Any, Optional, Tuple

import torch
from torch import Tensor
from torch.nn import Module, Parameter

from .. import sparse
from .._core import CoordinateSet, KernelMap, KernelSpec
from ..functional import Triple
from ..sparse import SparseTensor, Target
from . import functional as F

__all__ = [
    "Activate", "BatchNorm", "Conv3d", "ConvTranspose3d", "Dropout", "GELU", "GenerativeConvTranspose3d", "GlobalPool",
    "GroupNorm", "InverseConv3d", "LayerNorm", "LeakyReLU", "Linear", "NormalizedConvTranspose3d",
    "NormalizedGenerativeConvTranspose3d", "NormalizedSubmConv3d", "Pool3d", "PoolTranspose3d", "ReLU", "Residual",
    "RmsNorm", "Sequential", "SiLU", "Sigmoid", "Softplus", "SubmConv3d", "Tanh", "TrilinearUpsample3d",
]


class _Convolution(Module):
    """weight (K, G, C_in/G, C_out/G), bias (C_out) or None."""

    weight: Parameter
    bias: Optional[Parameter]

    def __init__(self, in_channels: int, out_channels: int, volume: int, groups: int, bias: bool) -> None:
        super().__init__()
        name = type(self).__name__
        if in_channels < 1 or out_channels < 1:
            raise ValueError(f"[nn.{name}] needs at least one channel, got {in_channels} -> {out_channels}")
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"[nn.{name}] {in_channels} -> {out_channels} channels do not split into {groups} groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.weight = Parameter(torch.empty(self._weight_shape(volume)))
        self.bias = Parameter(torch.empty(out_channels)) if bias else None
        self._fan_in = volume * in_channels // groups
        self.reset_parameters()

    def _weight_shape(self, volume: int) -> Tuple[int, ...]:
        return (volume, self.groups, self.in_channels // self.groups, self.out_channels // self.groups)

    def reset_parameters(self) -> None:
        """Uniform in +-1/sqrt(fan_in)."""
        bound = 1.0 / math.sqrt(self._fan_in)
        for parameter in (self.weight, self.bias):
            if parameter is not None:
                torch.nn.init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        options = "".join(f", {name}={value}" for name, value in getattr(self, "options", {}).items())
        groups = f", groups={self.groups}" if self.groups != 1 else ""
        return f"{self.in_channels}, {self.out_channels}{options}{groups}, bias={self.bias is not None}"


class Conv3d(_Convolution):
    """voxloom.conv3d with its weight and bias."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Triple = 3, stride: Triple = 1,
                 padding: Triple = 0, dilation: Triple = 1, *, support: str = "strided", origin: str = "centered",
                 groups: int = 1, bias: bool = True, bounds: Optional[Any] = None,
                 offsets: Optional[Any] = None) -> None:
        kernel = KernelSpec(kernel_size, stride, padding, dilation, origin, offsets)
        super().__init__(in_channels, out_channels, kernel.volume, groups, bias)
        self.options = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation,
                        "support": support, "origin": origin, "bounds": bounds, "offsets": offsets}

    def forward(self, x: SparseTensor, target: Target = None) -> SparseTensor:
        return sparse.conv3d(x, self.weight, self.bias, target=target, groups=self.groups,
                             **self.options)  # type: ignore[arg-type]


class SubmConv3d(_Convolution):
    """voxloom.subm_conv3d with its weight and bias."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Triple = 3, dilation: Triple = 1, *,
                 groups: int = 1, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, KernelSpec(kernel_size).volume, groups, bias)
        self.options = {"kernel_size": kernel_size, "dilation": dilation}

    def forward(self, x: SparseTensor) -> SparseTensor:
        return sparse.subm_conv3d(x, self.weight, self.bias, groups=self.groups, **self.options)


class ConvTranspose3d(_Convolution):
    """voxloom.conv_transpose3d with its weight and bias; forward's target rules."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Triple = 2, stride: Triple = 2,
                 padding: Triple = 0, dilation: Triple = 1, *, origin: str = "corner", groups: int = 1,
                 bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, KernelSpec(kernel_size).volume, groups, bias)
        self.options = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation,
                        "origin": origin}

    def forward(self, x: SparseTensor, target: Target = None) -> SparseTensor:
        return sparse.conv_transpose3d(x, self.weight, self.bias, target=target, groups=self.groups,
                                       **self.options)  # type: ignore[arg-type]


class GenerativeConvTranspose3d(_Convolution):
    """voxloom.generative_conv_transpose3d with its weight and bias."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Triple = 2, stride: Triple = 2, *,
                 groups: int = 1, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, KernelSpec(kernel_size).volume, groups, bias)
        self.options = {"kernel_size": kernel_size, "stride": stride}

    def forward(self, x: SparseTensor, target: Target = None) -> SparseTensor:
        return sparse.generative_conv_transpose3d(x, self.weight, self.bias, target=target, groups=self.groups,
                                                  **self.options)


class InverseConv3d(_Convolution):
    """Back to the input rows of the forward op whose map is given."""

    def __init__(self, in_channels: int, out_channels: int, kernel_volume: int, *, groups: int = 1,
                 bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, kernel_volume, groups, bias)

    def forward(self, x: SparseTensor, forward_map: KernelMap) -> SparseTensor:
        return sparse.inverse_conv3d(x, self.weight, self.bias, forward_map, self.groups)


class NormalizedSubmConv3d(SubmConv3d):
    """voxloom.normalized_subm_conv3d with its weight and bias."""

    def __init__(self, *arguments: Any, eps: float = 1e-8, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.eps = eps

    def forward(self, x: SparseTensor) -> SparseTensor:
        return sparse.normalized_subm_conv3d(x, self.weight, self.bias, groups=self.groups, eps=self.eps,
                                             **self.options)


class NormalizedConvTranspose3d(ConvTranspose3d):
    """voxloom.normalized_conv_transpose3d with its weight and bias."""

    def __init__(self, *arguments: Any, eps: float = 1e-8, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.eps = eps

    def forward(self, x: SparseTensor, target: Target = None) -> SparseTensor:
        return sparse.normalized_conv_transpose3d(x, self.weight, self.bias, target=target, groups=self.groups,
                                                  eps=self.eps, **self.options)  # type: ignore[arg-type]


class NormalizedGenerativeConvTranspose3d(GenerativeConvTranspose3d):
    """voxloom.normalized_generative_conv_transpose3d with its weight and bias."""

    def __init__(self, *arguments: Any, eps: float = 1e-8, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.eps = eps

    def forward(self, x: SparseTensor, target: Target = None) -> SparseTensor:
        return sparse.normalized_generative_conv_transpose3d(x, self.weight, self.bias, target=target,
                                                             groups=self.groups, eps=self.eps, **self.options)


class Linear(_Convolution):
    """x W^T + bias on each row; weight (C_out, C_in). x is sparse, or (N, C_in)."""

    def __init__(self, in_channels: int, out_channels: int, *, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, 1, 1, bias)

    def _weight_shape(self, volume: int) -> Tuple[int, ...]:
        return (self.out_channels, self.in_channels)

    def forward(self, x: Any) -> Any:
        return sparse.linear(x, self.weight, self.bias)


# --- norms ---


def _on_rows(x: Any, compute: Any) -> Any:
    """Sparse where x is, else on (N, C) rows."""
    return x.with_features(compute(x.features)) if isinstance(x, SparseTensor) else compute(x)


class BatchNorm(Module):
    """In training the statistics are those of the active rows of the batch, and running_mean and running_var move
    towards them by `momentum`; the variance over all rows is estimated from n by n / (n - 1)."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.channels, self.eps, self.momentum = channels, eps, momentum
        self.weight = Parameter(torch.ones(channels))
        self.bias = Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def _move(self, mean: Tensor, variance: Tensor, rows: int) -> None:
        if rows == 0:
            return
        # As the library does: each product rounded to float32, then the sum.
        new = torch.tensor(self.momentum, dtype=torch.float32)
        old = torch.tensor(1.0) - new
        unbiased = variance * torch.tensor(rows / (rows - 1), dtype=torch.float32) if rows > 1 else variance
        self.running_mean.copy_(self.running_mean * old + mean * new)
        self.running_var.copy_(self.running_var * old + unbiased * new)

    def forward(self, x: Any, residual: Any = None, relu: bool = False) -> Any:
        """norm(x) + residual, rectified where relu is true."""
        rows = x.features if isinstance(x, SparseTensor) else x
        side = residual.features if isinstance(residual, SparseTensor) else residual
        if self.training:
            y, mean, variance = F.batch_norm_of_batch(rows, self.weight, self.bias, self.eps, side, relu)
            with torch.no_grad():
                self._move(mean, variance, rows.shape[0])
        else:
            y = F.batch_norm(rows, self.weight, self.bias, self.running_mean, self.running_var, self.eps)
            if side is not None:
                y = y + side
            if relu:
                y = F.activate(y, "relu")
        return x.with_features(y) if isinstance(x, SparseTensor) else y

    def extra_repr(self) -> str:
        return f"{self.channels}, eps={self.eps}, momentum={self.momentum}"


class LayerNorm(Module):
    """Mean and variance of each row."""

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = Parameter(torch.ones(channels))
        self.bias = Parameter(torch.zeros(channels))

    def forward(self, x: Any) -> Any:
        return _on_rows(x, lambda rows: F.layer_norm(rows, self.weight, self.bias, self.eps))


class RmsNorm(Module):
    """x weight / sqrt(mean of x^2 over the row + eps)."""

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = Parameter(torch.ones(channels))

    def forward(self, x: Any) -> Any:
        return _on_rows(x, lambda rows: F.rms_norm(rows, self.weight, self.eps))


class GroupNorm(Module):
    """The channels of each row in `groups` equal parts (Wu and He 2018, with a row for an image)."""

    def __init__(self, channels: int, groups: int, eps: float = 1e-5) -> None:
        super().__init__()
        if groups < 1 or channels % groups:
            raise ValueError(f"[nn.GroupNorm] {channels} channels do not split into {groups} groups")
        self.groups, self.eps = groups, eps
        self.weight = Parameter(torch.ones(channels))
        self.bias = Parameter(torch.zeros(channels))

    def forward(self, x: Any) -> Any:
        return _on_rows(x, lambda rows: F.group_norm(rows, self.weight, self.bias, self.groups, self.eps))


# --- elements ---


class Activate(Module):
    """voxloom.functional.activate of each feature."""

    def __init__(self, kind: str, *, approximate: str = "none", alpha: float = 0.01, beta: float = 1.0,
                 threshold: float = 20.0) -> None:
        super().__init__()
        self.kind = kind
        self.options = (approximate, alpha, beta, threshold)

    def forward(self, x: Any) -> Any:
        return _on_rows(x, lambda rows: F.activate(rows, self.kind, *self.options))

    def extra_repr(self) -> str:
        return self.kind


class ReLU(Activate):
    def __init__(self) -> None:
        super().__init__("relu")


class LeakyReLU(Activate):
    def __init__(self, alpha: float = 0.01) -> None:
        super().__init__("leaky_relu", alpha=alpha)


class GELU(Activate):
    def __init__(self, approximate: str = "none") -> None:
        super().__init__("gelu", approximate=approximate)


class SiLU(Activate):
    def __init__(self) -> None:
        super().__init__("silu")


class Sigmoid(Activate):
    def __init__(self) -> None:
        super().__init__("sigmoid")


class Tanh(Activate):
    def __init__(self) -> None:
        super().__init__("tanh")


class Softplus(Activate):
    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__("softplus", beta=beta, threshold=threshold)


class Dropout(Module):
    """Does nothing outside of training. Seeds come from torch's generator."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        if not 0.0 <= probability < 1.0:
            raise ValueError(f"[nn.Dropout] the probability should lie in [0, 1), got {probability}")
        self.probability = probability

    def forward(self, x: Any) -> Any:
        if not self.training:
            return x
        seed = int(torch.randint(0, 2**62, (1,)))
        return _on_rows(x, lambda rows: F.dropout(rows, self.probability, seed))


# --- pools ---


class Pool3d(Module):
    """voxloom.pool3d."""

    def __init__(self, mode: str = "max", kernel_size: Triple = 2, stride: Triple = 2, padding: Triple = 0,
                 dilation: Triple = 1) -> None:
        super().__init__()
        self.options = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        self.mode = mode

    def forward(self, x: SparseTensor) -> SparseTensor:
        return sparse.pool3d(x, mode=self.mode, **self.options)


class PoolTranspose3d(Module):
    """voxloom.pool_transpose3d."""

    def __init__(self, kernel_size: Triple = 2, stride: Triple = 2, padding: Triple = 0,
                 dilation: Triple = 1) -> None:
        super().__init__()
        self.options = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}

    def forward(self, x: SparseTensor, target: Target = None) -> SparseTensor:
        return sparse.pool_transpose3d(x, target=target, **self.options)


class TrilinearUpsample3d(Module):
    """voxloom.trilinear_upsample3d."""

    def __init__(self, stride: Triple = 2) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: SparseTensor, target: Target = None) -> SparseTensor:
        return sparse.trilinear_upsample3d(x, stride=self.stride, target=target)


class GlobalPool(Module):
    """Reduces each batch to one row: a dense (B, C) tensor."""

    def __init__(self, mode: str = "avg") -> None:
        super().__init__()
        self.mode = mode

    def forward(self, x: SparseTensor) -> Tensor:
        y: Tensor = sparse.global_pool(x, self.mode)
        return y


# --- modules of modules ---


class Sequential(torch.nn.Sequential):
    """One module after the other. Modules of torch.nn act on the features."""

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x) if _takes_sparse(module) or not isinstance(x, SparseTensor) else _on_rows(x, module)
        return x


def _takes_sparse(module: Module) -> bool:
    """A module of torch's own takes rows, everything else what it is given."""
    return not type(module).__module__.startswith("torch.")


class Residual(Module):
    """relu(body(x) + shortcut(x)), or without relu; the shortcut is x itself unless one is given."""

    def __init__(self, body: Module, shortcut: Optional[Module] = None, relu: bool = True) -> None:
        super().__init__()
        self.body, self.shortcut, self.relu = body, shortcut, relu

    def forward(self, x: SparseTensor) -> SparseTensor:
        y = sparse.add(self.body(x), x if self.shortcut is None else self.shortcut(x))
        return sparse.activate(y, "relu") if self.relu else y
