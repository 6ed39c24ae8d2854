"""Functions on rows of features and kernel maps: what the operations on sparse tensors stand on.

x is (N, C) float32, float16 or bfloat16. Nothing is noted down for gradients here; `voxloom.torch.functional` has the
same functions with them. The gradients themselves are functions too (conv_input_gradient, ...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple, Union

from . import _core
from ._core import (
    activate,
    activation_gradient,
    batch_norm,
    batch_norm_gradient,
    batch_norm_of_batch,
    conv,
    conv_bias_gradient,
    conv_input_gradient,
    conv_weight_gradient,
    dropout,
    group_norm,
    layer_norm,
    max_unpool,
    max_unpool_gradient,
    max_winners,
    pool,
    pool_gradient,
    rms_norm,
    row_norm_gradient,
    segment_gradient,
    segment_reduce,
    softmax,
    softmax_gradient,
    take_rows,
)

if TYPE_CHECKING:
    from ._core import CoordinateSet, KernelSpec

Array = Any
Triple = Union[int, Sequence[int]]
Doubles = Union[float, Sequence[float]]

__all__ = [
    "activate", "activation_gradient", "batch_norm", "batch_norm_gradient", "batch_norm_of_batch", "binary", "cat",
    "conv", "conv_bias_gradient", "conv_input_gradient", "conv_weight_gradient", "cross_entropy", "devoxelize",
    "dropout", "embedding_lookup", "group_norm", "layer_norm", "lovasz_softmax", "max_unpool", "max_unpool_gradient",
    "max_winners", "normalized_conv_transpose", "normalized_subm_conv", "pool", "pool_gradient", "reindex", "rms_norm",
    "row_norm_gradient", "segment_gradient", "segment_reduce", "softmax", "softmax_gradient", "take_rows", "to_dense",
]


def embedding_lookup(indices: Array, table: Array) -> Array:
    """(M, C): the rows of `table` (V, C) that `indices` (M) int32 names. ValueError: out of range."""
    return _core.take_rows(table, indices)


def devoxelize(points: Array, set: CoordinateSet, x: Array, batch: Optional[Array] = None, *,
               voxel_size: Doubles = 1.0, origin: Doubles = 0.0, interpolation: str = "nearest",
               nearest: str = "cell", renormalize: bool = False, non_finite: str = "error") -> Array:
    """(P, C) of x's dtype: what points (P, 3) float32 read of the voxels of `set`, whose features are x (N, C).

    A point in voxels is (p - origin) / voxel_size in float64. interpolation 'nearest' (nearest 'cell': the cell that
    holds the point, 'lattice': floor(q + 0.5)) or 'linear' (renormalize: divided by the weight present). A point
    without voxels gets 0. batch: (P) int32, or None: all 0. non_finite: 'error', or 'drop', which gives 0.
    """
    return _core._devoxelize(x, [False], points, set, batch, voxel_size, origin, interpolation, nearest, renormalize,
                             non_finite)[1]


def to_dense(x: Array, set: CoordinateSet, lo: Triple, hi: Triple, batch_size: Optional[int] = None) -> Array:
    """(B, X, Y, Z, C) over the box [lo, hi], both ends included; 0 where there is no row."""
    return _core._to_dense(x, [False], set, lo, hi, set.batch_size if batch_size is None else batch_size)[1]


def binary(op: str, lhs: Array, rhs: Array, lhs_set: CoordinateSet, rhs_set: CoordinateSet, join: str,
           lhs_fill: float = 0.0, rhs_fill: float = 0.0) -> Tuple[CoordinateSet, Array]:
    """(set, features) of lhs op rhs, row by row, over a join of their sets."""
    _, y, joined = _core._binary(op, lhs, rhs, [False, False], lhs_set, rhs_set, join, lhs_fill, rhs_fill)
    return joined, y


def cat(features: Sequence[Array], sets: Sequence[CoordinateSet], join: str = "inner") -> Tuple[CoordinateSet, Array]:
    """(set, features): channels side by side, over a join of the sets; missing rows are 0."""
    _, y, joined = _core._cat(list(features), [False] * len(features), list(sets), join)
    return joined, y


def reindex(x: Array, set: CoordinateSet, target: CoordinateSet, fill: float = 0.0) -> Array:
    """The rows of `target`; `fill` where `set` has none."""
    return _core._reindex(x, [False], set, target, fill)[1]


def normalized_subm_conv(x: Array, weight: Array, bias: Optional[Array], set: CoordinateSet, *, kernel_size: Triple,
                         dilation: Triple = 1, groups: int = 1, eps: float = 1e-8) -> Array:
    """conv(x, W) / sqrt(conv(1, W*W) + eps) + bias on the rows of `set`; weight (K, G, C_in/G, C_out/G)."""
    return _core._normalized_subm(x, weight, bias, [False] * 3, set, kernel_size, dilation, groups, eps)[1]


def normalized_conv_transpose(x: Array, weight: Array, bias: Optional[Array], set: CoordinateSet, kernel: KernelSpec,
                              target: Optional[CoordinateSet] = None, *, groups: int = 1,
                              eps: float = 1e-8) -> Tuple[CoordinateSet, Array]:
    """(set, features) of the normalized transposed convolution; weight (K, G, C_in/G, C_out/G)."""
    _, y, support = _core._normalized_transpose(x, weight, bias, [False] * 3, set, kernel, target, groups, eps)
    return support, y


def cross_entropy(scores: Array, labels: Array, ignore: int = -1, class_weights: Optional[Array] = None,
                  label_smoothing: float = 0.0) -> Array:
    """(1): the weighted mean over the rows of scores (N, C) float32 with labels (N) int32.

    loss = sum_i [(1-s) w(l_i) (-log p_i(l_i)) + s/C sum_c w(c) (-log p_i(c))] / sum_i w(l_i); rows whose label is
    `ignore` count for nothing, and without any other row the loss is 0.
    """
    return _core._cross_entropy(scores, [False], labels, ignore, class_weights, label_smoothing)[1]


def lovasz_softmax(scores: Array, labels: Array, ignore: int = -1) -> Array:
    """(1): the Lovasz extension of the Jaccard loss of softmax(scores), the mean over the classes that are present
    (Berman, Rannen Triki and Blaschko 2018)."""
    return _core._lovasz_softmax(scores, [False], labels, ignore)[1]
