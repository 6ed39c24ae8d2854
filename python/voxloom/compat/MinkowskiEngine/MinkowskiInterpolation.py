"""What points read of a sparse tensor, multilinearly."""

from __future__ import annotations

from typing import Any

import torch

from . import _rows
from ._types import CoordinateMapKey, require
from .MinkowskiCommon import MinkowskiModuleBase
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiSparseTensor import SparseTensor


class MinkowskiInterpolationFunction:
    """apply: (features (P,C), rows, points, weights), the last three of the corners that are there."""

    @staticmethod
    def apply(input_features: torch.Tensor, tfield: torch.Tensor, in_coordinate_map_key: CoordinateMapKey,
              coordinate_manager: CoordinateManager | None = None,
              *rest: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        maps = coordinate_manager._manager  # type: ignore[union-attr]
        require(tfield.dtype == input_features.dtype,
                f"tfield and in_feat must have the same dtype, got {tfield.dtype} and {input_features.dtype}")
        corners = maps.neighbors(tfield, in_coordinate_map_key)
        rows, points, weights = maps.interpolation_map_weight(tfield, in_coordinate_map_key)
        return _rows.weighted(input_features, corners), rows, points, weights


class MinkowskiInterpolation(MinkowskiModuleBase):
    """forward(input, points (P,1+D) of the features' type): (P,C); corners that are not there count 0.

    return_kernel_map adds (rows, points), return_weights the weights, of the corners that are there.
    """

    def __init__(self, return_kernel_map: bool = False, return_weights: bool = False):
        super().__init__()
        self.return_kernel_map = return_kernel_map
        self.return_weights = return_weights
        self.interp = MinkowskiInterpolationFunction()

    def forward(self, input: SparseTensor, tfield: torch.Tensor) -> Any:
        if not self.return_kernel_map and not self.return_weights:
            return input.features_at_coordinates(tfield)
        features, rows, points, weights = self.interp.apply(input.F, tfield, input.coordinate_map_key, input._manager)
        result: list[Any] = [features]
        if self.return_kernel_map:
            result.append((rows, points))
        if self.return_weights:
            result.append(weights)
        return tuple(result)

    def __repr__(self) -> str:
        return type(self).__name__ + "()"
