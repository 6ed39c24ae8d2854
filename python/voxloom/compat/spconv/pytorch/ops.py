"""Names of spconv.pytorch.ops: output sizes, pairs, and products over tables of pairs, without gradients."""

from __future__ import annotations

from typing import Any

import torch

from .._cumm import tensorview as tv
from .._geometry import Pairs, Window, keep_pairs_with, pairs_kept_with, reach, submanifold_pairs
from .._products import convolve, max_pool, mean_pool
from ..core import ConvAlgo
from .cppcore import get_arch, get_current_stream

__all__ = [
    "ConvAlgo", "get_arch", "get_conv_output_size", "get_current_stream", "get_deconv_output_size",
    "get_indice_pairs", "get_indice_pairs_implicit_gemm", "global_pool_rearrange", "implicit_gemm",
    "implicit_gemm_backward", "indice_avgpool_implicit_gemm", "indice_conv", "indice_conv_backward", "indice_maxpool",
    "indice_maxpool_implicit_gemm", "maximum_value_int_",
]  # fmt: skip

INT32_MAX = 2**31 - 1


def get_conv_output_size(
    input_size: list[int], kernel_size: list[int], stride: list[int], padding: list[int], dilation: list[int]
) -> list[int]:
    """(D + 2p - dilation*(k-1) - 1) // stride + 1 per axis; 1 where the kernel is -1."""
    return [
        1 if k == -1 else (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d in zip(input_size, kernel_size, stride, padding, dilation)
    ]


def get_deconv_output_size(
    input_size: list[int], kernel_size: list[int], stride: list[int], padding: list[int], dilation: list[int],
    output_padding: list[int],
) -> list[int]:  # fmt: skip
    """(D - 1)*stride - 2p + k + output_padding per axis: without the dilation, as in spconv."""
    if any(k == -1 for k in kernel_size):
        raise ValueError("spconv: transposed layers want kernel sizes above 0")
    return [
        (size - 1) * s - 2 * p + k + more
        for size, k, s, p, more in zip(input_size, kernel_size, stride, padding, output_padding)
    ]


def _new_pairs(
    indices: torch.Tensor, batch_size: int, spatial_shape: list[int], ksize: list[int], stride: list[int],
    padding: list[int], dilation: list[int], out_padding: list[int], subm: bool, transpose: bool,
) -> tuple[torch.Tensor, Pairs]:  # fmt: skip
    if subm:
        return indices, submanifold_pairs(indices, batch_size, tuple(spatial_shape), tuple(ksize), tuple(dilation))
    if transpose:
        shape = get_deconv_output_size(spatial_shape, ksize, stride, padding, dilation, out_padding)
    else:
        shape = get_conv_output_size(spatial_shape, ksize, stride, padding, dilation)
    window = Window(tuple(ksize), tuple(stride), tuple(padding), tuple(dilation), transpose)
    reached = reach(indices, batch_size, tuple(spatial_shape), tuple(shape), window)
    return reached.indices, reached.pairs


def get_indice_pairs(
    indices: torch.Tensor, batch_size: int, spatial_shape: list[int], algo: ConvAlgo, ksize: list[int], stride: list[int],
    padding: list[int], dilation: list[int], out_padding: list[int], subm: bool = False, transpose: bool = False,
    num_out_act_bound: int = -1,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """(output indices, pairs (2, K, N_in), pairs per offset (K,)) of the native algorithm, int32."""
    _refuse_bound(num_out_act_bound)
    out, pairs = _new_pairs(
        indices, batch_size, spatial_shape, ksize, stride, padding, dilation, out_padding, subm, transpose
    )
    table, counts = pairs.native()
    return out, keep_pairs_with(table, pairs), counts


def get_indice_pairs_implicit_gemm(
    indices: torch.Tensor, batch_size: int, spatial_shape: list[int], algo: ConvAlgo, ksize: list[int], stride: list[int],
    padding: list[int], dilation: list[int], out_padding: list[int], subm: bool = False, transpose: bool = False,
    is_train: bool = True, alloc: Any = None, timer: Any = None, num_out_act_bound: int = -1, direct_table: bool = True,
    do_sort: bool = True,
) -> tuple[Any, ...]:  # fmt: skip
    """(output indices, pairs per offset (K,), forward table (K, N_out), backward table (K, N_in)), and five places for
    the masks that CUDA kernels read, which are empty."""
    _refuse_bound(num_out_act_bound)
    out, pairs = _new_pairs(
        indices, batch_size, spatial_shape, ksize, stride, padding, dilation, out_padding, subm, transpose
    )
    forward = keep_pairs_with(pairs.forward_table(), pairs)
    counts = forward.ge(0).sum(dim=1).to(torch.int32)
    return out, counts, forward, pairs.backward_table(), [], [], [], [], []


def _refuse_bound(bound: int) -> None:
    if bound > 0:
        raise NotImplementedError("spconv: num_out_act_bound: bounded outputs are for CUDA engines; a CPU makes them all")


def _native_pairs(table: torch.Tensor, counts: torch.Tensor, sources: int, targets: int, inverse: bool, subm: bool) -> Pairs:
    kept = pairs_kept_with(table)
    if kept is None:
        own = (targets, sources) if inverse else (sources, targets)
        kept = keep_and_return(table, Pairs.of_native(table, counts, *own, submanifold=subm))
    return kept.swapped if inverse else kept


def _table_pairs(forward: torch.Tensor, sources: int) -> Pairs:
    kept = pairs_kept_with(forward)
    return kept if kept is not None else keep_and_return(forward, Pairs.of_forward_table(forward, sources))


def keep_and_return(table: torch.Tensor, pairs: Pairs) -> Pairs:
    keep_pairs_with(table, pairs)
    return pairs


def _refuse_activation(act_type: tv.gemm.Activation) -> None:
    if act_type != tv.gemm.Activation.None_:
        raise NotImplementedError("spconv: act_type: apply the activation to what comes back")


def indice_conv(
    features: torch.Tensor, filters: torch.Tensor, indice_pairs: torch.Tensor, indice_pair_num: torch.Tensor,
    num_activate_out: int, inverse: bool = False, subm: bool = False, algo: ConvAlgo = ConvAlgo.Native, timer: Any = None,
    bias: torch.Tensor | None = None, act_alpha: float = 0.0, act_beta: float = 0.0,
    act_type: tv.gemm.Activation = tv.gemm.Activation.None_,
) -> torch.Tensor:  # fmt: skip
    """The product over native pairs; filters (C_out, *kernel, C_in)."""
    _refuse_activation(act_type)
    pairs = _native_pairs(indice_pairs, indice_pair_num, len(features), num_activate_out, inverse, subm)
    return convolve(features, filters, pairs, bias)


def implicit_gemm(
    features: torch.Tensor, filters: torch.Tensor, pair_fwd: torch.Tensor, pair_mask_fwd_splits: Any = None,
    mask_argsort_fwd_splits: Any = None, num_activate_out: int = -1, masks: Any = None, is_train: bool = False,
    is_subm: bool = False, timer: Any = None, fp32_accum: bool | None = None, bias: torch.Tensor | None = None,
    act_alpha: float = 0.0, act_beta: float = 0.0, act_type: tv.gemm.Activation = tv.gemm.Activation.None_,
) -> tuple[torch.Tensor, None, int]:  # fmt: skip
    """(the product over a forward table (K, N_out), no mask, -1)."""
    _refuse_activation(act_type)
    return convolve(features, filters, _table_pairs(pair_fwd, len(features)), bias), None, -1


def _gradients(
    features: torch.Tensor, filters: torch.Tensor, out_bp: torch.Tensor, pairs: Pairs
) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.enable_grad():
        x, w = features.detach().requires_grad_(), filters.detach().requires_grad_()
        dx, dw = torch.autograd.grad(convolve(x, w, pairs, None), (x, w), out_bp)
    return dx, dw


def indice_conv_backward(
    features: torch.Tensor, filters: torch.Tensor, out_bp: torch.Tensor, indice_pairs: torch.Tensor,
    indice_pair_num: torch.Tensor, inverse: bool = False, subm: bool = False, algo: ConvAlgo = ConvAlgo.Native,
    timer: Any = None,
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """The gradients of features and filters."""
    pairs = _native_pairs(indice_pairs, indice_pair_num, len(features), len(out_bp), inverse, subm)
    return _gradients(features, filters, out_bp, pairs)


def implicit_gemm_backward(
    features: torch.Tensor, filters: torch.Tensor, out_bp: torch.Tensor, pair_fwd: torch.Tensor, *_: Any, **__: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients of features and filters."""
    return _gradients(features, filters, out_bp, _table_pairs(pair_fwd, len(features)))


def indice_maxpool(
    features: torch.Tensor, indice_pairs: torch.Tensor, indice_pair_num: torch.Tensor, num_activate_out: int
) -> torch.Tensor:
    """The greatest of the rows met and 0."""
    pairs = _native_pairs(indice_pairs, indice_pair_num, len(features), num_activate_out, False, False)
    return max_pool(features, pairs, from_zero=True)


def indice_maxpool_implicit_gemm(features: torch.Tensor, indice_pairs: torch.Tensor, num_activate_out: int) -> torch.Tensor:
    """The greatest of the rows met; indice_pairs (K, N_out)."""
    return max_pool(features, _table_pairs(indice_pairs, len(features)), from_zero=False)


def indice_avgpool_implicit_gemm(
    features: torch.Tensor, indice_pairs: torch.Tensor, num_activate_out: int, calc_count: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """(the mean of the rows met, how many they are (N_out,) int32 or an empty tensor)."""
    pooled = mean_pool(features, _table_pairs(indice_pairs, len(features)))
    return pooled, indice_pairs.ge(0).sum(dim=0).to(torch.int32) if calc_count else torch.Tensor()


def maximum_value_int_(ten: torch.Tensor, value: int) -> None:
    """Raises each number of `ten` to `value`, in place."""
    ten.clamp_(min=value)


def global_pool_rearrange(coords: torch.Tensor, batch_size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """((B, N) the rows of each batch, in order, then anything; (B,) how many), int32. Negative batches are left out."""
    batches = coords[:, 0].long()
    rows = torch.nonzero(batches >= 0).reshape(-1)
    order = rows[torch.argsort(batches[rows], stable=True)]
    counts = torch.bincount(batches[rows], minlength=batch_size)
    begin = torch.cumsum(counts, 0) - counts
    table = torch.zeros((batch_size, coords.shape[0]), dtype=torch.int32)
    sorted_batches = batches[order]
    table[sorted_batches, torch.arange(len(order)) - begin[sorted_batches]] = order.to(torch.int32)
    return table, counts.to(torch.int32)


_NO_KERNEL = {
    "fused_indice_conv": "spconv itself does not implement it",
    "indice_maxpool_backward": "torch.autograd works through functional.indice_maxpool",
    "indice_maxpool_implicit_gemm_backward": "torch.autograd works through functional.indice_maxpool_implicit_gemm",
    "indice_avgpool_implicit_gemm_backward": "torch.autograd works through functional.indice_avgpool_implicit_gemm",
}


def __getattr__(name: str) -> Any:
    if name in _NO_KERNEL:
        raise NotImplementedError(f"voxloom.compat.spconv: ops.{name}: {_NO_KERNEL[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
