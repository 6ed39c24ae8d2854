"""conv3d, and the kernel maps that it leaves with its tensors."""

from __future__ import annotations

from typing import Any

import torch

import voxloom.torch.functional as rows_functional
from voxloom import _tracing

from ... import _maps
from ...tensor import SparseTensor, get_allow_negative_coordinates
from ...utils import make_ntuple
from . import conv_config

__all__ = [
    "build_kernel_map", "conv3d", "convert_transposed_out_in_map", "spdownsample", "spupsample_generative",
    "transpose_kernel_map",
]  # fmt: skip

Size = int | list[int] | tuple[int, ...]


def _triple(value: Any) -> _maps.Triple:
    first, second, third = (int(number) for number in make_ntuple(value, ndim=3))
    return first, second, third


def spdownsample(
    _coords: torch.Tensor, stride: Size = 2, kernel_size: Size = 2, padding: Size = 0,
    spatial_range: tuple[int, ...] | None = None, downsample_mode: str = "spconv",
) -> torch.Tensor:  # fmt: skip
    """The coordinates that a strided convolution makes in kmap_mode "hashmap", in ascending order.

    floor(c / stride) where each stride is 1 or the kernel's size, or for "minkowski"; else every one that is reached.
    """
    if downsample_mode not in ("spconv", "minkowski"):
        raise AssertionError(f"torchsparse: downsample_mode: expected spconv or minkowski, got {downsample_mode!r}")
    size, step = _triple(kernel_size), _triple(stride)
    if _maps.is_floored(size, step, downsample_mode):
        return _maps.floored(_coords, step)
    return _maps.reach(_coords, size, step, _triple(padding), spatial_range, get_allow_negative_coordinates())


def spupsample_generative(
    _coords: torch.Tensor, stride: Size = 2, kernel_size: Size = 2, padding: Size = 0,
    spatial_range: tuple[int, ...] | None = None,
) -> torch.Tensor:  # fmt: skip
    """The coordinates that a generative convolution makes, moved into the range, in ascending order."""
    return _maps.generated(_coords, _triple(kernel_size), _triple(stride), spatial_range)


def build_kernel_map(
    _coords: torch.Tensor, input_node_num: int, kernel_size: Size = 2, stride: Size = 2, padding: Size = 0,
    hashmap_keys: Any = None, hashmap_vals: Any = None, spatial_range: tuple[int, ...] | None = None,
    mode: str = "hashmap", dataflow: Any = None, downsample_mode: str = "spconv", training: bool = False,
    ifsort: bool = False, generative: bool = False, split_mask_num: int = 1, split_mask_num_bwd: int = 1,
) -> _maps.KernelMap:  # fmt: skip
    """The kernel map of a layer, and its output coordinates under "coords". ValueError: an unknown mode."""
    if mode not in ("hashmap", "hashmap_on_the_fly"):
        raise ValueError(f"torchsparse: kmap_mode: expected hashmap or hashmap_on_the_fly, got {mode!r}")
    if generative and mode != "hashmap":
        raise ValueError('torchsparse: generative convolutions want kmap_mode "hashmap" in their configuration')
    size, step, pad = _triple(kernel_size), _triple(stride), _triple(padding)
    out_range = None if spatial_range is None else _shrunk(spatial_range, size, step, pad)
    negative, hashmap = get_allow_negative_coordinates(), mode == "hashmap"
    if generative:
        coords = spupsample_generative(_coords, step, size, pad, spatial_range)
        map = _maps.generative(_coords, coords, size, step)
    elif all(s == 1 for s in step):
        coords, map = _coords, _maps.submanifold(_coords, size, hashmap, negative)
    else:
        if hashmap:
            coords = spdownsample(_coords, step, size, pad, out_range, downsample_mode)
        else:
            coords = _maps.reach(_coords, size, step, pad, out_range, negative)
        map = _maps.strided(_coords, coords, size, step, pad, hashmap)
    return _maps.KernelMap(map, _coords, coords, out_range)


def _shrunk(
    spatial_range: tuple[int, ...], size: _maps.Triple, stride: _maps.Triple, padding: _maps.Triple
) -> tuple[int, ...]:
    lengths = zip(spatial_range[1:], size, stride, padding)
    return (spatial_range[0], *((n + 2 * p - (k - 1) - 1) // s + 1 for n, k, s, p in lengths))


def transpose_kernel_map(kmap: _maps.KernelMap, *_: Any, **__: Any) -> _maps.KernelMap:
    """The same: it serves both directions."""
    return kmap


def convert_transposed_out_in_map(out_in_map: torch.Tensor, size: int) -> torch.Tensor:
    """(size, K) int32: for each input row the output row under each offset, -1: none."""
    turned = torch.full((size, out_in_map.shape[1]), -1, dtype=torch.int32)
    out_rows, k = torch.nonzero(out_in_map.ge(0), as_tuple=True)
    turned[out_in_map[out_rows, k].long(), k] = out_rows.to(torch.int32)
    return turned


def conv3d(
    input: SparseTensor, weight: torch.Tensor, kernel_size: Size, bias: torch.Tensor | None = None, stride: Size = 1,
    padding: Size = 0, dilation: Size = 1, config: Any = None, transposed: bool = False, generative: bool = False,
    training: bool = False,
) -> SparseTensor:  # fmt: skip
    """torchsparse's convolution: weight (K, C_in, C_out), or (C_in, C_out) for one offset with stride 1.

    transposed: back onto the coordinates that the tensor had before the strided layer of the same kernel size, stride
    and dilation. The dilation distinguishes layers and changes no result, as in torchsparse 2.1.
    """
    size, step, spread = _triple(kernel_size), _triple(stride), _triple(dilation)
    if config is None:
        config = conv_config.get_global_conv_config() or conv_config.get_default_conv_config()
    feats = _on_cpu(input.feats)
    if size == step == spread == (1, 1, 1):
        output = input._on_same_sites(rows_functional.conv(feats, weight.unsqueeze(0), None, bias))
    elif not transposed:
        output = _forward(input, feats, weight, bias, size, step, _triple(padding), spread, config)
    elif not generative:
        output = _transposed(input, feats, weight, bias, size, step, spread)
    else:
        output = _generative(input, feats, weight, bias, size, step, _triple(padding), config)
    output._caches = input._caches
    output._caches.cmaps.setdefault(output.stride, (output.coords, output.spatial_range))
    return output


def _on_cpu(feats: torch.Tensor) -> torch.Tensor:
    if feats.device.type != "cpu":
        raise NotImplementedError(f"voxloom.compat.torchsparse computes on the CPU; these feats are on {feats.device}")
    return feats.contiguous()


def _made(input: SparseTensor, size: Any, step: Any, padding: Any, config: Any, generative: bool) -> _maps.KernelMap:
    return build_kernel_map(
        input.coords, len(input.feats), size, step, padding, spatial_range=input.spatial_range, mode=config["kmap_mode"],
        downsample_mode=config["downsample_mode"], generative=generative,
    )  # fmt: skip


def _check_same(remembered: torch.Tensor, coords: torch.Tensor, key: Any) -> None:
    """A tensor remembers maps by strides and sizes, not by coordinates: those of other coordinates are refused."""
    if remembered is not coords and not torch.equal(remembered, coords):
        raise ValueError(
            f"torchsparse: the kernel map that this tensor remembers under {key} is of other coordinates "
            f"({len(remembered)} rows, {len(coords)} here); start from a new SparseTensor(feats, coords)"
        )


def _forward(
    input: SparseTensor, feats: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, size: Any, step: Any,
    padding: Any, spread: Any, config: Any,
) -> SparseTensor:  # fmt: skip
    key = (input.stride, size, step, spread)
    kmap = input._caches.kmaps.get(key)
    if kmap is None:
        kmap = input._caches.kmaps[key] = _made(input, size, step, padding, config, generative=False)
    _check_same(kmap.in_coords, input.coords, key)
    if _tracing.current is not None and any(s != 1 for s in step):
        _maps.tell(kmap, size, step, padding, config["kmap_mode"] == "hashmap", config["downsample_mode"])
    y = rows_functional.conv(feats, weight, kmap.map, bias)
    return SparseTensor(y, kmap["coords"], tuple(a * b for a, b in zip(input.stride, step)), kmap["spatial_range"])


def _transposed(
    input: SparseTensor, feats: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, size: Any, step: Any,
    spread: Any,
) -> SparseTensor:  # fmt: skip
    fine = tuple(a // b for a, b in zip(input.stride, step))
    key = (fine, size, step, spread)
    kmap = input._caches.kmaps.get(key)
    if kmap is None:
        raise ValueError(
            f"torchsparse: a transposed convolution from stride {input.stride} wants one of kernel size {size}, stride "
            f"{step} and dilation {spread} before it, which came from stride {fine}"
        )
    _check_same(kmap["coords"], input.coords, key)
    y = rows_functional.conv(feats, weight, kmap.map.swapped(), bias)
    coords, spatial_range = input._caches.cmaps.get(fine, (kmap.in_coords, None))
    return SparseTensor(y, coords, fine, spatial_range)


def _generative(
    input: SparseTensor, feats: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, size: Any, step: Any,
    padding: Any, config: Any,
) -> SparseTensor:  # fmt: skip
    fine = tuple(a // b for a, b in zip(input.stride, step))
    kmap = _made(input, size, step, padding, config, generative=True)
    y = rows_functional.conv(feats, weight, kmap.map, bias)
    input._caches.cmaps[fine] = (kmap["coords"], kmap["spatial_range"])
    input._caches.kmaps, input._caches.hashmaps = {}, {}
    return SparseTensor(y, kmap["coords"], fine, kmap["spatial_range"])
