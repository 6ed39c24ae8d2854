"""Sparse tensors, and the pairs that layers leave in them under an indice_key."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._geometry import Pairs, sites_of
from ..constants import SPCONV_FX_TRACE_MODE
from ..core import ConvAlgo
from ..tools import CUDAKernelTimer
from ._expect import expect

try:
    from torch.fx import ProxyableClassMeta as SpConvTensorMeta  # type: ignore[attr-defined, unused-ignore]
except ImportError:  # pragma: no cover

    class SpConvTensorMeta(type):  # type: ignore[no-redef]
        pass


class ThrustSortAllocator:
    """Scratch memory of CUDA sorts: there are none."""

    def __init__(self, device: torch.device) -> None:
        self.alloced_objs: dict[int, torch.Tensor] = {}
        self.device = device

    def alloc(self, n: int) -> int:
        raise NotImplementedError("voxloom.compat.spconv: ThrustSortAllocator serves CUDA kernels, which are not run")


class _SharedPairs:
    """What both kinds have: whose pairs these are, and with which window they were made."""

    def __init__(
        self, out_indices: torch.Tensor, indices: torch.Tensor, pairs: Pairs | None, spatial_shape: list[int],
        out_spatial_shape: list[int], is_subm: bool, algo: ConvAlgo, ksize: list[int], stride: list[int],
        dilation: list[int], padding: list[int],
    ) -> None:  # fmt: skip
        self.out_indices, self.indices = out_indices, indices
        self.spatial_shape, self.out_spatial_shape = spatial_shape, out_spatial_shape
        self.is_subm, self.algo = is_subm, algo
        self.ksize, self.stride, self.dilation, self.padding = ksize, stride, dilation, padding
        self._pairs = pairs


class IndiceData(_SharedPairs):
    """Pairs of the native algorithm: `indice_pairs` (2, K, N_in) int32, `indice_pair_num` (K,) int32.

    Those of a layer are worked out when they are first read: layers themselves run on voxloom's kernel map.
    """

    def __init__(
        self, out_indices: torch.Tensor, indices: torch.Tensor, indice_pairs: torch.Tensor | Pairs,
        indice_pair_num: torch.Tensor | None, spatial_shape: list[int], out_spatial_shape: list[int], is_subm: bool,
        algo: ConvAlgo, ksize: list[int], stride: list[int], dilation: list[int], padding: list[int],
        voxel_num: Any = None,
    ) -> None:  # fmt: skip
        made = indice_pairs if isinstance(indice_pairs, Pairs) else None
        super().__init__(
            out_indices, indices, made, spatial_shape, out_spatial_shape, is_subm, algo, ksize, stride, dilation, padding
        )
        self._native = None if isinstance(indice_pairs, Pairs) else (indice_pairs, indice_pair_num)
        self.voxel_num = voxel_num

    def _tables(self) -> Any:
        if self._native is None:
            self._native = self.pairs.native()
        return self._native

    @property
    def indice_pairs(self) -> torch.Tensor:
        return self._tables()[0]

    @property
    def indice_pair_num(self) -> torch.Tensor:
        return self._tables()[1]

    @property
    def pairs(self) -> Pairs:
        if self._pairs is None:
            table, counts = self._tables()
            self._pairs = Pairs.of_native(table, counts, len(self.indices), len(self.out_indices), self.is_subm)
        return self._pairs


class ImplicitGemmIndiceData(_SharedPairs):
    """Pairs of the implicit algorithms: `pair_fwd` (K, N_out), `pair_bwd` (K, N_in) int32, -1: none.

    Masks and their orders, which CUDA kernels read, are empty.
    """

    def __init__(
        self, out_indices: torch.Tensor, indices: torch.Tensor, pair_fwd: torch.Tensor | Pairs, pair_bwd: Any = None,
        pair_mask_fwd_splits: Any = (), pair_mask_bwd_splits: Any = (), mask_argsort_fwd_splits: Any = (),
        mask_argsort_bwd_splits: Any = (), masks: Any = (), spatial_shape: Any = None, out_spatial_shape: Any = None,
        is_subm: bool = False, algo: ConvAlgo = ConvAlgo.MaskImplicitGemm, ksize: Any = None, stride: Any = None,
        dilation: Any = None, padding: Any = None, in_voxel_num: Any = None, out_voxel_num: Any = None,
    ) -> None:  # fmt: skip
        made = pair_fwd if isinstance(pair_fwd, Pairs) else Pairs.of_forward_table(pair_fwd, len(indices))
        super().__init__(
            out_indices, indices, made, spatial_shape, out_spatial_shape, is_subm, algo, ksize, stride, dilation, padding
        )
        self.pair_mask_fwd_splits, self.pair_mask_bwd_splits = list(pair_mask_fwd_splits), list(pair_mask_bwd_splits)
        self.mask_argsort_fwd_splits = list(mask_argsort_fwd_splits)
        self.mask_argsort_bwd_splits = list(mask_argsort_bwd_splits)
        self.masks = list(masks)
        self.in_voxel_num, self.out_voxel_num = in_voxel_num, out_voxel_num

    @property
    def pairs(self) -> Pairs:
        return self._pairs  # type: ignore[return-value]

    @property
    def pair_fwd(self) -> torch.Tensor:
        return self.pairs.forward_table()

    @property
    def pair_bwd(self) -> torch.Tensor:
        return self.pairs.backward_table()


def scatter_nd(indices: torch.Tensor, updates: torch.Tensor, shape: list[int]) -> torch.Tensor:
    """Zeros of `shape` with `updates` written at `indices` (..., D), the last of equal ones."""
    depth = indices.shape[-1]
    at = tuple(indices.reshape(-1, depth).long().unbind(1))
    rest = list(shape[depth:])
    return updates.new_zeros(list(shape)).index_put(at, updates.reshape([-1, *rest]))


class SparseConvTensor(metaclass=SpConvTensorMeta):
    """Features (N, C) on indices (N, 1 + axes) int32, batch first, inside `spatial_shape` (one length per axis).

    Layers give new tensors; pairs made under an indice_key travel in `indice_dict`. AssertionError: shapes that do not
    fit. grid, voxel_num, benchmark and timers are kept as given; nothing reads them.
    """

    def __init__(
        self, features: torch.Tensor, indices: torch.Tensor, spatial_shape: list[int] | np.ndarray[Any, Any], batch_size: int,
        grid: torch.Tensor | None = None, voxel_num: torch.Tensor | None = None, indice_dict: dict[str, Any] | None = None,
        benchmark: bool = False, permanent_thrust_allocator: bool = False, enable_timer: bool = False,
        force_algo: ConvAlgo | None = None,
    ) -> None:  # fmt: skip
        if not SPCONV_FX_TRACE_MODE:
            expect(features.ndim == 2, "SparseConvTensor: features: expected (N, C)")
            expect(indices.ndim == 2, "SparseConvTensor: indices: expected (N, 1 + axes)")
            expect(len(spatial_shape) == indices.shape[1] - 1, "SparseConvTensor: spatial_shape: one length per axis")
            expect(indices.dtype == torch.int32, "SparseConvTensor: indices: expected int32")
            expect(batch_size > 0, "SparseConvTensor: batch_size: expected at least 1")
        self._features = features
        self.indices = indices
        self.spatial_shape = [int(length) for length in spatial_shape]
        self.batch_size = batch_size
        self.indice_dict = {} if indice_dict is None else indice_dict
        self.grid = torch.Tensor() if grid is None else grid
        self.voxel_num = voxel_num
        self.benchmark = benchmark
        self.benchmark_record: dict[str, Any] = {}
        self.thrust_allocator = None
        self._timer = CUDAKernelTimer(enable_timer)
        self.force_algo = force_algo
        self.int8_scale: np.ndarray[Any, Any] | None = None

    def __repr__(self) -> str:
        return f"SparseConvTensor[shape={self._features.shape}]"

    @property
    def features(self) -> torch.Tensor:
        return self._features

    @features.setter
    def features(self, val: torch.Tensor) -> None:
        raise ValueError("SparseConvTensor: features cannot be set; take x = x.replace_feature(features)")

    @property
    def is_quantized(self) -> bool:
        return self.features.dtype == torch.qint8

    def q_scale(self) -> float:
        if not self.is_quantized:
            raise ValueError("SparseConvTensor: q_scale: the features are not quantized")
        return self.features.q_scale()

    def dequantize(self) -> SparseConvTensor:
        return self.replace_feature(self.features.dequantize())

    @property
    def spatial_size(self) -> int:
        return np.prod(self.spatial_shape)  # type: ignore[return-value]

    def _voxloom_parts(self) -> tuple[Any, ...]:
        """(features, set, axes, stride) for voxloom.torch.export."""
        return self.features, sites_of(self.indices).set, (0, 1, 2), (1, 1, 1)

    def replace_feature(self, feature: torch.Tensor) -> SparseConvTensor:
        """A tensor on the same indices, with the same indice_dict, and other features."""
        return self._with(feature, self.indices, self.spatial_shape, self.indice_dict)

    def shadow_copy(self) -> SparseConvTensor:
        return self._with(self.features, self.indices, self.spatial_shape, self.indice_dict)

    def _with(
        self, features: torch.Tensor, indices: torch.Tensor, spatial_shape: list[int], indice_dict: dict[str, Any]
    ) -> SparseConvTensor:
        made = SparseConvTensor(
            features, indices, spatial_shape, self.batch_size, self.grid, self.voxel_num, indice_dict, self.benchmark
        )
        for name in ("benchmark_record", "thrust_allocator", "_timer", "force_algo", "int8_scale"):
            setattr(made, name, getattr(self, name))
        return made

    def select_by_index(self, valid_indices: torch.Tensor) -> SparseConvTensor:
        """The rows chosen, as by tensor[valid_indices], with an empty indice_dict."""
        return self._with(self.features[valid_indices], self.indices[valid_indices], self.spatial_shape, {})

    def minus(self) -> SparseConvTensor:
        return self.replace_feature(-self.features)

    @classmethod
    def from_dense(cls, x: torch.Tensor) -> SparseConvTensor:
        """Of a dense tensor (batch, *spatial, channels): the sites with a channel that is not 0, in ascending order."""
        sparse = x.to_sparse(x.ndim - 1)
        indices = sparse.indices().t().contiguous().int()
        return cls(sparse.values(), indices, list(sparse.shape[1:-1]), sparse.shape[0])

    def dense(self, channels_first: bool = True) -> torch.Tensor:
        """(batch, channels, *spatial), or channels last; 0 where there is no row. IndexError: a row outside."""
        shape = [self.batch_size, *self.spatial_shape, self.features.shape[1]]
        filled = scatter_nd(self.indices.to(self.features.device), self.features, shape)
        return filled.movedim(-1, 1).contiguous() if channels_first else filled

    def find_indice_pair(self, key: str | None) -> IndiceData | ImplicitGemmIndiceData | None:
        return None if key is None else self.indice_dict.get(key)

    def __add__(self, other: SparseConvTensor | torch.Tensor) -> SparseConvTensor:
        return self.replace_feature(self.features + _features_of(other))

    def __radd__(self, other: SparseConvTensor | torch.Tensor) -> SparseConvTensor:
        return self + other

    def __iadd__(self, other: SparseConvTensor | torch.Tensor) -> SparseConvTensor:
        return self + other


def _features_of(other: SparseConvTensor | torch.Tensor) -> torch.Tensor:
    expect(isinstance(other, (SparseConvTensor, torch.Tensor)), "SparseConvTensor: +: expected a tensor")
    return other.features if isinstance(other, SparseConvTensor) else other


def expand_nd(ndim: int, val: int | list[int] | tuple[int, ...] | np.ndarray[Any, Any]) -> list[int]:
    """One number per axis, of one number or as many as there are axes. AssertionError: another count."""
    values = [val] * ndim if isinstance(val, int) else list(val)
    expect(len(values) == ndim, f"spconv: expected {ndim} numbers, got {values}")
    return [int(value) for value in values]
