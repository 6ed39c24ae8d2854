"""`voxloom.functional` with gradients: the same functions on torch tensors, for torch's walk back.

Tensors are on the CPU; what is not contiguous is made so. Gradients have the same bits as the C++ library's tape, for
any number of threads. Second derivatives are refused. Convolutions take float32, float16 and bfloat16, and run in
bfloat16 under torch.autocast("cpu"); the other functions work out float16 and bfloat16 in float32 and round once.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .. import _core
from .._core import CoordinateSet, KernelMap, KernelSpec
from .._tracing import recorded
from ..functional import Doubles, Triple, max_winners

__all__ = [
    "activate", "batch_norm", "batch_norm_of_batch", "binary", "cat", "conv", "cross_entropy", "devoxelize", "dropout",
    "embedding_lookup", "group_norm", "layer_norm", "lovasz_softmax", "max_unpool", "max_winners",
    "normalized_conv_transpose", "normalized_subm_conv", "pool", "reindex", "rms_norm", "segment_reduce", "softmax",
    "take_rows", "to_dense",
]

_Ctx = Any


# --- second derivatives ---


class _Refused(torch.autograd.Function):
    """Hands gradients on as they are; whoever differentiates them learns why that cannot be."""

    @staticmethod
    def forward(ctx: _Ctx, name: str, *gradients: Optional[Tensor]) -> Any:
        ctx.name = name
        return tuple(None if g is None else g.view_as(g) for g in gradients)

    @staticmethod
    def backward(ctx: _Ctx, *_: Any) -> Any:
        raise RuntimeError(f"[{ctx.name}] second derivatives are not worked out: the gradient was asked for with "
                           "create_graph=True and then differentiated")


def _once(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward() whose results refuse to be differentiated."""

    @functools.wraps(backward)
    def wrapped(ctx: _Ctx, *dy: Any) -> Any:
        with torch.no_grad():
            gradients = backward(ctx, *dy)
        if not torch.is_grad_enabled():
            return gradients
        several = gradients if isinstance(gradients, tuple) else (gradients,)
        marked = [g.detach().requires_grad_() if isinstance(g, Tensor) else None for g in several]
        return _Refused.apply(ctx.name, *marked)

    return wrapped


# --- types ---


def _of_this_torch() -> Tuple[Callable[[], bool], Callable[[], torch.dtype]]:
    """Whether autocast is on for CPUs, and its type: asked in every call, so which functions tell is found out once."""
    if hasattr(torch, "get_autocast_dtype"):  # torch 2.4 and later
        is_enabled: Callable[[str], bool] = getattr(torch, "is_autocast_enabled")
        get_dtype: Callable[[str], torch.dtype] = getattr(torch, "get_autocast_dtype")
        return functools.partial(is_enabled, "cpu"), functools.partial(get_dtype, "cpu")
    return torch.is_autocast_cpu_enabled, torch.get_autocast_cpu_dtype


is_autocast, _get_autocast_dtype = _of_this_torch()


def _autocast_dtype() -> Optional[torch.dtype]:
    return _get_autocast_dtype() if is_autocast() else None


def _in_float32(x: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
    """x's own type is storage: worked out in float32, rounded once."""
    if x.dtype == torch.float32:
        return compute(x)
    return compute(x.float()).to(x.dtype)


def _float(t: Optional[Tensor]) -> Optional[Tensor]:
    return t.float() if t is not None and t.dtype in (torch.float16, torch.bfloat16) else t


def _int32(labels: Any) -> Any:
    """Labels as torch gives them, int64, as int32; ValueError where one does not fit."""
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64:
        return labels
    if labels.numel() > 0 and (int(labels.max()) > 2**31 - 1 or int(labels.min()) < -(2**31)):
        raise ValueError("[labels] expected numbers that fit int32")
    return labels.to(torch.int32)


# --- products ---


_LAYOUTS = {5: "output_major", 4: "grouped", 3: "kernel_major"}  # of weights, by their rank


def _layout(rank: int, groups: int) -> str:
    return _LAYOUTS.get(rank, "pointwise" if groups == 1 else "depthwise")


class _Conv(torch.autograd.Function):
    name = "conv"

    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, weight: Tensor, bias: Optional[Tensor], map: Optional[KernelMap], groups: int,
                op: str) -> Tensor:
        ctx.name, ctx.map, ctx.groups, ctx.rank = op, map, groups, weight.dim()
        x, weight = x.contiguous(), weight.contiguous()
        needs = ctx.needs_input_grad
        ctx.save_for_backward(x if needs[1] else None, weight if needs[0] else None)
        return _core.conv(x, weight, map, None if bias is None else bias.contiguous(), groups, op)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        dy = dy.contiguous()
        needs = ctx.needs_input_grad
        dbias = _core.conv_bias_gradient(dy) if needs[2] else None
        layout = _layout(ctx.rank, ctx.groups)
        dweight = _core.conv_weight_gradient(x, dy, ctx.map, ctx.groups, layout) if needs[1] else None
        dx = _core.conv_input_gradient(dy, weight, ctx.map, ctx.groups) if needs[0] else None
        return dx, dweight, dbias, None, None, None


@recorded
def conv(x: Tensor, weight: Tensor, map: Optional[KernelMap], bias: Optional[Tensor] = None, groups: int = 1,
         op: str = "conv") -> Tensor:
    """y[u] = bias + sum over the map's entries (v, u, k) of x[v] W[k]; voxloom.functional.conv tells of the layouts."""
    dtype = _autocast_dtype()
    if dtype is not None:
        x, weight, bias = x.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)
    return _Conv.apply(x, weight, bias, map, groups, op)


# --- pools and segments ---


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, map: KernelMap, mode: str, offset_weights: Optional[Tensor]) -> Tensor:
        ctx.name, ctx.map, ctx.mode, ctx.offset_weights = "pool", map, mode, offset_weights
        x = x.contiguous()
        ctx.save_for_backward(x if mode == "max" else None)
        return _core.pool(x, map, mode, offset_weights)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return _core.pool_gradient(dy.contiguous(), ctx.map, ctx.mode, x, ctx.offset_weights), None, None, None


@recorded
def pool(x: Tensor, map: KernelMap, mode: str = "max", offset_weights: Optional[Any] = None) -> Tensor:
    """(N_out, C): the sum, mean ('avg') or maximum over the map's entries of each output row; 0 without entries."""
    return _in_float32(x, lambda rows: _Pool.apply(rows, map, mode, offset_weights))


class _MaxUnpool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, pooled: Tensor, map: KernelMap) -> Tensor:
        ctx.name, ctx.map = "max_unpool", map
        x = x.contiguous()
        ctx.save_for_backward(x)
        return _core.max_unpool(x, pooled.contiguous(), map)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        (x,) = ctx.saved_tensors  # which only says who won
        dpooled = _core.max_unpool_gradient(x, dy.contiguous(), ctx.map) if ctx.needs_input_grad[1] else None
        return None, dpooled, None


@recorded
def max_unpool(x: Tensor, pooled: Tensor, map: KernelMap) -> Tensor:
    """(N_in, C): pooled at the rows of x that won it. x only says who won, and gets no gradient."""
    return _in_float32(pooled, lambda rows: _MaxUnpool.apply(x.to(rows.dtype), rows, map))


class _SegmentReduce(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, segments: Any, count: int, mode: str) -> Tensor:
        ctx.name, ctx.segments, ctx.count, ctx.mode = "segment_reduce", segments, count, mode
        x = x.contiguous()
        ctx.save_for_backward(x if mode == "max" else None)
        return _core.segment_reduce(x, segments, count, mode)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return _core.segment_gradient(dy.contiguous(), ctx.segments, ctx.count, ctx.mode, x), None, None, None


@recorded
def segment_reduce(x: Tensor, segments: Any, count: int, mode: str = "sum") -> Tensor:
    """(count, C): rows of x with the same segment, reduced by 'sum', 'mean', 'max' or 'first'; -1: left out."""
    return _in_float32(x, lambda rows: _SegmentReduce.apply(rows, segments, count, mode))


class _TakeRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, rows: Any, fill: float) -> Tensor:
        ctx.name, ctx.rows, ctx.count = "take_rows", rows, x.shape[0]
        return _core.take_rows(x.contiguous(), rows, fill)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        return _core.segment_reduce(dy.contiguous(), ctx.rows, ctx.count, "sum"), None, None


@recorded
def take_rows(x: Tensor, rows: Any, fill: float = 0.0) -> Tensor:
    """(M, C): the rows of x that `rows` (M) int32 names; -1 gives `fill`. Rows may repeat."""
    return _TakeRows.apply(x, rows, fill)


def embedding_lookup(indices: Any, table: Tensor) -> Tensor:
    """(M, C): the rows of `table` (V, C) that `indices` (M) int32 names."""
    return take_rows(table, indices)


# --- norms ---


class _BatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, scale: Tensor, bias: Optional[Tensor], mean: Tensor, variance: Tensor,
                eps: float) -> Tensor:
        ctx.name, ctx.eps = "batch_norm", eps
        x = x.contiguous()
        ctx.save_for_backward(x, scale, mean, variance)
        return _core.batch_norm(x, scale, bias, mean, variance, eps)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        x, scale, mean, variance = ctx.saved_tensors
        wanted = [*ctx.needs_input_grad[:3], False]
        dx, dscale, dbias, _ = _core.batch_norm_gradient(dy.contiguous(), x, scale, mean, variance, ctx.eps, False,
                                                         None, wanted)
        return dx, dscale, dbias, None, None, None


@recorded
def batch_norm(x: Tensor, scale: Tensor, bias: Optional[Tensor], mean: Tensor, variance: Tensor,
               eps: float = 1e-5) -> Tensor:
    """(x - mean) scale / sqrt(variance + eps) + bias with given statistics, which are constants."""
    return _in_float32(x, lambda rows: _BatchNorm.apply(rows, _float(scale), _float(bias), mean.float(),
                                                        variance.float(), eps))


class _BatchNormOfBatch(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, scale: Tensor, bias: Optional[Tensor], residual: Optional[Tensor], eps: float,
                relu: bool) -> Any:
        ctx.name, ctx.eps = "batch_norm_of_batch", eps
        x = x.contiguous()
        residual = None if residual is None else residual.contiguous()
        y, mean, variance = _core.batch_norm_of_batch(x, scale, bias, eps, residual, relu)
        ctx.save_for_backward(x, scale, mean, variance, y if relu else None)
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor, _mean: Any, _variance: Any) -> Any:
        x, scale, mean, variance, y = ctx.saved_tensors
        dx, dscale, dbias, dresidual = _core.batch_norm_gradient(
            dy.contiguous(), x, scale, mean, variance, ctx.eps, True, y, list(ctx.needs_input_grad[:4]))
        return dx, dscale, dbias, dresidual, None, None


@recorded
def batch_norm_of_batch(x: Tensor, scale: Tensor, bias: Optional[Tensor] = None, eps: float = 1e-5,
                        residual: Optional[Tensor] = None, relu: bool = False) -> Tuple[Tensor, Tensor, Tensor]:
    """(y, mean, variance): batch norm with the statistics of x's own rows, which are part of what is differentiated.

    y = norm(x) + residual, rectified where relu is true. The variance is divided by the number of rows.
    """
    y, mean, variance = _BatchNormOfBatch.apply(_float(x), _float(scale), _float(bias), _float(residual), eps, relu)
    return y.to(x.dtype), mean, variance


class _RowNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, scale: Tensor, bias: Optional[Tensor], kind: str, groups: int,
                eps: float) -> Tensor:
        ctx.name, ctx.kind, ctx.groups, ctx.eps = kind, kind, groups, eps
        x = x.contiguous()
        ctx.save_for_backward(x, scale)
        if kind == "rms_norm":
            return _core.rms_norm(x, scale, eps)
        return _core.layer_norm(x, scale, bias, eps) if kind == "layer_norm" else _core.group_norm(x, scale, bias,
                                                                                                   groups, eps)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        x, scale = ctx.saved_tensors
        dx, dscale, dbias = _core.row_norm_gradient(dy.contiguous(), x, scale, ctx.groups, ctx.kind != "rms_norm",
                                                    ctx.eps, list(ctx.needs_input_grad[:3]))
        return dx, dscale, dbias, None, None, None


@recorded
def layer_norm(x: Tensor, scale: Tensor, bias: Optional[Tensor] = None, eps: float = 1e-5) -> Tensor:
    """Mean and variance of each row; x (N, C), vectors (C)."""
    return _in_float32(x, lambda rows: _RowNorm.apply(rows, _float(scale), _float(bias), "layer_norm", 1, eps))


@recorded
def group_norm(x: Tensor, scale: Tensor, bias: Optional[Tensor], groups: int, eps: float = 1e-5) -> Tensor:
    """The channels of each row in `groups` equal parts, each with a mean and a variance of its own."""
    return _in_float32(x, lambda rows: _RowNorm.apply(rows, _float(scale), _float(bias), "group_norm", groups, eps))


@recorded
def rms_norm(x: Tensor, scale: Tensor, eps: float = 1e-5) -> Tensor:
    """x scale / sqrt(mean of x^2 over the row + eps)."""
    return _in_float32(x, lambda rows: _RowNorm.apply(rows, _float(scale), None, "rms_norm", 1, eps))


# --- elements ---


class _Activate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, kind: str, options: Tuple[Any, ...]) -> Tensor:
        ctx.name, ctx.kind, ctx.options = "activate", kind, options
        x = x.contiguous()
        y: Tensor = _core.activate(x, kind, *options)
        # Where the result tells the slope it is kept: the next product keeps it anyway.
        ctx.save_for_backward(y if kind in ("relu", "sigmoid", "tanh") else x)
        return y

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        (at,) = ctx.saved_tensors
        return _core.activation_gradient(dy.contiguous(), at, ctx.kind, *ctx.options), None, None


@recorded
def activate(x: Tensor, kind: str, approximate: str = "none", alpha: float = 0.01, beta: float = 1.0,
             threshold: float = 20.0) -> Tensor:
    """'relu', 'sigmoid', 'gelu', 'silu', 'leaky_relu', 'tanh' or 'softplus' of each element."""
    return _in_float32(x, lambda rows: _Activate.apply(rows, kind, (approximate, alpha, beta, threshold)))


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor) -> Tensor:
        ctx.name = "softmax"
        y: Tensor = _core.softmax(x.contiguous())
        ctx.save_for_backward(y)
        return y

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        return _core.softmax_gradient(dy.contiguous(), ctx.saved_tensors[0])


@recorded
def softmax(x: Tensor) -> Tensor:
    """exp(x - max x) / sum, over each row."""
    return _in_float32(x, _Softmax.apply)


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, x: Tensor, probability: float, seed: int) -> Tensor:
        ctx.name, ctx.probability, ctx.seed = "dropout", probability, seed
        return _core.dropout(x.contiguous(), probability, seed)

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        return _core.dropout(dy.contiguous(), ctx.probability, ctx.seed), None, None


@recorded
def dropout(x: Tensor, probability: float, seed: int) -> Tensor:
    """Each element is 0 with `probability`, else divided by 1 - probability; the same for the same seed."""
    return _in_float32(x, lambda rows: _Dropout.apply(rows, probability, seed))


# --- what the library's tape notes down ---

_Record = Callable[[Sequence[Optional[Tensor]], List[bool]], Tuple[Any, Any, Any]]


class _Taped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Ctx, name: str, record: _Record, sets: List[Any], *inputs: Optional[Tensor]) -> Tensor:
        inputs = tuple(None if t is None else t.contiguous() for t in inputs)
        needs = list(ctx.needs_input_grad[3:])
        recorded, y, joined = record(inputs, needs)
        sets.append(joined)
        ctx.name, ctx.record, ctx.needs, ctx.recorded = name, record, needs, recorded
        ctx.save_for_backward(*inputs)
        out: Tensor = y
        return out

    @staticmethod
    @_once
    def backward(ctx: _Ctx, dy: Tensor) -> Any:
        inputs = ctx.saved_tensors  # raises where one was written over
        recorded, ctx.recorded = ctx.recorded, None
        if recorded is None:  # a second walk over a graph that was kept
            recorded = ctx.record(inputs, ctx.needs)[0]
        return (None, None, None, *recorded.backward(dy.contiguous()))


def _taped(name: str, record: _Record, *inputs: Optional[Tensor]) -> Tuple[Tensor, Any]:
    sets: List[Any] = []
    y: Tensor = _Taped.apply(name, record, sets, *(_float(t) for t in inputs))
    kinds = [t.dtype for t in inputs if t is not None]
    return y.to(kinds[0]), sets[0]


@recorded
def devoxelize(points: Any, set: CoordinateSet, x: Tensor, batch: Optional[Any] = None, *, voxel_size: Doubles = 1.0,
               origin: Doubles = 0.0, interpolation: str = "nearest", nearest: str = "cell", renormalize: bool = False,
               non_finite: str = "error") -> Tensor:
    """(P, C): what points (P, 3) float32 read of the voxels of `set`; voxloom.functional.devoxelize."""
    return _taped("devoxelize", lambda t, needs: _core._devoxelize(
        t[0], needs, points, set, batch, voxel_size, origin, interpolation, nearest, renormalize, non_finite), x)[0]


@recorded
def to_dense(x: Tensor, set: CoordinateSet, lo: Triple, hi: Triple, batch_size: Optional[int] = None) -> Tensor:
    """(B, X, Y, Z, C) over the box [lo, hi], both ends included; 0 where there is no row."""
    batches = set.batch_size if batch_size is None else batch_size
    return _taped("to_dense", lambda t, needs: _core._to_dense(t[0], needs, set, lo, hi, batches), x)[0]


@recorded
def binary(op: str, lhs: Tensor, rhs: Tensor, lhs_set: CoordinateSet, rhs_set: CoordinateSet, join: str,
           lhs_fill: float = 0.0, rhs_fill: float = 0.0) -> Tuple[CoordinateSet, Tensor]:
    """(set, features) of lhs op rhs, row by row, over a join of their sets."""
    y, joined = _taped(op, lambda t, needs: _core._binary(
        op, t[0], t[1], needs, lhs_set, rhs_set, join, lhs_fill, rhs_fill), lhs, rhs)
    return joined, y


@recorded
def cat(features: Sequence[Tensor], sets: Sequence[CoordinateSet],
        join: str = "inner") -> Tuple[CoordinateSet, Tensor]:
    """(set, features): channels side by side, over a join of the sets; missing rows are 0."""
    y, joined = _taped("cat", lambda t, needs: _core._cat(list(t), needs, list(sets), join), *features)
    return joined, y


@recorded
def reindex(x: Tensor, set: CoordinateSet, target: CoordinateSet, fill: float = 0.0) -> Tensor:
    """The rows of `target`; `fill` where `set` has none."""
    return _taped("reindex", lambda t, needs: _core._reindex(t[0], needs, set, target, fill), x)[0]


@recorded
def normalized_subm_conv(x: Tensor, weight: Tensor, bias: Optional[Tensor], set: CoordinateSet, *, kernel_size: Triple,
                         dilation: Triple = 1, groups: int = 1, eps: float = 1e-8) -> Tensor:
    """conv(x, W) / sqrt(conv(1, W*W) + eps) + bias on the rows of `set`; weight (K, G, C_in/G, C_out/G)."""
    return _taped("normalized_subm_conv3d", lambda t, needs: _core._normalized_subm(
        t[0], t[1], t[2], needs, set, kernel_size, dilation, groups, eps), x, weight, bias)[0]


@recorded
def normalized_conv_transpose(x: Tensor, weight: Tensor, bias: Optional[Tensor], set: CoordinateSet,
                              kernel: KernelSpec, target: Optional[CoordinateSet] = None, *, groups: int = 1,
                              eps: float = 1e-8) -> Tuple[CoordinateSet, Tensor]:
    """(set, features) of the normalized transposed convolution; weight (K, G, C_in/G, C_out/G)."""
    y, support = _taped("normalized_conv_transpose3d", lambda t, needs: _core._normalized_transpose(
        t[0], t[1], t[2], needs, set, kernel, target, groups, eps), x, weight, bias)
    return support, y


@recorded
def cross_entropy(scores: Tensor, labels: Any, ignore: int = -1, class_weights: Optional[Any] = None,
                  label_smoothing: float = 0.0) -> Tensor:
    """(1): the weighted mean over the rows; voxloom.functional.cross_entropy has the formula. labels: (N) int32."""
    labels = _int32(labels)
    return _taped("cross_entropy", lambda t, needs: _core._cross_entropy(
        t[0], needs, labels, ignore, class_weights, label_smoothing), scores)[0]


@recorded
def lovasz_softmax(scores: Tensor, labels: Any, ignore: int = -1) -> Tensor:
    """(1): the Lovasz extension of the Jaccard loss of softmax(scores) (Berman, Rannen Triki and Blaschko 2018)."""
    labels = _int32(labels)
    return _taped("lovasz_softmax", lambda t, needs: _core._lovasz_softmax(t[0], needs, labels, ignore), scores)[0]

