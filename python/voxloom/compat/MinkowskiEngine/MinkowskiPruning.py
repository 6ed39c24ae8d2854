"""The rows of a sparse tensor that a mask keeps."""

from __future__ import annotations

import warnings

import torch

from . import _rows
from ._types import CoordinateMapKey, require
from .MinkowskiCommon import MinkowskiModuleBase
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiSparseTensor import SparseTensor


class MinkowskiPruningFunction:
    """apply: the kept rows, in their order; out_coords_key, where it is not set, becomes their key."""

    @staticmethod
    def apply(in_feat: torch.Tensor, mask: torch.Tensor, in_coords_key: CoordinateMapKey,
              out_coords_key: CoordinateMapKey | None = None,
              coords_manager: CoordinateManager | None = None) -> torch.Tensor:
        maps = coords_manager._manager  # type: ignore[union-attr]
        require(mask.dtype in (torch.bool, torch.uint8), f"keep must be a boolean tensor, got {mask.dtype}")
        require(mask.ndim == 1 and len(mask) == len(in_feat) == maps.size(in_coords_key),
                f"pruning: expected a mask of {maps.size(in_coords_key)} rows, got {tuple(mask.shape)}")
        kept = torch.nonzero(mask).flatten()
        if out_coords_key is None or not out_coords_key.is_key_set():
            key = maps.prune(in_coords_key, kept)
            if out_coords_key is not None:
                out_coords_key.set_key(key.key)
        if len(kept) == 0:
            warnings.warn("MinkowskiPruning: Generating an empty SparseTensor", stacklevel=3)
        return _rows.take(in_feat, kept.int())


class MinkowskiPruning(MinkowskiModuleBase):
    """forward(input, mask): the rows whose mask (N) bool is true."""

    def __init__(self) -> None:
        super().__init__()
        self.pruning = MinkowskiPruningFunction()

    def forward(self, input: SparseTensor, mask: torch.Tensor) -> SparseTensor:
        require(isinstance(input, SparseTensor), f"expected a SparseTensor, got {type(input).__name__}")
        out_key = CoordinateMapKey(input.D + 1)
        features = self.pruning.apply(input.F, mask, input.coordinate_map_key, out_key, input._manager)
        return SparseTensor(features, coordinate_map_key=out_key, coordinate_manager=input._manager)

    def __repr__(self) -> str:
        return type(self).__name__ + "()"
