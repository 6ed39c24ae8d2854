"""Sparse tensors and the operations on them.

Each operation means what the C++ function of its name means, with the same options. Features are numpy arrays or
torch tensors; on torch tensors operations have gradients.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _core, _tracing
from . import functional as _plain
from ._core import CoordinateSet, KernelMap, KernelSpec
from .functional import Array, Doubles, Triple

Target = Union[None, CoordinateSet, "SparseTensor", Array]


def _functions_for(features: Any) -> ModuleType:
    """voxloom.torch.functional for torch tensors, else voxloom.functional."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(features, torch.Tensor):
        from .torch import functional as with_gradients

        return with_gradients
    return _plain


@functools.lru_cache(maxsize=64)
def _holds_features(dtype: Any) -> bool:
    return str(dtype).rpartition(".")[2] in ("float32", "float16", "bfloat16")


class SparseTensor:
    """Features on a coordinate set: row i of the features belongs to row i of the set.

    coords: a CoordinateSet, or (N, 4) rows (batch, x, y, z) that one is made of, with `stride`. features: (N, C)
    float32, float16 or bfloat16, numpy or torch. batch_size: at least the set's.
    ValueError: another number of rows, type or shape.
    """

    __slots__ = ("coords", "features", "batch_size")

    coords: CoordinateSet
    features: Any
    batch_size: int

    def __init__(self, coords: Union[CoordinateSet, Array], features: Array, batch_size: Optional[int] = None, *,
                 stride: Triple = 1) -> None:
        if not isinstance(coords, CoordinateSet):
            coords = CoordinateSet(coords, stride, batch_size)
        shape = getattr(features, "shape", None)
        if shape is None or len(shape) != 2 or shape[0] != coords.size:
            came = type(features).__name__ if shape is None else f"({','.join(map(str, shape))})"
            raise ValueError(f"[sparse_tensor] features: expected shape ({coords.size},C), a row for each coordinate, "
                             f"got {came}")
        if not _holds_features(features.dtype):
            raise ValueError("[sparse_tensor] features: expected float32, float16 or bfloat16, got "
                             f"{features.dtype}")
        if batch_size is not None and batch_size < 0:
            raise ValueError(f"[sparse_tensor] batch_size must not be negative, got {batch_size}")
        self.coords = coords
        self.features = features
        self.batch_size = max(batch_size or 0, coords.batch_size)

    @property
    def channels(self) -> int:
        return int(self.features.shape[1])

    @property
    def rows(self) -> int:
        """Their number."""
        return self.coords.size

    @property
    def stride(self) -> Tuple[int, int, int]:
        return self.coords.stride

    @property
    def dtype(self) -> Any:
        return self.features.dtype

    def with_features(self, features: Array) -> SparseTensor:
        """The same support with other features."""
        return SparseTensor(self.coords, features, self.batch_size)

    def detach(self) -> SparseTensor:
        """Of torch features: cut off from their gradient."""
        return self.with_features(self.features.detach())

    def __repr__(self) -> str:
        return (f"SparseTensor({self.rows} rows, {self.channels} channels of {self.dtype}, stride {self.stride}, "
                f"{self.batch_size} batches)")

    def __len__(self) -> int:
        return self.coords.size

    def __getstate__(self) -> Tuple[CoordinateSet, Any, int]:
        return self.coords, self.features, self.batch_size

    def __setstate__(self, state: Tuple[CoordinateSet, Any, int]) -> None:
        self.coords, self.features, self.batch_size = state

    def __add__(self, other: SparseTensor) -> SparseTensor:
        return add(self, other)

    def __sub__(self, other: SparseTensor) -> SparseTensor:
        return sub(self, other)

    def __mul__(self, other: SparseTensor) -> SparseTensor:
        return mul(self, other)


def _on(coords: CoordinateSet, features: Any, batch_size: int) -> SparseTensor:
    """A result: nothing of it needs a check."""
    x = SparseTensor.__new__(SparseTensor)
    x.coords, x.features = coords, features
    x.batch_size = max(batch_size, coords.batch_size)
    return x


# --- convolutions ---


_remembered_kernel = functools.lru_cache(maxsize=256)(KernelSpec)


def _kernel(*arguments: Any) -> KernelSpec:
    """KernelSpec(*arguments); the same one for the same numbers."""
    try:
        return _remembered_kernel(*arguments)
    except TypeError:  # lists and arrays have no hash
        return KernelSpec(*arguments)



def _target_of(target: Target, x: SparseTensor, stride: Tuple[int, ...]) -> Tuple[Optional[CoordinateSet], int]:
    """The output rows that the caller asked for, and their batch count. An array is taken at the output's stride."""
    if target is None or isinstance(target, CoordinateSet):
        return target, 0 if target is None else target.batch_size
    if isinstance(target, SparseTensor):
        return target.coords, target.batch_size
    rows = CoordinateSet(target, stride)
    if rows.batch_size < x.batch_size:
        rows = CoordinateSet(target, stride, x.batch_size)
    return rows, rows.batch_size


def _three(value: Triple) -> Tuple[int, int, int]:
    x, y, z = (value,) * 3 if isinstance(value, int) else value
    return x, y, z


def _multiplied(stride: Tuple[int, int, int], by: Triple) -> Tuple[int, ...]:
    return tuple(s * b for s, b in zip(stride, _three(by)))


def _divided(stride: Tuple[int, int, int], by: Triple) -> Tuple[int, ...]:
    return tuple(max(1, s // max(1, b)) for s, b in zip(stride, _three(by)))


def _product(x: SparseTensor, weight: Array, map: Optional[KernelMap], bias: Optional[Array], groups: int, op: str,
             batch_size: int = 0) -> SparseTensor:
    y = _functions_for(x.features).conv(x.features, weight, map, bias, groups, op)
    return _on(x.coords if map is None else map.target, y, max(x.batch_size, batch_size))


def conv3d_map(x: SparseTensor, *, kernel_size: Triple = 3, stride: Triple = 1, padding: Triple = 0,
               dilation: Triple = 1, support: str = "strided", target: Target = None, origin: str = "centered",
               bounds: Optional[Any] = None, offsets: Optional[Any] = None) -> Optional[KernelMap]:
    """The map that conv3d runs on; None where every row meets itself alone (kernel 1, stride 1)."""
    kernel = _kernel(kernel_size, stride, padding, dilation, origin, offsets)
    rows, _ = _target_of(target, x, _multiplied(x.stride, stride))
    return _core._conv_map(x.coords, x.batch_size, kernel, support, rows, bounds)


def conv3d(x: SparseTensor, weight: Array, bias: Optional[Array] = None, *, kernel_size: Triple = 3,
           stride: Triple = 1, padding: Triple = 0, dilation: Triple = 1, support: str = "strided",
           target: Target = None, origin: str = "centered", groups: int = 1, bounds: Optional[Any] = None,
           offsets: Optional[Any] = None) -> SparseTensor:
    """y[u] = bias + sum over the map's entries (v, u, k) of x[v] W[k].

    weight: (K, C_in, C_out), (K, G, C_in/G, C_out/G), (C_out, Kx, Ky, Kz, C_in/G), ...: voxloom.functional.conv.
    support: the output's rows: 'strided' (unique floor(c / stride)), 'reachable' (all that an input reaches, within
    bounds ((x,y,z), (x,y,z)) half open) or 'submanifold' (x's own). target: a CoordinateSet, a SparseTensor, or
    (N, 4) rows: then it rules. offsets: (K, 3), a kernel that is that list. origin: 'centered' or 'corner'.
    """
    kernel = _kernel(kernel_size, stride, padding, dilation, origin, offsets)
    rows, batches = _target_of(target, x, _multiplied(x.stride, stride))
    map = _core._conv_map(x.coords, x.batch_size, kernel, support, rows, bounds)
    if _tracing.current is not None and map is not None and rows is None and support == "reachable":
        _tracing.current.derive(map.target, x.coords, support, kernel, bounds)
    return _product(x, weight, map, bias, groups, "conv3d", batches)


def subm_conv3d_map(x: SparseTensor, *, kernel_size: Triple = 3, dilation: Triple = 1) -> Optional[KernelMap]:
    """The map that subm_conv3d runs on; None for kernel 1."""
    return _core._subm_map(x.coords, _kernel(kernel_size, 1, 0, dilation))


def subm_conv3d(x: SparseTensor, weight: Array, bias: Optional[Array] = None, *, kernel_size: Triple = 3,
                dilation: Triple = 1, groups: int = 1) -> SparseTensor:
    """Onto x's own rows; the kernel is odd on each axis. Weights as for conv3d."""
    map = _core._subm_map(x.coords, _kernel(kernel_size, 1, 0, dilation))
    return _product(x, weight, map, bias, groups, "subm_conv3d")


def conv_transpose3d_map(x: SparseTensor, *, kernel_size: Triple = 2, stride: Triple = 2, padding: Triple = 0,
                         dilation: Triple = 1, target: Target = None, origin: str = "corner") -> KernelMap:
    """The map that conv_transpose3d runs on."""
    return _transposed(x, kernel_size, stride, padding, dilation, target, origin, "conv_transpose3d")[0]


def _transposed(x: SparseTensor, kernel_size: Triple, stride: Triple, padding: Triple, dilation: Triple,
                target: Target, origin: str, op: str) -> Tuple[KernelMap, int]:
    kernel = _kernel(kernel_size, stride, padding, dilation, origin)
    rows, batches = _target_of(target, x, _divided(x.stride, stride))
    return _core._transpose_map(x.coords, x.batch_size, kernel, rows, op), batches


def conv_transpose3d(x: SparseTensor, weight: Array, bias: Optional[Array] = None, *, kernel_size: Triple = 2,
                     stride: Triple = 2, padding: Triple = 0, dilation: Triple = 1, target: Target = None,
                     origin: str = "corner", groups: int = 1) -> SparseTensor:
    """out = in * stride + offset * dilation - padding, onto all such rows or those of `target`."""
    map, batches = _transposed(x, kernel_size, stride, padding, dilation, target, origin, "conv_transpose3d")
    return _product(x, weight, map, bias, groups, "conv_transpose3d", batches)


def generative_conv_transpose3d(x: SparseTensor, weight: Array, bias: Optional[Array] = None, *,
                                kernel_size: Triple = 2, stride: Triple = 2, target: Target = None,
                                groups: int = 1) -> SparseTensor:
    """conv_transpose3d without padding and dilation."""
    map, batches = _transposed(x, kernel_size, stride, 0, 1, target, "corner", "generative_conv_transpose3d")
    return _product(x, weight, map, bias, groups, "generative_conv_transpose3d", batches)


def _require_rows(op: str, x: SparseTensor, set: CoordinateSet, which: str) -> None:
    if not x.coords.same_rows(set):
        raise ValueError(f"[{op}] the input ({x.rows} rows) does not live on the map's {which} set ({set.size} rows)")


def conv_on_map(x: SparseTensor, weight: Array, bias: Optional[Array], map: KernelMap,
                groups: int = 1) -> SparseTensor:
    """On any map: the form the others come down to."""
    _require_rows("conv_on_map", x, map.source, "source")
    return _product(x, weight, map, bias, groups, "conv_on_map")


def inverse_conv3d(x: SparseTensor, weight: Array, bias: Optional[Array], forward_map: KernelMap,
                   groups: int = 1) -> SparseTensor:
    """Back to the rows of the input of the forward op whose map is given. W[k] is not mirrored."""
    _require_rows("inverse_conv3d", x, forward_map.target, "target")
    return _product(x, weight, forward_map.swapped(), bias, groups, "inverse_conv3d")


def normalized_subm_conv3d(x: SparseTensor, weight: Array, bias: Optional[Array] = None, *, kernel_size: Triple = 3,
                           dilation: Triple = 1, groups: int = 1, eps: float = 1e-8) -> SparseTensor:
    """conv(x, W) / sqrt(conv(1, W*W) + eps) + bias; weight (K, G, C_in/G, C_out/G). Kernel 1 is not normalized."""
    if _kernel(kernel_size).volume == 1:
        return subm_conv3d(x, weight, bias, kernel_size=1, groups=groups)
    y = _functions_for(x.features).normalized_subm_conv(x.features, weight, bias, x.coords, kernel_size=kernel_size,
                                                        dilation=dilation, groups=groups, eps=eps)
    return x.with_features(y)


def normalized_conv_transpose3d(x: SparseTensor, weight: Array, bias: Optional[Array] = None, *,
                                kernel_size: Triple = 2, stride: Triple = 2, padding: Triple = 0,
                                dilation: Triple = 1, target: Target = None, origin: str = "corner", groups: int = 1,
                                eps: float = 1e-8) -> SparseTensor:
    """conv(x, W) / sqrt(conv(1, W*W) + eps) + bias on the transposed map."""
    kernel = _kernel(kernel_size, stride, padding, dilation, origin)
    rows, batches = _target_of(target, x, _divided(x.stride, stride))
    support, y = _functions_for(x.features).normalized_conv_transpose(x.features, weight, bias, x.coords, kernel, rows,
                                                                      groups=groups, eps=eps)
    return _on(support, y, max(x.batch_size, batches))


def normalized_generative_conv_transpose3d(x: SparseTensor, weight: Array, bias: Optional[Array] = None, *,
                                           kernel_size: Triple = 2, stride: Triple = 2, target: Target = None,
                                           groups: int = 1, eps: float = 1e-8) -> SparseTensor:
    """normalized_conv_transpose3d without padding and dilation."""
    return normalized_conv_transpose3d(x, weight, bias, kernel_size=kernel_size, stride=stride, target=target,
                                       groups=groups, eps=eps)


def linear(x: Union[SparseTensor, Array], weight: Array, bias: Optional[Array] = None) -> Any:
    """x W^T + bias; x (N, C_in) or a sparse tensor, weight (C_out, C_in), bias (C_out) or None."""
    if isinstance(x, SparseTensor):
        return x.with_features(linear(x.features, weight, bias))
    if len(weight.shape) != 2:
        raise ValueError(f"[linear] weight: expected shape (C_out,C_in), got {tuple(weight.shape)}")
    return _functions_for(x).conv(x, weight, None, bias, 1, "linear")


# --- pools ---


@_tracing.recorded
def pool3d(x: SparseTensor, *, mode: str = "max", kernel_size: Triple = 2, stride: Triple = 2, padding: Triple = 0,
           dilation: Triple = 1) -> SparseTensor:
    """'sum', 'max' or 'avg' over a forward map onto the strided support; avg divides by the contributors."""
    map = _pool_map(x, kernel_size, stride, padding, dilation, None)
    return _on(map.target, _functions_for(x.features).pool(x.features, map, mode), x.batch_size)


def _pool_map(x: SparseTensor, kernel_size: Triple, stride: Triple, padding: Triple, dilation: Triple,
              target: Optional[CoordinateSet]) -> KernelMap:
    kernel = _kernel(kernel_size, stride, padding, dilation)
    support = _core.strided_support(x.coords, stride) if target is None else target
    return _core.forward_map(x.coords, support, kernel)


@_tracing.recorded
def max_unpool3d(x: SparseTensor, pooled: SparseTensor, *, kernel_size: Triple = 2, stride: Triple = 2,
                 padding: Triple = 0, dilation: Triple = 1) -> SparseTensor:
    """Puts `pooled`, made by max pooling x with these options, back at the winning rows of x."""
    map = _pool_map(x, kernel_size, stride, padding, dilation, pooled.coords)
    y = _functions_for(x.features).max_unpool(x.features, pooled.features, map)
    return SparseTensor(x.coords, y, max(x.batch_size, pooled.batch_size))


@_tracing.recorded
def pool_transpose3d(x: SparseTensor, *, kernel_size: Triple = 2, stride: Triple = 2, padding: Triple = 0,
                     dilation: Triple = 1, target: Target = None) -> SparseTensor:
    """Mean of the contributors on the transposed map (corner origin)."""
    map, batches = _transposed(x, kernel_size, stride, padding, dilation, target, "corner", "pool_transpose3d")
    y = _functions_for(x.features).pool(x.features, map, "avg")
    return _on(map.target, y, max(x.batch_size, batches))


@_tracing.recorded
def trilinear_upsample3d(x: SparseTensor, *, stride: Triple = 2, target: Target = None) -> SparseTensor:
    """Corner offsets 0..2s-2, padding s-1, weight prod(1 - |o-(s-1)|/s), divided by the weights present."""
    rows, batches = _target_of(target, x, _divided(x.stride, stride))
    map, weights = _core._trilinear_map(x.coords, x.batch_size, stride, rows)
    y = _functions_for(x.features).pool(x.features, map, "avg", weights)
    return _on(map.target, y, max(x.batch_size, batches))


@_tracing.recorded
def global_pool(x: SparseTensor, mode: str = "avg") -> Array:
    """(B, C), reduced over each batch. An empty batch gives 0 for 'sum' and 'avg', an error for 'max'."""
    reductions = {"sum": "sum", "avg": "mean", "max": "max"}
    if mode not in reductions:
        raise ValueError(f"[global_pool] mode: expected one of 'sum', 'avg', 'max', got '{mode}'")
    batches = np.ascontiguousarray(x.coords.rows[:, 0])
    if mode == "max":
        empty = np.flatnonzero(np.bincount(batches, minlength=x.batch_size) == 0)
        if empty.size > 0:
            raise ValueError(f"[global_pool] batch {empty[0]} of {x.batch_size} is empty: it has no maximum")
    return _functions_for(x.features).segment_reduce(x.features, batches, x.batch_size, reductions[mode])


# --- joins and selections ---


def binary(op: str, lhs: SparseTensor, rhs: SparseTensor, *, join: str, lhs_fill: float = 0.0,
           rhs_fill: float = 0.0) -> SparseTensor:
    """lhs op rhs ('add', 'sub', 'mul', 'maximum', 'minimum') over the 'inner', 'left', 'right' or 'outer' join.

    Row order: inner and left keep lhs's, right rhs's, outer is lhs's rows, then those only rhs has. A row that is
    missing on one side takes that side's fill. In maximum and minimum a NaN wins.
    """
    set, y = _functions_for(lhs.features).binary(op, lhs.features, rhs.features, lhs.coords, rhs.coords, join,
                                                 lhs_fill, rhs_fill)
    return _on(set, y, max(lhs.batch_size, rhs.batch_size))


def add(lhs: SparseTensor, rhs: SparseTensor, *, join: str = "outer", lhs_fill: float = 0.0,
        rhs_fill: float = 0.0) -> SparseTensor:
    """lhs + rhs."""
    return binary("add", lhs, rhs, join=join, lhs_fill=lhs_fill, rhs_fill=rhs_fill)


def sub(lhs: SparseTensor, rhs: SparseTensor, *, join: str = "outer", lhs_fill: float = 0.0,
        rhs_fill: float = 0.0) -> SparseTensor:
    """lhs - rhs."""
    return binary("sub", lhs, rhs, join=join, lhs_fill=lhs_fill, rhs_fill=rhs_fill)


def mul(lhs: SparseTensor, rhs: SparseTensor, *, join: str = "inner", lhs_fill: float = 0.0,
        rhs_fill: float = 0.0) -> SparseTensor:
    """lhs * rhs."""
    return binary("mul", lhs, rhs, join=join, lhs_fill=lhs_fill, rhs_fill=rhs_fill)


def maximum(lhs: SparseTensor, rhs: SparseTensor, *, join: str = "inner", lhs_fill: float = 0.0,
            rhs_fill: float = 0.0) -> SparseTensor:
    """The larger of each element."""
    return binary("maximum", lhs, rhs, join=join, lhs_fill=lhs_fill, rhs_fill=rhs_fill)


def minimum(lhs: SparseTensor, rhs: SparseTensor, *, join: str = "inner", lhs_fill: float = 0.0,
            rhs_fill: float = 0.0) -> SparseTensor:
    """The smaller of each element."""
    return binary("minimum", lhs, rhs, join=join, lhs_fill=lhs_fill, rhs_fill=rhs_fill)


def cat(tensors: Sequence[SparseTensor], join: str = "inner") -> SparseTensor:
    """Channels side by side; missing rows are 0. More than two tensors are joined from the left."""
    if not tensors:
        raise ValueError("[cat] expected at least one tensor, got none")
    set, y = _functions_for(tensors[0].features).cat([t.features for t in tensors], [t.coords for t in tensors], join)
    return _on(set, y, max(t.batch_size for t in tensors))


def reindex(x: SparseTensor, target: CoordinateSet, fill: float = 0.0) -> SparseTensor:
    """The rows of `target`; `fill` where x has none."""
    y = _functions_for(x.features).reindex(x.features, x.coords, target, fill)
    return SparseTensor(target, y, x.batch_size)


@_tracing.recorded
def crop(x: SparseTensor, lo: Triple, hi: Triple) -> SparseTensor:
    """Rows inside the box [lo, hi], both ends included, in x's order."""
    return prune(x, _core._rows_inside(x.coords, lo, hi))


@_tracing.recorded
def prune(x: SparseTensor, rows: Any) -> SparseTensor:
    """The given rows (int32, distinct), in the given order; or, with a mask of N booleans, those where it is true."""
    chosen = np.asarray(rows)
    if chosen.dtype == np.bool_:
        if chosen.shape != (x.rows,):
            raise ValueError(f"[prune] mask: expected shape ({x.rows}), got {chosen.shape}")
        chosen = np.flatnonzero(chosen)
    if chosen.dtype == np.int64:
        if chosen.size and (chosen.min() < 0 or chosen.max() >= x.rows):
            raise ValueError(f"[prune] rows: expected numbers in [0, {x.rows}), got {chosen.min()} to {chosen.max()}")
        chosen = chosen.astype(np.int32)
    (set,) = _core._prune(x.coords, np.ascontiguousarray(chosen))
    return SparseTensor(set, _functions_for(x.features).take_rows(x.features, chosen), x.batch_size)


def topk(x: SparseTensor, count: int, channel: int = 0) -> Array:
    """(M) int32: the rows of the `count` largest values of `channel` in each batch, in row order; ties go to the
    lower row, NaN counts as the largest."""
    return _core._topk(_contiguous(x.features), x.coords, x.batch_size, count, channel)


def _contiguous(features: Any) -> Any:
    return features if isinstance(features, np.ndarray) or not hasattr(features, "contiguous") \
        else features.detach().contiguous()


# --- points and grids ---


class Voxelized(NamedTuple):
    """tensor: in canonical order. row_of_point: (P) int32, -1: dropped. dropped: their number."""

    tensor: SparseTensor
    row_of_point: Any
    dropped: int


@_tracing.recorded
def voxelize(points: Array, features: Optional[Array], batch: Optional[Array] = None, *, voxel_size: Doubles = 1.0,
             origin: Doubles = 0.0, reduction: str = "mean", non_finite: str = "error", stride: Triple = 1,
             batch_size: Optional[int] = None) -> Voxelized:
    """Points (P, 3) float32 with features (P, C) to voxels: cell = floor((p - origin) / voxel_size) in float64.

    reduction: 'sum', 'mean', 'max', 'first', or 'count' (one channel; features may be None). batch: (P) int32, or
    None: all 0. non_finite: 'error', or 'drop'. stride is metadata of the result.
    """
    plain = None if features is None else _contiguous(features)
    set, y, rows, dropped = _core._voxelize(points, plain, batch, voxel_size, origin, reduction, non_finite, stride,
                                            batch_size)
    return _reduced(set, y, rows, dropped, features, reduction)


def sparse_from_points(rows: Array, features: Optional[Array], reduction: str, *, stride: Triple = 1,
                       batch_size: Optional[int] = None) -> Voxelized:
    """A sparse tensor from (N, 4) rows that may repeat: duplicates are merged by `reduction`."""
    plain = None if features is None else _contiguous(features)
    set, y, places, dropped = _core._sparse_from_points(rows, plain, reduction, stride, batch_size)
    return _reduced(set, y, places, dropped, features, reduction)


def _reduced(set: CoordinateSet, y: Array, rows: Array, dropped: int, features: Optional[Array],
             reduction: str) -> Voxelized:
    functions = _functions_for(features)
    if functions is not _plain and features.requires_grad and reduction != "count":  # type: ignore[union-attr]
        y = functions.segment_reduce(features, rows, set.size, reduction)
    return Voxelized(SparseTensor(set, y), rows, dropped)


def devoxelize(points: Array, voxels: SparseTensor, batch: Optional[Array] = None, *, voxel_size: Doubles = 1.0,
               origin: Doubles = 0.0, interpolation: str = "nearest", nearest: str = "cell",
               renormalize: bool = False, non_finite: str = "error") -> Array:
    """(P, C): what points read of the voxels; voxloom.functional.devoxelize tells of the options."""
    return _functions_for(voxels.features).devoxelize(
        points, voxels.coords, voxels.features, batch, voxel_size=voxel_size, origin=origin,
        interpolation=interpolation, nearest=nearest, renormalize=renormalize, non_finite=non_finite)


def to_dense(x: SparseTensor, lo: Triple, hi: Triple) -> Array:
    """(B, X, Y, Z, C) over the box [lo, hi], both ends included; 0 where there is no row."""
    return _functions_for(x.features).to_dense(x.features, x.coords, lo, hi, x.batch_size)


def from_dense(grid: Array, lo: Triple = 0, stride: Triple = 1) -> SparseTensor:
    """Rows of a dense (B, X, Y, Z, C) grid whose features are not all zero, shifted by lo, in canonical order."""
    set, y, batches = _core._from_dense(_contiguous(grid), lo, stride)
    return _on(set, y, batches)


def activate(x: SparseTensor, kind: str, *, approximate: str = "none", alpha: float = 0.01, beta: float = 1.0,
             threshold: float = 20.0) -> SparseTensor:
    """voxloom.functional.activate on the features."""
    return x.with_features(_functions_for(x.features).activate(x.features, kind, approximate, alpha, beta, threshold))
