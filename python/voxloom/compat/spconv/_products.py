"""Convolutions and pools over pairs, with gradients, in spconv's layouts."""

from __future__ import annotations

from typing import Any

import torch

import voxloom.functional as rows_functional
import voxloom.torch.functional as functional

from ._geometry import Pairs


def require_cpu(features: torch.Tensor) -> torch.Tensor:
    """Contiguous features that lie where voxloom computes."""
    if features.device.type != "cpu":
        raise NotImplementedError(f"voxloom.compat.spconv computes on the CPU; these features are on {features.device}")
    if features.is_quantized or not features.dtype.is_floating_point:
        raise NotImplementedError(f"voxloom.compat.spconv computes in floating point, not in {features.dtype}")
    return features.contiguous()


def convolve(features: torch.Tensor, weight: torch.Tensor, pairs: Pairs, bias: torch.Tensor | None) -> torch.Tensor:
    """y[out] = bias + sum of x[in] W[k]^T over the pairs; weight (C_out, *kernel, C_in); (N_out, C_out)."""
    features = require_cpu(features)
    if features.dtype == torch.float64:
        return _convolve_doubles(features, weight, pairs, bias)
    axes = weight.dim() - 2
    if axes <= 3 and not pairs.map.kernel.offsets:
        boxed = weight.reshape(weight.shape[0], *weight.shape[1:-1], *(1,) * (3 - axes), weight.shape[-1])
        return functional.conv(features, boxed, pairs.map, bias)
    by_offset = weight.reshape(weight.shape[0], -1, weight.shape[-1]).permute(1, 2, 0).contiguous()
    return functional.conv(features, by_offset, pairs.map, bias)


def multiply_rows(features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """A layer of one offset without stride. spconv takes the buffer of its (C_out, 1, .., C_in) weight for a
    (C_in, C_out) matrix, without transposing it, and so do the networks that were trained with it."""
    features = require_cpu(features)
    as_run = weight.reshape(weight.shape[-1], weight.shape[0])
    if features.dtype == torch.float64:
        product = features @ as_run
        return product if bias is None else product + bias
    return functional.conv(features, as_run.unsqueeze(0), None, bias)


def _convolve_doubles(x: torch.Tensor, weight: torch.Tensor, pairs: Pairs, bias: torch.Tensor | None) -> torch.Tensor:
    """In float64, which the engine has not: torch's own product for each offset."""
    by_offset = weight.reshape(weight.shape[0], -1, weight.shape[-1])
    y = x.new_zeros(pairs.targets, weight.shape[0])
    for k, (in_rows, out_rows) in enumerate(pairs.offsets()):
        if len(in_rows):
            y = y.index_add(0, out_rows, x[in_rows] @ by_offset[:, k].T)
    return y if bias is None else y + bias


def max_pool(features: torch.Tensor, pairs: Pairs, from_zero: bool) -> torch.Tensor:
    """The greatest of the rows met; from_zero: and of 0, which is where spconv's native algorithm starts.

    As in spconv every input that equals the maximum gets the whole gradient.
    """
    features = require_cpu(features)
    if torch.is_grad_enabled() and features.requires_grad or features.dtype == torch.float64:
        return _MaxPool.apply(features, pairs, from_zero)  # type: ignore[no-untyped-call, no-any-return]
    pooled: torch.Tensor = functional.pool(features, pairs.map, "max")
    return functional.activate(pooled, "relu") if from_zero else pooled


class _MaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, pairs: Pairs, from_zero: bool) -> torch.Tensor:  # type: ignore[override]
        if x.dtype == torch.float64:
            y = x.new_full((pairs.targets, x.shape[1]), -torch.inf)
            for in_rows, out_rows in pairs.offsets():
                y[out_rows] = torch.maximum(y[out_rows], x[in_rows])
            y[y == -torch.inf] = 0
        else:
            y = rows_functional.pool(x.detach(), pairs.map, "max")
        if from_zero:
            y = y.relu() if x.dtype == torch.float64 else rows_functional.activate(y, "relu")
        ctx.save_for_backward(x, y)
        ctx.pairs = pairs
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[misc, untyped-decorator, unused-ignore]
    def backward(ctx: Any, dy: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # type: ignore[override]
        x, y = ctx.saved_tensors
        dx = torch.zeros(x.shape, dtype=torch.promote_types(x.dtype, torch.float32))
        for in_rows, out_rows in ctx.pairs.offsets():  # an input row meets an offset once
            if len(in_rows):
                dx[in_rows] += dy[out_rows].to(dx.dtype) * (x[in_rows] == y[out_rows])
        return dx.to(x.dtype), None, None


def mean_pool(features: torch.Tensor, pairs: Pairs) -> torch.Tensor:
    """The mean of the rows that are met."""
    features = require_cpu(features)
    if features.dtype == torch.float64:
        raise NotImplementedError("voxloom.compat.spconv: mean pools compute in float32, float16 and bfloat16")
    return functional.pool(features, pairs.map, "avg")
