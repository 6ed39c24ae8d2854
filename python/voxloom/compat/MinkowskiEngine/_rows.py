"""Operations on rows of features, with gradients: the engine's for float32, float16 and bfloat16, torch's for float64.

MinkowskiEngine takes float32 and float64. The engine has no float64: there the same sums are torch's, one product per
kernel offset; slower, for checks of gradients.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from ..._core import KernelMap
from ...torch import functional as engine
from ._kernel_maps import Mapping, StrideMap, by_offset
from ._types import require, require_cpu


def _is_double(op: str, *tensors: Tensor) -> bool:
    dtypes = {t.dtype for t in tensors}
    require(len(dtypes) == 1 or engine.is_autocast(),
            f"{op}: expected one type, got {sorted(map(str, dtypes))}")
    for t in tensors:
        require_cpu(t.device, op)
    return torch.float64 in dtypes


# --- products ---


class _DoubleConv(torch.autograd.Function):
    """y[u] = sum over the entries (v, u, k) of x[v] W[k] in float64. Can be differentiated once."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, mapping: KernelMap) -> Tensor:
        ctx.save_for_backward(x, kernel)
        ctx.mapping = mapping
        y = x.new_zeros(len(mapping.target), kernel.shape[2])
        for k, ins, outs in by_offset(mapping):
            y.index_add_(0, outs, x[ins.long()] @ kernel[k])
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
    def backward(ctx: Any, dy: Tensor) -> Any:
        x, kernel = ctx.saved_tensors
        dx, dkernel = torch.zeros_like(x), torch.zeros_like(kernel)
        for k, ins, outs in by_offset(ctx.mapping):
            dy_rows = dy[outs.long()]
            dx.index_add_(0, ins, dy_rows @ kernel[k].T)
            dkernel[k] = x[ins.long()].T @ dy_rows
        return dx, dkernel, None


def conv(x: Tensor, kernel: Tensor, mapping: KernelMap | None, bias: Tensor | None = None) -> Tensor:
    """y[u] = bias + sum of x[v] W[k]; kernel (K, C_in, C_out), bias (1, C_out). mapping None: each row meets itself."""
    if _is_double("convolution", x, kernel):
        y = x @ kernel[0] if mapping is None else _DoubleConv.apply(x, kernel, mapping)
        return y if bias is None else y + bias
    return engine.conv(x, kernel, mapping, None if bias is None else bias.reshape(-1))


def channelwise(x: Tensor, kernel: Tensor, mapping: KernelMap, bias: Tensor | None) -> Tensor:
    """y[u, c] = bias[c] + sum of x[v, c] W[k, c]; kernel (K, C), bias (1, C)."""
    channels = x.shape[1]
    if _is_double("channelwise convolution", x, kernel):
        y = _DoubleConv.apply(x, torch.diag_embed(kernel), mapping)
        return y if bias is None else y + bias
    flat = None if bias is None else bias.reshape(-1)
    if channels == 1:
        return engine.conv(x, kernel.reshape(-1, 1, 1), mapping, flat)
    return engine.conv(x, kernel, mapping, flat, groups=channels)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x W^T + bias; weight (C_out, C_in)."""
    if _is_double("linear", x, weight):
        return torch.nn.functional.linear(x, weight, bias)
    return engine.conv(x, weight, None, bias)


# --- rows ---


def take(x: Tensor, rows: Tensor) -> Tensor:
    """(M, C): the rows of x that `rows` (M) int32 names; -1 gives 0."""
    if _is_double("take", x):
        return x[rows.long().clamp(min=0)] * rows.ge(0).unsqueeze(1) if len(x) else x.new_zeros(len(rows), x.shape[1])
    return engine.take_rows(x, rows)


def reduce(x: Tensor, segments: Tensor, count: int, mode: str) -> Tensor:
    """(count, C): rows of the same segment, by 'sum', 'mean' or 'max'; segments (N) int32; 0 where there is none."""
    if not _is_double("reduce", x):
        return engine.segment_reduce(x, segments, count, mode)
    into = segments.long()
    if mode == "max":
        return _double_max(x, torch.arange(len(x)), into, count)
    total = x.new_zeros(count, x.shape[1]).index_add(0, into, x)
    return total if mode == "sum" else total / _counts(into, count).to(x.dtype)


def _counts(into: Tensor, count: int) -> Tensor:
    return torch.bincount(into, minlength=count).clamp(min=1).unsqueeze(1)


def _double_max(x: Tensor, ins: Tensor, outs: Tensor, count: int) -> Tensor:
    """The maximum over entries; its gradient goes to the first entry that has it."""
    if len(ins) == 0:
        return x.new_zeros(count, x.shape[1])
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "scatter_reduce")  # which torch 1.13 calls new
        values, into = x[ins], outs.unsqueeze(1).expand(-1, x.shape[1])
        best = x.new_full((count, x.shape[1]), -torch.inf).scatter_reduce(0, into, values, "amax")
        entry = torch.arange(len(ins)).unsqueeze(1).expand_as(into)
        entry = torch.where(values == best.gather(0, into), entry, len(ins))
        winner = torch.full((count, x.shape[1]), len(ins)).scatter_reduce(0, into, entry, "amin")
        is_there = winner < len(ins)
        rows = ins[winner.clamp(max=len(ins) - 1)]
    return torch.where(is_there, x.gather(0, rows), 0.0)


_SEGMENT_MODES = {"sum": "sum", "avg": "mean", "max": "max"}


def pool(x: Tensor, mapping: Mapping, mode: str) -> Tensor:
    """'sum', 'avg' or 'max' over the entries of each output row; 0 without entries."""
    if isinstance(mapping, StrideMap):
        if mapping.is_up:
            return take(x, mapping.coarse_row)  # each fine row has one entry
        return reduce(x, mapping.coarse_row, mapping.count, _SEGMENT_MODES[mode])
    if not _is_double("pooling", x):
        return engine.pool(x, mapping, mode)
    entries = by_offset(mapping)
    ins = torch.cat([torch.zeros(0, dtype=torch.int64), *(rows.long() for _, rows, _ in entries)])
    outs = torch.cat([torch.zeros(0, dtype=torch.int64), *(rows.long() for _, _, rows in entries)])
    count = len(mapping.target)
    if mode == "max":
        return _double_max(x, ins, outs, count)
    total = x.new_zeros(count, x.shape[1]).index_add(0, outs, x[ins])
    return total if mode == "sum" else total / _counts(outs, count).to(x.dtype)


def weighted(x: Tensor, corners: list[tuple[Tensor, Tensor]]) -> Tensor:
    """(P, C): the sum over corners (row (P) int32 or -1, weight (P)) of weight x[row]."""
    parts = [take(x, row) * weight.unsqueeze(1).to(x.dtype) for row, weight in corners]
    return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]


# --- norms ---


def batch_norm(norm: torch.nn.modules.batchnorm._BatchNorm, x: Tensor) -> Tensor:
    """norm(x) by the engine where it can: float32 on a CPU, affine, no hooks. Running statistics as torch's."""
    is_ours = (x.dtype == torch.float32 and x.device.type == "cpu" and norm.affine and type(norm).forward is _TORCH_NORM
               and not norm._forward_hooks and not norm._forward_pre_hooks and not norm._backward_hooks)
    mean, variance = norm.running_mean, norm.running_var
    is_own = norm.training or mean is None
    if not is_ours or x.ndim != 2 or x.shape[1] != norm.num_features or (is_own and len(x) < 2):
        return norm(x)
    if not is_own and mean is not None and variance is not None:
        return engine.batch_norm(x, norm.weight, norm.bias, mean, variance, norm.eps)
    y, own_mean, own_variance = engine.batch_norm_of_batch(x, norm.weight, norm.bias, norm.eps)
    count = norm.num_batches_tracked
    if norm.training and mean is not None and variance is not None and count is not None:
        with torch.no_grad():
            count.add_(1)
            share = 1.0 / float(count) if norm.momentum is None else norm.momentum
            mean.lerp_(own_mean, share)
            variance.lerp_(own_variance * (len(x) / (len(x) - 1)), share)
    return y


_TORCH_NORM = torch.nn.BatchNorm1d.forward
