"""The sum of sparse tensors over the union of their coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from . import _rows
from ._types import CoordinateMapKey, require
from .MinkowskiCommon import MinkowskiModuleBase
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiSparseTensor import SparseTensor


class MinkowskiUnionFunction:
    """apply: the sum over the union; out_coords_key, not set before, becomes its key."""

    @staticmethod
    def apply(in_coords_keys: Sequence[CoordinateMapKey], out_coords_key: CoordinateMapKey,
              coordinate_manager: CoordinateManager, *in_feats: torch.Tensor) -> torch.Tensor:
        require(len(in_feats) > 1, "input must be a set with at least 2 Tensors")
        require(len(in_feats) == len(in_coords_keys), "The input features and keys must have the same length")
        places = coordinate_manager.union_map(in_coords_keys, out_coords_key)
        count = coordinate_manager.size(out_coords_key)
        total = None
        for features, (own, union) in zip(in_feats, places):
            rows = torch.full((count,), -1, dtype=torch.int32)
            rows[union] = own.int()
            spread = _rows.take(features, rows)
            total = spread if total is None else total + spread
        assert total is not None
        return total


class MinkowskiUnion(MinkowskiModuleBase):
    """The sum of two tensors or more; rows of one alone are that row."""

    def __init__(self) -> None:
        super().__init__()
        self.union = MinkowskiUnionFunction()

    def forward(self, *inputs: SparseTensor) -> SparseTensor:
        for tensor in inputs:
            require(isinstance(tensor, SparseTensor), "Inputs must be sparse tensors.")
        require(len(inputs) > 1, "input must be a set with at least 2 SparseTensors")
        manager = inputs[0]._manager
        require(all(tensor._manager is manager for tensor in inputs),
                "Invalid coordinate manager. All inputs must have the same coordinate manager.")
        out_key = CoordinateMapKey(inputs[0].D + 1)
        features = self.union.apply([tensor.coordinate_map_key for tensor in inputs], out_key, manager,
                                    *(tensor.F for tensor in inputs))
        return SparseTensor(features, coordinate_map_key=out_key, coordinate_manager=manager)

    def __repr__(self) -> str:
        return type(self).__name__ + "()"
