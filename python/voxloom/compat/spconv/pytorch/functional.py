"""Names of spconv.pytorch.functional: products and pools over tables of pairs, with gradients; sums of tensors whose
indices differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import voxloom.torch.functional as rows_functional

from .._cumm import tensorview as tv
from .._geometry import sites_of
from ..core import ConvAlgo
from . import ops
from ._expect import expect
from .core import SparseConvTensor

__all__ = [
    "implicit_gemm", "indice_avgpool_implicit_gemm", "indice_conv", "indice_inverse_conv", "indice_maxpool",
    "indice_maxpool_implicit_gemm", "indice_subm_conv", "sparse_add", "sparse_add_hash_based",
]  # fmt: skip

_NO_ACTIVATION = tv.gemm.Activation.None_


def indice_conv(
    features: torch.Tensor, filters: torch.Tensor, indice_pairs: torch.Tensor, indice_pair_num: torch.Tensor,
    num_activate_out: int, algo: ConvAlgo = ConvAlgo.Native, timer: Any = None, bias: torch.Tensor | None = None,
    act_alpha: float = 0.0, act_beta: float = 0.0, act_type: tv.gemm.Activation = _NO_ACTIVATION,
) -> torch.Tensor:  # fmt: skip
    """A regular convolution over native pairs."""
    return ops.indice_conv(
        features, filters, indice_pairs, indice_pair_num, num_activate_out, False, False, algo, timer, bias, act_alpha,
        act_beta, act_type,
    )  # fmt: skip


def indice_inverse_conv(
    features: torch.Tensor, filters: torch.Tensor, indice_pairs: torch.Tensor, indice_pair_num: torch.Tensor,
    num_activate_out: int, algo: ConvAlgo = ConvAlgo.Native, timer: Any = None, bias: torch.Tensor | None = None,
    act_alpha: float = 0.0, act_beta: float = 0.0, act_type: tv.gemm.Activation = _NO_ACTIVATION,
) -> torch.Tensor:  # fmt: skip
    """Back over the native pairs of a regular convolution."""
    return ops.indice_conv(
        features, filters, indice_pairs, indice_pair_num, num_activate_out, True, False, algo, timer, bias, act_alpha,
        act_beta, act_type,
    )  # fmt: skip


def indice_subm_conv(
    features: torch.Tensor, filters: torch.Tensor, indice_pairs: torch.Tensor, indice_pair_num: torch.Tensor,
    num_activate_out: int, algo: ConvAlgo = ConvAlgo.Native, timer: Any = None, bias: torch.Tensor | None = None,
    act_alpha: float = 0.0, act_beta: float = 0.0, act_type: tv.gemm.Activation = _NO_ACTIVATION,
) -> torch.Tensor:  # fmt: skip
    """A submanifold convolution over native pairs."""
    return ops.indice_conv(
        features, filters, indice_pairs, indice_pair_num, num_activate_out, False, True, algo, timer, bias, act_alpha,
        act_beta, act_type,
    )  # fmt: skip


def implicit_gemm(
    features: torch.Tensor, filters: torch.Tensor, pair_fwd: torch.Tensor, pair_bwd: torch.Tensor,
    pair_mask_fwd_splits: Any, pair_mask_bwd_splits: Any, mask_argsort_fwd_splits: Any, mask_argsort_bwd_splits: Any,
    num_activate_out: int, masks: Any, is_train: bool, is_subm: bool, timer: Any = None, fp32_accum: bool | None = None,
    bias: torch.Tensor | None = None, act_alpha: float = 0.0, act_beta: float = 0.0,
    act_type: tv.gemm.Activation = _NO_ACTIVATION,
) -> torch.Tensor:  # fmt: skip
    """A convolution over a forward table (K, N_out); the masks are not looked at."""
    return ops.implicit_gemm(features, filters, pair_fwd, bias=bias, act_type=act_type)[0]


def indice_maxpool(
    features: torch.Tensor, indice_pairs: torch.Tensor, indice_pair_num: torch.Tensor, num_activate_out: int
) -> torch.Tensor:
    """The greatest of the rows met and 0."""
    return ops.indice_maxpool(features, indice_pairs, indice_pair_num, num_activate_out)


def indice_maxpool_implicit_gemm(
    features: torch.Tensor, indice_pairs_fwd: torch.Tensor, indice_pairs_bwd: torch.Tensor, num_activate_out: int
) -> torch.Tensor:
    """The greatest of the rows met."""
    return ops.indice_maxpool_implicit_gemm(features, indice_pairs_fwd, num_activate_out)


def indice_avgpool_implicit_gemm(
    features: torch.Tensor, indice_pairs_fwd: torch.Tensor, indice_pairs_bwd: torch.Tensor, num_activate_out: int,
    calc_count: bool = True,
) -> tuple[torch.Tensor, torch.Tensor] | torch.Tensor:  # fmt: skip
    """The mean of the rows met."""
    return ops.indice_avgpool_implicit_gemm(features, indice_pairs_fwd, num_activate_out, False)[0]


def _sum(tensors: tuple[SparseConvTensor, ...]) -> SparseConvTensor:
    """On the union of the indices, in ascending order. Keeps the indice_dict of a tensor that has all of them."""
    first = tensors[0]
    for other in tensors:
        alike = other.spatial_shape == first.spatial_shape and other.batch_size == first.batch_size
        expect(alike and other.features.shape[1] == first.features.shape[1], "sparse_add: expected tensors of one shape")
    shape = [first.batch_size, *first.spatial_shape]
    if np.prod(np.array(shape, dtype=object)) >= 2**63:
        raise ValueError(f"sparse_add: the shape {shape} has more than 2^63 sites")
    for other in tensors:
        sites_of(other.indices).check_batches(first.batch_size)
        sites_of(other.indices).check_inside(tuple(first.spatial_shape))
    rows = torch.cat([other.indices for other in tensors]).long().numpy()
    keys = np.ravel_multi_index(tuple(rows.T), shape) if len(rows) else np.zeros(0, np.int64)
    unique, inverse = np.unique(keys, return_inverse=True)
    indices = torch.from_numpy(np.stack(np.unravel_index(unique, shape), axis=1).astype(np.int32))
    segments = torch.from_numpy(inverse.reshape(-1).astype(np.int32))
    features = torch.cat([other.features for other in tensors])
    summed = rows_functional.segment_reduce(features, segments, len(unique), "sum")
    kept = max(tensors, key=lambda other: other.features.shape[0])
    return first._with(summed, indices, first.spatial_shape, kept.indice_dict if len(kept.indices) == len(unique) else {})


def sparse_add(*tens: SparseConvTensor) -> SparseConvTensor:
    """The sum of tensors of one shape whose indices differ, on the union of their indices, in ascending order.

    Pairs are dropped, unless one of the tensors has all the indices. AssertionError: shapes that differ.
    """
    return _sum(tens)


def sparse_add_hash_based(*tens: SparseConvTensor) -> SparseConvTensor:
    """As sparse_add. (spconv gives the rows in the order of its hash table.)"""
    return _sum(tens)
