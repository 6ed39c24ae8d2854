"""One row for each batch, handed to all rows of the batch."""

from __future__ import annotations

import torch

from . import _rows
from ._types import BroadcastMode, CoordinateMapKey, require
from .MinkowskiCommon import MinkowskiModuleBase
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiSparseTensor import SparseTensor


def _spread(glob: torch.Tensor, in_key: CoordinateMapKey, manager: CoordinateManager) -> torch.Tensor:
    maps = manager._manager
    require(len(glob) == maps.origin_map_size(),
            f"broadcast: expected {maps.origin_map_size()} rows, one for each batch, got {len(glob)}")
    return _rows.take(glob, maps.batch_rows(in_key))


class MinkowskiBroadcastFunction:
    """apply: each row plus, or times, its batch's row."""

    @staticmethod
    def apply(input_features: torch.Tensor, input_features_global: torch.Tensor, operation_type: BroadcastMode,
              in_coords_key: CoordinateMapKey, glob_coords_key: CoordinateMapKey | None,
              coords_manager: CoordinateManager) -> torch.Tensor:
        require(isinstance(operation_type, BroadcastMode), f"expected a BroadcastMode, got {operation_type!r}")
        require(input_features.shape[1] == input_features_global.shape[1], "broadcast: expected equal channels, got "
                f"{input_features.shape[1]} and {input_features_global.shape[1]}")
        spread = _spread(input_features_global, in_coords_key, coords_manager)
        return (input_features + spread if operation_type == BroadcastMode.ELEMENTWISE_ADDITON
                else input_features * spread)


class MinkowskiBroadcastBase(MinkowskiModuleBase):
    def __init__(self, operation_type: BroadcastMode):
        super().__init__()
        require(isinstance(operation_type, BroadcastMode), f"expected a BroadcastMode, got {operation_type!r}")
        self.operation_type = operation_type
        self.broadcast = MinkowskiBroadcastFunction()

    def forward(self, input: SparseTensor, input_glob: SparseTensor) -> SparseTensor:
        require(isinstance(input, SparseTensor), f"expected a SparseTensor, got {type(input).__name__}")
        return input._with(self.broadcast.apply(input.F, input_glob.F, self.operation_type, input.coordinate_map_key,
                                                input_glob.coordinate_map_key, input._manager))

    def __repr__(self) -> str:
        return type(self).__name__


class MinkowskiBroadcastAddition(MinkowskiBroadcastBase):
    """x[u] + glob[batch of u]."""

    def __init__(self) -> None:
        super().__init__(BroadcastMode.ELEMENTWISE_ADDITON)


class MinkowskiBroadcastMultiplication(MinkowskiBroadcastBase):
    """x[u] * glob[batch of u]."""

    def __init__(self) -> None:
        super().__init__(BroadcastMode.ELEMENTWISE_MULTIPLICATION)


class MinkowskiBroadcast(MinkowskiModuleBase):
    """glob[batch of u] at the rows of the input."""

    def forward(self, input: SparseTensor, input_glob: SparseTensor) -> SparseTensor:
        for tensor in (input, input_glob):
            require(isinstance(tensor, SparseTensor), f"expected a SparseTensor, got {type(tensor).__name__}")
        return input._with(self._features(input, _spread(input_glob.F, input.coordinate_map_key, input._manager)))

    def _features(self, input: SparseTensor, spread: torch.Tensor) -> torch.Tensor:
        return spread

    def __repr__(self) -> str:
        return type(self).__name__


class MinkowskiBroadcastConcatenation(MinkowskiBroadcast):
    """x[u] and glob[batch of u] side by side."""

    def _features(self, input: SparseTensor, spread: torch.Tensor) -> torch.Tensor:
        return torch.cat((input.F, spread), 1)
