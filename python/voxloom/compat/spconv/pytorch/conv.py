"""Sparse convolutions: regular, submanifold, transposed and inverse ones, of one to four axes.

Weights are (C_out, *kernel, C_in). A layer without an indice_key works its pairs out itself; voxloom remembers them
with the indices, so that the same layer geometry on the same indices costs them once.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .. import constants
from .._cumm import tensorview as tv
from .._geometry import Pairs, Window, reach, submanifold_pairs
from .._products import convolve, multiply_rows
from ..core import ConvAlgo
from . import ops
from ._expect import expect
from .core import ImplicitGemmIndiceData, IndiceData, SparseConvTensor, expand_nd
from .modules import SparseModule

_MAX_NUM_VOXELS_DURING_TRAINING = "max_num_voxels_during_training"
_NO_ACTIVATION = tv.gemm.Activation.None_

Size = int | list[int] | tuple[int, ...]


def _activated(x: torch.Tensor, kind: tv.gemm.Activation, alpha: float) -> torch.Tensor:
    if kind == tv.gemm.Activation.ReLU:
        return F.relu(x)
    if kind == tv.gemm.Activation.Sigmoid:
        return torch.sigmoid(x)
    if kind == tv.gemm.Activation.LeakyReLU:
        return F.leaky_relu(x, alpha)
    return x


def default_algo(volume: int, limit: int) -> ConvAlgo:
    """What spconv takes where nothing else is asked for, as built for CUDA (its build for CPUs has Native only)."""
    return ConvAlgo.MaskImplicitGemm if volume <= limit else ConvAlgo.Native


def keep_pairs(
    kept: dict[str, Any], key: str, algo: ConvAlgo, indices: torch.Tensor, out_indices: torch.Tensor, pairs: Pairs, **window: Any
) -> None:
    """Leaves `pairs` under `key` in an indice_dict. AssertionError: the key is taken."""
    expect(key not in kept, f"spconv: the indice_key {key!r} is in this sparse tensor already")
    if algo == ConvAlgo.Native:
        kept[key] = IndiceData(out_indices, indices, pairs, None, algo=algo, **window)
    else:
        kept[key] = ImplicitGemmIndiceData(out_indices, indices, pairs, algo=algo, **window)


class SparseConvolutionBase:
    """The geometry of a layer and what it computes, without its parameters."""

    def __init__(
        self, ndim: int, in_channels: int, out_channels: int, kernel_size: Size = 3, stride: Size = 1, padding: Size = 0,
        dilation: Size = 1, groups: int = 1, bias: bool = True, subm: bool = False, output_padding: Size = 0,
        transposed: bool = False, inverse: bool = False, indice_key: str | None = None, algo: ConvAlgo | None = None,
        fp32_accum: bool | None = None, record_voxel_count: bool = False,
        act_type: tv.gemm.Activation = _NO_ACTIVATION, act_alpha: float = 0, act_beta: float = 0,
        large_kernel_fast_algo: bool = False,
    ) -> None:  # fmt: skip
        expect(groups == 1, f"spconv: groups: expected 1, got {groups}")
        self.ndim = ndim
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = expand_nd(ndim, kernel_size)
        self.stride = expand_nd(ndim, stride)
        self.padding = expand_nd(ndim, padding)
        self.dilation = expand_nd(ndim, dilation)
        self.output_padding = expand_nd(ndim, output_padding)
        volume = int(np.prod(self.kernel_size))
        self.conv1x1 = volume == 1 and (subm or int(np.prod(self.stride)) == 1)
        if self.conv1x1 and not subm:
            expect(not any(self.padding), "spconv: padding: expected 0 for a kernel of size 1 with stride 1")
        self.transposed, self.inverse, self.subm = transposed, inverse, subm
        self.groups = groups
        self.indice_key = indice_key
        self.record_voxel_count = record_voxel_count
        self.algo = default_algo(volume, 128 if large_kernel_fast_algo else 32) if algo is None else algo
        self.fp32_accum = fp32_accum
        self.weight_shape = [out_channels, *self.kernel_size, in_channels]
        self.act_type, self.act_alpha, self.act_beta = act_type, act_alpha, act_beta
        self.scale, self.zero_point = 1.0, 0
        if self.conv1x1:
            expect(act_type == _NO_ACTIVATION, "spconv: act_type: a kernel of size 1 takes none")

    def is_inverseable(self) -> bool:
        return self.indice_key is not None and not self.subm

    def _out_spatial_shape(self, shape: list[int]) -> list[int]:
        if self.subm:
            return shape
        if self.transposed:
            return ops.get_deconv_output_size(
                shape, self.kernel_size, self.stride, self.padding, self.dilation, self.output_padding
            )
        return ops.get_conv_output_size(shape, self.kernel_size, self.stride, self.padding, self.dilation)

    def _conv_forward(
        self, training: bool, input: SparseConvTensor, weight: torch.Tensor, bias: torch.Tensor | None,
        add_input: SparseConvTensor | None = None, channel_scale: torch.Tensor | None = None,
        output_scale: float | None = None, name: str | None = None, sparse_unique_name: str = "",
        act_type: tv.gemm.Activation = _NO_ACTIVATION, act_alpha: float = 0, act_beta: float = 0,
    ) -> SparseConvTensor:  # fmt: skip
        features = input.features
        expect(
            features.shape[1] == self.in_channels,
            f"spconv: expected {self.in_channels} input channels, got {features.shape[1]}",
        )
        if training:
            expect(self.act_type == _NO_ACTIVATION, "spconv: act_type: an activation inside a layer is for eval() only")
        out_shape = self._out_spatial_shape(input.spatial_shape)
        if self.conv1x1:
            out = input.replace_feature(multiply_rows(features, weight, bias))
            out.spatial_shape = out_shape
            return out
        kept = input.indice_dict.copy()
        pairs, indices, out_shape = self._pairs(input, out_shape, kept)
        y = _activated(convolve(features, weight, pairs, bias), act_type, act_alpha)
        if add_input is not None:
            y = _activated(y + add_input.features, self.act_type, self.act_alpha)
        self._record(len(indices))
        return input._with(y, indices, out_shape, kept)

    def _pairs(
        self, input: SparseConvTensor, out_shape: list[int], kept: dict[str, Any]
    ) -> tuple[Pairs, torch.Tensor, list[int]]:
        """(pairs, output indices, output shape): those under the key, or new ones, which are then left in `kept`."""
        found = input.find_indice_pair(self.indice_key)
        if self.inverse:
            if found is None:
                raise AssertionError(f"spconv: no layer before this inverse one made the indice_key {self.indice_key!r}")
            expect(not found.is_subm, "spconv: inverse layers want the indice_key of a regular layer or pool")
            self._check_inverse_reuse_valid(input, input.spatial_shape, found)
            return found.pairs.swapped, found.indices, found.spatial_shape
        if found is not None:
            expect(self.subm, "spconv: only submanifold layers share an indice_key")
            self._check_subm_reuse_valid(input, input.spatial_shape, found)
            return found.pairs, found.out_indices, out_shape
        pairs, indices = self._new_pairs(input, out_shape)
        if self.indice_key is not None:
            keep_pairs(
                kept, self.indice_key, self.algo, input.indices, indices, pairs, is_subm=self.subm,
                spatial_shape=input.spatial_shape, out_spatial_shape=out_shape, ksize=self.kernel_size,
                stride=self.stride, padding=self.padding, dilation=self.dilation,
            )  # fmt: skip
        return pairs, indices, out_shape

    def _new_pairs(self, input: SparseConvTensor, out_shape: list[int]) -> tuple[Pairs, torch.Tensor]:
        kernel, dilation = tuple(self.kernel_size), tuple(self.dilation)
        if self.subm:
            shape = tuple(input.spatial_shape)
            return submanifold_pairs(input.indices, input.batch_size, shape, kernel, dilation), input.indices
        window = Window(kernel, tuple(self.stride), tuple(self.padding), dilation, self.transposed)
        reached = reach(input.indices, input.batch_size, tuple(input.spatial_shape), tuple(out_shape), window)
        return reached.pairs, reached.indices

    def _record(self, rows: int) -> None:
        counter = getattr(self, _MAX_NUM_VOXELS_DURING_TRAINING, None)
        if counter is not None:
            ops.maximum_value_int_(counter, rows)

    def _check_subm_reuse_valid(
        self, inp: SparseConvTensor, spatial_shape: list[int], datas: IndiceData | ImplicitGemmIndiceData
    ) -> None:
        expect(datas.is_subm, "spconv: only submanifold layers share an indice_key")
        self._check_same("kernel size", datas.ksize, self.kernel_size)
        self._check_same("dilation", datas.dilation, self.dilation)
        self._check_same("spatial shape", datas.spatial_shape, inp.spatial_shape)
        self._check_same("number of indices", datas.indices.shape[0], inp.indices.shape[0])
        self._check_algo(datas)

    def _check_inverse_reuse_valid(
        self, inp: SparseConvTensor, spatial_shape: list[int], datas: IndiceData | ImplicitGemmIndiceData
    ) -> None:
        self._check_same("kernel size", datas.ksize, self.kernel_size)
        self._check_same("spatial shape", datas.out_spatial_shape, inp.spatial_shape)
        self._check_same("number of indices", datas.out_indices.shape[0], inp.indices.shape[0])
        self._check_algo(datas)

    def _check_algo(self, datas: IndiceData | ImplicitGemmIndiceData) -> None:
        expect(
            datas.algo == self.algo,
            f"spconv: layers of one indice_key want the same algo: {self.indice_key!r} has {datas.algo}, this layer "
            f"{self.algo}",
        )

    def _check_same(self, what: str, expected: Any, got: Any) -> None:
        if expected != got:
            raise ValueError(f"spconv: indice_key {self.indice_key!r}: expected the {what} {expected}, got {got}")


class SparseConvolution(SparseConvolutionBase, SparseModule):
    """A layer of any kind: `ndim` axes; subm, transposed or inverse. Initial values are spconv's, of the same draws."""

    __constants__: ClassVar[list[str]] = [
        "stride", "padding", "dilation", "groups", "bias", "subm", "inverse", "transposed", "output_padding",
    ]  # fmt: skip

    def __init__(
        self, ndim: int, in_channels: int, out_channels: int, kernel_size: Size = 3, stride: Size = 1, padding: Size = 0,
        dilation: Size = 1, groups: int = 1, bias: bool = True, subm: bool = False, output_padding: Size = 0,
        transposed: bool = False, inverse: bool = False, indice_key: str | None = None, algo: ConvAlgo | None = None,
        fp32_accum: bool | None = None, record_voxel_count: bool = False,
        act_type: tv.gemm.Activation = _NO_ACTIVATION, act_alpha: float = 0, act_beta: float = 0,
        large_kernel_fast_algo: bool = False, name: str | None = None, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        SparseConvolutionBase.__init__(
            self, ndim, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, subm,
            output_padding, transposed, inverse, indice_key, algo, fp32_accum, record_voxel_count, act_type, act_alpha,
            act_beta, large_kernel_fast_algo,
        )  # fmt: skip
        SparseModule.__init__(self, name=name)
        if record_voxel_count and not self.subm and not self.inverse:
            self.register_buffer(_MAX_NUM_VOXELS_DURING_TRAINING, torch.zeros(1, dtype=torch.int32, device=device))
        self.weight = nn.Parameter(torch.zeros(*self.weight_shape, device=device, dtype=dtype))
        if bias:
            self.bias = nn.Parameter(torch.zeros(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()
        self._register_load_state_dict_pre_hook(self._load_weight_different_layout)  # type: ignore[no-untyped-call]

    def get_max_num_voxels(self) -> torch.Tensor | None:
        return getattr(self, _MAX_NUM_VOXELS_DURING_TRAINING, None)

    def _load_weight_different_layout(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: Any, strict: Any, missing_keys: Any, unexpected_keys: Any,
        error_msgs: Any,
    ) -> None:  # fmt: skip
        counter = prefix + _MAX_NUM_VOXELS_DURING_TRAINING
        if self.record_voxel_count and not self.subm and not self.inverse and counter not in state_dict:
            state_dict[counter] = torch.zeros(1, dtype=torch.int32)
        saved, key = constants.SAVED_WEIGHT_LAYOUT, prefix + "weight"
        if saved in ("RSKC", "RSCK") and key in state_dict:
            state_dict[key] = _as_krsc(state_dict[key], saved, self.conv1x1)

    def extra_repr(self) -> str:
        shown = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        shown += [f"{name}={getattr(self, name)}" for name in ("padding", "dilation", "output_padding")]
        if self.bias is None:
            shown.append("bias=False")
        if self.algo is not None:
            shown.append(f"algo={self.algo}")
        if self.act_type != _NO_ACTIVATION:
            shown.append(f"act={self.act_type}")
        return ", ".join(shown)

    def _calculate_fan_in_and_fan_out(self) -> tuple[int, int]:
        volume = math.prod(self.kernel_size)
        return self.in_channels * volume, self.out_channels * volume

    def reset_parameters(self) -> None:
        """Weights and bias uniform in +-1 / sqrt(C_in * volume), in this order of torch's random numbers."""
        fan_in, _ = self._calculate_fan_in_and_fan_out()
        gain = nn.init.calculate_gain("leaky_relu", math.sqrt(5))  # type: ignore[no-untyped-call, unused-ignore]
        bound = math.sqrt(3.0) * (gain / math.sqrt(fan_in))
        with torch.no_grad():
            self.weight.uniform_(-bound, bound)
        if self.bias is not None:
            bound = 1 / math.sqrt(fan_in)
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, input: SparseConvTensor, add_input: SparseConvTensor | None = None) -> SparseConvTensor:
        return self._conv_forward(
            self.training, input, self.weight, self.bias, add_input, name=self.name,
            sparse_unique_name=self._sparse_unique_name, act_type=self.act_type, act_alpha=self.act_alpha,
            act_beta=self.act_beta,
        )  # fmt: skip


def _as_krsc(weight: torch.Tensor, saved: str, pointwise: bool) -> torch.Tensor:
    """A weight saved by an older spconv, for this one: layers of one offset keep their buffer, which they take for
    (C_in, C_out) as the older one did."""
    *_, second, last = weight.shape
    axes = weight.dim() - 2
    in_channels, out_channels = (last, second) if saved == "RSKC" else (second, last)
    if pointwise and saved == "RSCK":
        return weight.reshape(out_channels, *weight.shape[:axes], in_channels)
    out_axis, in_axis = (axes, axes + 1) if saved == "RSKC" else (axes + 1, axes)
    return weight.permute(out_axis, *range(axes), in_axis).contiguous()


class _Regular(SparseConvolution):
    _axes: ClassVar[int]
    _transposed: ClassVar[bool] = False

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size = 0,
        dilation: Size = 1, groups: int = 1, bias: bool = True, indice_key: str | None = None,
        algo: ConvAlgo | None = None, fp32_accum: bool | None = None, record_voxel_count: bool = False,
        large_kernel_fast_algo: bool = False, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            self._axes, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            transposed=self._transposed, indice_key=indice_key, algo=algo, fp32_accum=fp32_accum,
            record_voxel_count=record_voxel_count, large_kernel_fast_algo=large_kernel_fast_algo, name=name,
        )  # fmt: skip


class _Submanifold(SparseConvolution):
    _axes: ClassVar[int]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size = 0,
        dilation: Size = 1, groups: int = 1, bias: bool = True, indice_key: str | None = None,
        algo: ConvAlgo | None = None, fp32_accum: bool | None = None, large_kernel_fast_algo: bool = False,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            self._axes, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, True,
            indice_key=indice_key, algo=algo, fp32_accum=fp32_accum, large_kernel_fast_algo=large_kernel_fast_algo,
            name=name,
        )  # fmt: skip


class _Inverse(SparseConvolution):
    _axes: ClassVar[int]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, indice_key: str, bias: bool = True,
        algo: ConvAlgo | None = None, fp32_accum: bool | None = None, large_kernel_fast_algo: bool = False,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            self._axes, in_channels, out_channels, kernel_size, bias=bias, inverse=True, indice_key=indice_key, algo=algo,
            fp32_accum=fp32_accum, large_kernel_fast_algo=large_kernel_fast_algo, name=name,
        )  # fmt: skip


class SparseConv1d(_Regular):
    """out = every site that an input reaches, inside (D + 2p - dilation*(k-1) - 1) // stride + 1; one axis."""

    _axes = 1


class SparseConv2d(_Regular):
    """As SparseConv1d, two axes."""

    _axes = 2


class SparseConv3d(_Regular):
    """As SparseConv1d, three axes."""

    _axes = 3


class SparseConv4d(_Regular):
    """As SparseConv1d, four axes."""

    _axes = 4


class SparseConvTranspose1d(_Regular):
    """out = in*stride - padding + j*dilation, inside (D - 1)*stride - 2p + k + output_padding; one axis."""

    _axes, _transposed = 1, True


class SparseConvTranspose2d(_Regular):
    """As SparseConvTranspose1d, two axes."""

    _axes, _transposed = 2, True


class SparseConvTranspose3d(_Regular):
    """As SparseConvTranspose1d, three axes."""

    _axes, _transposed = 3, True


class SparseConvTranspose4d(_Regular):
    """As SparseConvTranspose1d, four axes."""

    _axes, _transposed = 4, True


class SparseInverseConv1d(_Inverse):
    """Back onto the rows that the layer or pool of `indice_key` came from, over its pairs; one axis."""

    _axes = 1


class SparseInverseConv2d(_Inverse):
    """As SparseInverseConv1d, two axes."""

    _axes = 2


class SparseInverseConv3d(_Inverse):
    """As SparseInverseConv1d, three axes."""

    _axes = 3


class SparseInverseConv4d(_Inverse):
    """As SparseInverseConv1d, four axes."""

    _axes = 4


class SubMConv1d(_Submanifold):
    """Outputs on the input's rows, an odd window centred on each; stride and padding are not looked at; one axis."""

    _axes = 1


class SubMConv2d(_Submanifold):
    """As SubMConv1d, two axes."""

    _axes = 2


class SubMConv3d(_Submanifold):
    """As SubMConv1d, three axes."""

    _axes = 3


class SubMConv4d(_Submanifold):
    """As SubMConv1d, four axes."""

    _axes = 4


DEFAULT_SPARSE_CONV_TYPES = {
    SubMConv1d, SubMConv2d, SubMConv3d, SubMConv4d, SparseConv1d, SparseConv2d, SparseConv3d, SparseConv4d,
    SparseInverseConv1d, SparseInverseConv2d, SparseInverseConv3d, SparseInverseConv4d, SparseConvTranspose1d,
    SparseConvTranspose2d, SparseConvTranspose3d, SparseConvTranspose4d,
}  # fmt: skip
