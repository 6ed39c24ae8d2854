"""Pools. Their pairs are those of a regular convolution and may be left under an indice_key for an inverse one.

Max pools follow their algo, as in spconv: the implicit ones (what a CUDA build takes by default, and so what networks
were trained with) give the greatest row met; ConvAlgo.Native, the only one of spconv's CPU build, starts from 0.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

import voxloom.torch.functional as rows_functional
from voxloom import _tracing

from .._geometry import Pairs, Window, reach, submanifold_pairs
from .._products import max_pool, mean_pool, require_cpu
from ..core import ConvAlgo
from . import ops
from ._expect import expect
from .conv import _MAX_NUM_VOXELS_DURING_TRAINING, Size, default_algo, keep_pairs
from .core import SparseConvTensor, expand_nd
from .modules import SparseModule

_MOST_OFFSETS_OF_MEAN = 32
_MOST_OFFSETS_OF_MAX = 128


class _Pool(SparseModule):
    """Windows as of a regular convolution; `_reduce` says what becomes of the rows met."""

    def __init__(
        self, ndim: int, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size, indice_key: str | None,
        subm: bool, algo: ConvAlgo, record_voxel_count: bool, name: str | None,
    ) -> None:  # fmt: skip
        super().__init__(name=name)
        self.ndim = ndim
        self.kernel_size = expand_nd(ndim, kernel_size)
        self.stride = list(self.kernel_size) if stride is None else expand_nd(ndim, stride)
        self.padding = expand_nd(ndim, padding)
        self.dilation = expand_nd(ndim, dilation)
        self.subm = subm
        self.indice_key = indice_key
        self.record_voxel_count = record_voxel_count
        if record_voxel_count and not subm:
            self.register_buffer(_MAX_NUM_VOXELS_DURING_TRAINING, torch.zeros(1, dtype=torch.int32))
        self.algo = algo

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "algo")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)

    def get_max_num_voxels(self) -> torch.Tensor | None:
        return getattr(self, _MAX_NUM_VOXELS_DURING_TRAINING, None)

    def _reduce(self, features: torch.Tensor, pairs: Pairs) -> torch.Tensor:
        raise NotImplementedError

    def forward(self, input: SparseConvTensor) -> SparseConvTensor:
        expect(isinstance(input, SparseConvTensor), "spconv: a pool wants a SparseConvTensor")
        kernel, dilation = tuple(self.kernel_size), tuple(self.dilation)
        if self.subm:
            out_shape = input.spatial_shape
            pairs = submanifold_pairs(input.indices, input.batch_size, tuple(out_shape), kernel, dilation)
            indices = input.indices
        else:
            out_shape = ops.get_conv_output_size(
                input.spatial_shape, self.kernel_size, self.stride, self.padding, self.dilation
            )
            window = Window(kernel, tuple(self.stride), tuple(self.padding), dilation)
            indices, pairs = reach(
                input.indices, input.batch_size, tuple(input.spatial_shape), tuple(out_shape), window
            )
        kept = input.indice_dict.copy()
        if self.indice_key is not None:
            if self.indice_key in kept:
                raise ValueError(f"spconv: the indice_key {self.indice_key!r} is in this sparse tensor already")
            keep_pairs(
                kept, self.indice_key, self.algo, input.indices, indices, pairs, is_subm=self.subm,
                spatial_shape=input.spatial_shape, out_spatial_shape=out_shape, ksize=self.kernel_size,
                stride=self.stride, padding=self.padding, dilation=self.dilation,
            )  # fmt: skip
        y = self._reduce(input.features, pairs)
        if not self.subm and self.record_voxel_count:
            ops.maximum_value_int_(getattr(self, _MAX_NUM_VOXELS_DURING_TRAINING), len(indices))
        return input._with(y, indices, out_shape, kept)


class SparseMaxPool(_Pool):
    """The greatest of the rows under the window (Native: and 0); equal ones share no gradient, each gets all of it."""

    def __init__(
        self, ndim: int, kernel_size: Size = 3, stride: Size | None = 1, padding: Size = 0, dilation: Size = 1,
        indice_key: str | None = None, subm: bool = False, algo: ConvAlgo | None = None,
        record_voxel_count: bool = False, name: str | None = None,
    ) -> None:  # fmt: skip
        offsets = int(np.prod(kernel_size))  # of one number: that number, as in spconv
        chosen = default_algo(offsets, _MOST_OFFSETS_OF_MAX) if algo is None else algo
        if offsets > _MOST_OFFSETS_OF_MAX:
            expect(chosen == ConvAlgo.Native, f"spconv: a max pool over {offsets} offsets is for ConvAlgo.Native")
        super().__init__(
            ndim, kernel_size, stride, padding, dilation, indice_key, subm, chosen, record_voxel_count, name
        )

    def _reduce(self, features: torch.Tensor, pairs: Pairs) -> torch.Tensor:
        return max_pool(features, pairs, from_zero=self.algo == ConvAlgo.Native)


class SparseAvgPool(_Pool):
    """The mean of the rows under the window, over as many as there are. AssertionError: more than 32 offsets given."""

    def __init__(
        self, ndim: int, kernel_size: Size = 3, stride: Size | None = 1, padding: Size = 0, dilation: Size = 1,
        indice_key: str | None = None, subm: bool = False, algo: ConvAlgo | None = None,
        record_voxel_count: bool = False, name: str | None = None,
    ) -> None:  # fmt: skip
        offsets = int(np.prod(kernel_size))
        expect(offsets <= _MOST_OFFSETS_OF_MEAN, f"spconv: a mean pool has at most 32 offsets, got {offsets}")
        super().__init__(
            ndim, kernel_size, stride, padding, dilation, indice_key, subm, ConvAlgo.MaskImplicitGemm,
            record_voxel_count, name,
        )  # fmt: skip

    def _reduce(self, features: torch.Tensor, pairs: Pairs) -> torch.Tensor:
        return mean_pool(features, pairs)


class _OfAxes:
    """A mixin: a pool of as many axes as `_axes` says; the stride is the kernel's size unless given."""

    _axes: ClassVar[int]

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
        indice_key: str | None = None, algo: ConvAlgo | None = None, record_voxel_count: bool = False,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            self._axes, kernel_size, stride, padding, dilation, indice_key=indice_key, algo=algo,
            record_voxel_count=record_voxel_count, name=name,
        )  # type: ignore[call-arg]  # fmt: skip


class SparseMaxPool1d(_OfAxes, SparseMaxPool):
    """SparseMaxPool, one axis."""

    _axes = 1


class SparseMaxPool2d(_OfAxes, SparseMaxPool):
    """SparseMaxPool, two axes."""

    _axes = 2


class SparseMaxPool3d(_OfAxes, SparseMaxPool):
    """SparseMaxPool, three axes."""

    _axes = 3


class SparseMaxPool4d(_OfAxes, SparseMaxPool):
    """SparseMaxPool, four axes."""

    _axes = 4


class SparseAvgPool1d(_OfAxes, SparseAvgPool):
    """SparseAvgPool, one axis."""

    _axes = 1


class SparseAvgPool2d(_OfAxes, SparseAvgPool):
    """SparseAvgPool, two axes."""

    _axes = 2


class SparseAvgPool3d(_OfAxes, SparseAvgPool):
    """SparseAvgPool, three axes."""

    _axes = 3


class SparseGlobalMaxOrAvgPool(SparseModule):
    """One row per batch. IndexError: a batch without rows, for the maximum."""

    def __init__(self, is_mean: bool, name: str | None = None) -> None:
        super().__init__(name=name)
        self.is_mean = is_mean

    def forward(self, input: SparseConvTensor) -> Any:
        expect(isinstance(input, SparseConvTensor), "spconv: a pool wants a SparseConvTensor")
        features = require_cpu(input.features)
        batches = input.indices[:, 0].contiguous()
        if self.is_mean:
            # The mean of channel 0 alone, (B,): what spconv 2.3.8 gives.
            features = features[:, :1].contiguous()
        elif len(torch.unique(batches)) < input.batch_size:
            raise IndexError("spconv: a global max pool wants at least one row in every batch")
        mode = "mean" if self.is_mean else "max"
        pooled = rows_functional.segment_reduce(features, batches, input.batch_size, mode)
        if _tracing.current is not None and not self.is_mean:
            _tracing.current.whole(features, pooled, "max")
        return pooled[:, 0] if self.is_mean else pooled


class SparseGlobalAvgPool(SparseGlobalMaxOrAvgPool):
    """(B,): the mean of channel 0 of each batch's rows, which is what spconv 2.3.8 gives under this name."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(is_mean=True, name=name)


class SparseGlobalMaxPool(SparseGlobalMaxOrAvgPool):
    """(B, C): the greatest of each batch's rows."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(is_mean=False, name=name)


ALL_POOL_LAYERS = {
    SparseAvgPool, SparseAvgPool1d, SparseAvgPool2d, SparseAvgPool3d, SparseMaxPool, SparseMaxPool1d, SparseMaxPool2d,
    SparseMaxPool3d, SparseMaxPool4d,
}  # fmt: skip
