"""Which input row meets which output row in torchsparse 2.1, as voxloom kernel maps.

Kernels are lists of offsets in torchsparse's order: x fastest where the number of offsets is odd, z fastest where it
is even. Two modes: "hashmap_on_the_fly", the default (submanifold: centred where the volume is odd, 0..k-1 where it is
even; strided: in = out*stride - padding + 0..k-1, outputs inside the range), and "hashmap" (-(k-1)//2..k//2 always,
padding is not looked at). Dilation is not looked at, as in torchsparse 2.1.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch

from voxloom import _core, _tracing
from voxloom.compat._sites import Derived, PerTensor

Triple = tuple[int, int, int]


class Sites:
    """A tensor of coordinates (N, 4) int32, its set, and the maps that were made of it."""

    def __init__(self, coords: torch.Tensor, trusted: bool = False):
        if coords.device.type != "cpu":
            raise NotImplementedError(f"voxloom.compat.torchsparse computes on the CPU; these coords are on {coords.device}")
        if coords.dim() != 2 or coords.shape[1] != 4 or coords.dtype.is_floating_point:
            raise ValueError(f"torchsparse: coords: expected (N, 4) integers, batch x y z, got {tuple(coords.shape)}")
        self.rows = np.ascontiguousarray(coords.detach().numpy(), dtype=np.int32)
        self.derived = Derived()
        self._trusted = trusted

    @cached_property
    def set(self) -> _core.CoordinateSet:
        return _core.CoordinateSet(self.rows, trusted=self._trusted)

    @cached_property
    def least(self) -> np.ndarray[Any, Any]:
        """(3,), 0 without rows."""
        return self.rows[:, 1:].min(axis=0, initial=2**31 - 1).astype(np.int64) if len(self.rows) else np.zeros(3, np.int64)

    @cached_property
    def greatest(self) -> np.ndarray[Any, Any]:
        """(3,), -1 without rows."""
        return self.rows[:, 1:].max(axis=0).astype(np.int64) if len(self.rows) else np.full(3, -1, np.int64)


sites_of: PerTensor[Sites] = PerTensor(Sites)


def offsets(size: Triple, low: Triple) -> np.ndarray[Any, Any]:
    """(K, 3): from `low`, `size` each; x fastest for an odd volume, else z fastest."""
    x, y, z = (np.arange(n) + first for n, first in zip(size, low))
    if np.prod(size) % 2:
        return np.stack(np.meshgrid(z, y, x, indexing="ij"), axis=-1).reshape(-1, 3)[:, ::-1].astype(np.int32)
    return np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int32)


def anchored(size: Triple) -> Triple:
    """Where the offsets of get_kernel_offsets start: -(k-1)//2, centred for odd sizes."""
    first, second, third = (-((k - 1) // 2) for k in size)
    return first, second, third


class KernelMap(dict[str, Any]):
    """A torchsparse kmap: "coords", "sizes", "spatial_range", and on demand "out_in_map" (N_out, K) int32,
    "nbmaps" (E, 2) and "nbsizes" (K,). What its CUDA kernels alone read is absent."""

    def __init__(self, map: _core.KernelMap, in_coords: torch.Tensor, coords: torch.Tensor, spatial_range: Any):
        super().__init__(coords=coords, sizes=(len(in_coords), len(coords)), spatial_range=spatial_range)
        self.map = map
        self.in_coords = in_coords

    def __missing__(self, key: str) -> Any:
        if key == "out_in_map":
            self[key] = torch.from_numpy(np.array(self.map.dense()))
        elif key in ("nbmaps", "nbsizes"):
            in_rows, out_rows, k = (np.asarray(part) for part in self.map.pairs())
            self["nbmaps"] = torch.from_numpy(np.stack([in_rows, out_rows], axis=1).astype(np.int64))
            self["nbsizes"] = torch.from_numpy(np.bincount(k, minlength=self.map.volume))
        else:
            raise KeyError(key)
        return self[key]


def submanifold(coords: torch.Tensor, size: Triple, hashmap: bool, negative: bool) -> _core.KernelMap:
    """Every row meets the rows under the kernel. ValueError: coordinates below 0 where they are not allowed."""
    sites = sites_of(coords)
    if not negative and (sites.least < 0).any():
        raise ValueError(
            f"torchsparse: expected coordinates from 0, got {sites.least.tolist()}; "
            "torchsparse.tensor.set_allow_negative_coordinates(True) allows them"
        )
    odd = np.prod(size) % 2 == 1
    low = anchored(size) if hashmap or odd else (0, 0, 0)
    spec = _core.KernelSpec(offsets=offsets(size, low))
    return _core.forward_map(sites.set, sites.set, spec)


def ascending(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return rows[np.lexsort(rows.T[::-1])]


def hand_out(rows: np.ndarray[Any, Any]) -> torch.Tensor:
    """A tensor of rows known to be unique, and its sites."""
    coords = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.int32))
    sites_of.put(coords, Sites(coords, trusted=True))
    return coords


def reach(
    coords: torch.Tensor, size: Triple, stride: Triple, padding: Triple, spatial_range: Any, negative: bool
) -> torch.Tensor:
    """The outputs that the rows reach, in ascending order, from 0 (or the least, where negative ones are allowed) to
    what `spatial_range`, or else the greatest coordinate, leaves room for."""
    sites = sites_of(coords)
    k, s, p = (np.array(triple, np.int64) for triple in (size, stride, padding))
    high = np.array(spatial_range[1:], np.int64) if spatial_range is not None else (sites.greatest + 2 * p - (k - 1)) // s + 1
    low = np.fix((sites.least - 2 * p + (k - 1)) / s).astype(np.int64) if negative else np.zeros(3, np.int64)
    if (high <= low).any() or not len(sites.rows):
        return hand_out(np.zeros((0, 4), np.int32))
    spec = _core.KernelSpec(size, stride=stride, padding=padding, origin="corner")
    support = _core.reachable_support(sites.set, spec, (tuple(int(c) for c in low), tuple(int(c) for c in high)))
    return hand_out(ascending(np.asarray(support.rows)))


def floored(coords: torch.Tensor, stride: Triple) -> torch.Tensor:
    """The unique floor(c / stride), in ascending order."""
    sites = sites_of(coords)
    return hand_out(ascending(np.asarray(_core.downsample(sites.set, stride).rows)))


def is_floored(size: Triple, stride: Triple, downsample_mode: str) -> bool:
    """Mode "hashmap": outputs at floor(c / stride)."""
    return downsample_mode == "minkowski" or all(s in (1, k) for s, k in zip(stride, size))


def tell(kmap: KernelMap, size: Triple, stride: Triple, padding: Triple, hashmap: bool, downsample_mode: str) -> None:
    """Tells a trace how a strided layer's outputs follow from its inputs. ValueError: no graph can say it."""
    assert _tracing.current is not None
    source, target, shape = kmap.map.source, kmap.map.target, kmap["spatial_range"]
    if hashmap and is_floored(size, stride, downsample_mode):
        return _tracing.current.derive(target, source, "strided", _core.KernelSpec(size, stride=stride))
    spec = _core.KernelSpec(size, stride=stride, padding=padding, origin="corner")
    if shape is not None:
        return _tracing.current.derive(target, source, "reachable", spec, ((0, 0, 0), tuple(shape[1:4])))
    whole = _core.reachable_support(source, spec).size
    if whole != target.size:
        raise ValueError(
            f"[export] torchsparse: {whole - target.size} of {whole} outputs were cut off at the greatest (or least) "
            "coordinate of the example, which no graph can say: give the example's SparseTensor a spatial_range"
        )
    _tracing.current.derive(target, source, "reachable", spec)


def strided(
    coords: torch.Tensor, out: torch.Tensor, size: Triple, stride: Triple, padding: Triple, hashmap: bool
) -> _core.KernelMap:
    """The kernel over `coords` of each row of `out`."""
    low = anchored(size) if hashmap else (0, 0, 0)
    shift = (0, 0, 0) if hashmap else padding
    spec = _core.KernelSpec(offsets=offsets(size, low), stride=stride, padding=shift)
    return _core.forward_map(sites_of(coords).set, sites_of(out).set, spec)


def generated(coords: torch.Tensor, size: Triple, stride: Triple, spatial_range: Any) -> torch.Tensor:
    """The unique coords * stride + offset, moved into the range, in ascending order. AssertionError: no range."""
    if spatial_range is None:
        raise AssertionError("torchsparse: a generative convolution wants a tensor with spatial_range")
    sites = sites_of(coords)
    fine = (sites.rows[:, None, 1:].astype(np.int64) * stride + offsets(size, anchored(size))).reshape(-1, 3)
    fine = np.clip(fine, 0, np.array(spatial_range[1:4]) - 1)
    batches = np.repeat(sites.rows[:, :1], int(np.prod(size)), axis=0)
    return hand_out(np.unique(np.concatenate([batches, fine], axis=1), axis=0))


def generative(coords: torch.Tensor, out: torch.Tensor, size: Triple, stride: Triple) -> _core.KernelMap:
    """coords * stride = out + offset."""
    rows = sites_of(coords).rows.copy()
    rows[:, 1:] *= np.array(stride, np.int32)
    source = _core.CoordinateSet(rows, trusted=True)
    return _core.forward_map(source, sites_of(out).set, _core.KernelSpec(offsets=offsets(size, anchored(size))))
