"""torchsparse's tensors."""

from __future__ import annotations

from typing import Any

import torch

from .utils import make_ntuple, to_dense
from .utils.tensor_cache import cache_for_new_tensor

__all__ = ["PointTensor", "SparseTensor", "get_allow_negative_coordinates", "set_allow_negative_coordinates"]

_allow_negative_coordinates = False


def get_allow_negative_coordinates() -> bool:
    return _allow_negative_coordinates


def set_allow_negative_coordinates(allow_negative_coordinates: bool) -> None:
    """True: coordinates below 0 are sites like others. False, the first value: outputs start at 0."""
    global _allow_negative_coordinates
    _allow_negative_coordinates = allow_negative_coordinates


class SparseTensor:
    """feats (N, C) on coords (N, 4) int32: batch, x, y, z. `stride` counts the strides so far; coordinates are divided
    by them. spatial_range: (batches, x, y, z) inside which outputs are made, else what the coordinates span."""

    def __init__(
        self, feats: torch.Tensor, coords: torch.Tensor, stride: int | tuple[int, ...] = 1,
        spatial_range: tuple[int, ...] | None = None,
    ) -> None:  # fmt: skip
        self.feats = feats
        self.coords = coords
        self.stride = make_ntuple(stride, ndim=3)
        self.spatial_range = None if spatial_range is None else make_ntuple(spatial_range, ndim=len(spatial_range))
        self._caches = cache_for_new_tensor()

    @property
    def F(self) -> torch.Tensor:  # noqa: N802
        return self.feats

    @F.setter
    def F(self, feats: torch.Tensor) -> None:  # noqa: N802
        self.feats = feats

    @property
    def C(self) -> torch.Tensor:  # noqa: N802
        return self.coords

    @C.setter
    def C(self, coords: torch.Tensor) -> None:  # noqa: N802
        self.coords = coords

    @property
    def s(self) -> tuple[int, ...]:
        return self.stride

    @s.setter
    def s(self, stride: int | tuple[int, ...]) -> None:
        self.stride = make_ntuple(stride, ndim=3)

    @property
    def cmaps(self) -> dict[tuple[int, ...], Any]:
        return self._caches.cmaps

    @property
    def kmaps(self) -> dict[tuple[Any, ...], Any]:
        return self._caches.kmaps

    def cpu(self) -> SparseTensor:
        return self.to("cpu")

    def cuda(self) -> SparseTensor:
        return self.to("cuda")

    def half(self) -> SparseTensor:
        self.feats = self.feats.half()
        return self

    def detach(self) -> SparseTensor:
        self.coords, self.feats = self.coords.detach(), self.feats.detach()
        return self

    def to(self, device: Any, non_blocking: bool = True) -> SparseTensor:
        self.coords = self.coords.to(device, non_blocking=non_blocking)
        self.feats = self.feats.to(device, non_blocking=non_blocking)
        return self

    def dense(self) -> torch.Tensor:
        """(batches, x, y, z, C). AssertionError: no spatial_range."""
        if self.spatial_range is None:
            raise AssertionError("torchsparse: dense: the tensor has no spatial_range")
        return to_dense(self.feats, self.coords, self.spatial_range)

    def _voxloom_parts(self) -> tuple[Any, ...]:
        """(features, set, axes, stride) for voxloom.torch.export."""
        from ._maps import sites_of

        return self.feats, sites_of(self.coords).set, (0, 1, 2), (1, 1, 1)

    def _on_same_sites(self, feats: torch.Tensor) -> SparseTensor:
        """Other features on these coordinates, with what is remembered of them."""
        made = SparseTensor(feats, self.coords, self.stride, self.spatial_range)
        made._caches = self._caches
        return made

    def __add__(self, other: SparseTensor) -> SparseTensor:
        return self._on_same_sites(self.feats + other.feats)


class PointTensor:
    """Points (features F, coordinates C) as networks of points and voxels carry them, with look-ups by stride.

    torchsparse has it up to 2.0; code written for it finds it here.
    """

    def __init__(
        self, feats: torch.Tensor, coords: torch.Tensor, idx_query: dict[Any, Any] | None = None, weights: dict[Any, Any] | None = None
    ) -> None:
        self.F = feats
        self.C = coords
        self.idx_query = {} if idx_query is None else idx_query
        self.weights = {} if weights is None else weights
        self.additional_features: dict[str, dict[Any, Any]] = {"idx_query": {}, "counts": {}}

    def cuda(self) -> PointTensor:
        return self.to("cuda")

    def cpu(self) -> PointTensor:
        return self.to("cpu")

    def detach(self) -> PointTensor:
        self.F, self.C = self.F.detach(), self.C.detach()
        return self

    def to(self, device: Any, non_blocking: bool = True) -> PointTensor:
        self.F = self.F.to(device, non_blocking=non_blocking)
        self.C = self.C.to(device, non_blocking=non_blocking)
        return self

    def __add__(self, other: PointTensor) -> PointTensor:
        made = PointTensor(self.F + other.F, self.C, self.idx_query, self.weights)
        made.additional_features = self.additional_features
        return made
