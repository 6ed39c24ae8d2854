"""TensorField: features of points, which become voxels and back."""

from __future__ import annotations

from typing import Any

import torch

from . import _rows
from ._types import CoordinateMapKey, GPUMemoryAllocatorType, MinkowskiAlgorithm, require
from .MinkowskiCommon import StrideType, convert_to_int_list
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiSparseTensor import SparseTensor, quantize_features
from .MinkowskiTensor import SparseTensorQuantizationMode, Tensor, check_parts, manager_for, to_device

_MODES = (SparseTensorQuantizationMode.UNWEIGHTED_AVERAGE, SparseTensorQuantizationMode.UNWEIGHTED_SUM,
          SparseTensorQuantizationMode.RANDOM_SUBSAMPLE, SparseTensorQuantizationMode.MAX_POOL)


def create_splat_coordinates(coordinates: torch.Tensor) -> torch.Tensor:
    """(P * 2^D, 1+D) int32: the corners of each point's cell; they may repeat."""
    dimension = coordinates.shape[1] - 1
    corner = torch.arange(2**dimension).unsqueeze(1) >> torch.arange(dimension) & 1
    corner = torch.cat([torch.zeros(len(corner), 1), corner], 1).int()
    return (torch.floor(coordinates).int().unsqueeze(1) + corner).reshape(-1, dimension + 1)


class TensorField(Tensor):
    """Features (P,C) of points (P,1+D), batch first; coordinates are kept as float32 in the manager.

    quantization_mode: what `sparse` does with the points of a voxel.
    """

    def __init__(self, features: torch.Tensor, coordinates: torch.Tensor | None = None, tensor_stride: StrideType = 1,
                 coordinate_field_map_key: CoordinateMapKey | None = None,
                 coordinate_manager: CoordinateManager | None = None,
                 quantization_mode: SparseTensorQuantizationMode = SparseTensorQuantizationMode.UNWEIGHTED_AVERAGE,
                 allocator_type: GPUMemoryAllocatorType | None = None,
                 minkowski_algorithm: MinkowskiAlgorithm | None = None, requires_grad: bool | None = None,
                 device: Any = None):
        check_parts("TensorField", features, coordinates, coordinate_field_map_key, coordinate_manager)
        require(quantization_mode in _MODES, f"TensorField: invalid quantization mode {quantization_mode}")
        to_device(device, features, coordinates)
        self.quantization_mode = quantization_mode
        self._D = coordinates.shape[1] - 1 if coordinates is not None else coordinate_manager.D  # type: ignore
        self._manager = manager_for(self._D, minkowski_algorithm) if coordinate_manager is None else coordinate_manager
        if coordinates is not None:
            strides = convert_to_int_list(tensor_stride, self._D)
            coordinate_field_map_key = self._manager.insert_field(coordinates.float(), strides, "")
        if requires_grad is not None:
            features.requires_grad_(requires_grad)
        self._F = features
        self._C = coordinates
        self.coordinate_field_map_key = coordinate_field_map_key
        self._batch_rows = None
        self._inverse_mapping: dict[CoordinateMapKey, torch.Tensor] = {}
        self._splat: dict[CoordinateMapKey, list[tuple[torch.Tensor, torch.Tensor]]] = {}

    @property
    def coordinate_key(self) -> CoordinateMapKey:
        return self.coordinate_field_map_key  # type: ignore[return-value]

    def _get_coordinates(self) -> torch.Tensor:
        return self._manager.get_coordinate_field(self.coordinate_key)

    @property
    def _batchwise_row_indices(self) -> list[torch.Tensor]:
        if self._batch_rows is None:
            _, self._batch_rows = self._manager.origin_field_map(self.coordinate_key)
        return self._batch_rows

    def _with(self, features: torch.Tensor) -> TensorField:
        return TensorField(features, coordinate_field_map_key=self.coordinate_field_map_key,
                           coordinate_manager=self._manager, quantization_mode=self.quantization_mode)

    def sparse(self, tensor_stride: StrideType = 1, coordinate_map_key: CoordinateMapKey | None = None,
               quantization_mode: SparseTensorQuantizationMode | None = None) -> SparseTensor:
        """The sparse tensor of the points' voxels, floor(p / S) * S; or on the voxels of coordinate_map_key."""
        mode = self.quantization_mode if quantization_mode is None else quantization_mode
        require(mode != SparseTensorQuantizationMode.SPLAT_LINEAR_INTERPOLATION,
                "Please use .splat() for splat quantization.")
        require(mode in _MODES, f"Invalid quantization mode {mode}")
        if coordinate_map_key is None:
            key, (first, inverse) = self._manager.field_to_sparse_insert_and_map(
                self.coordinate_key, convert_to_int_list(tensor_stride, self.D))
            require(len(first) > 0, "sparse: expected points, got none")
            features = quantize_features(mode, self._F, first, inverse)
        else:
            key = coordinate_map_key
            features, inverse = self._onto(key, mode)
        self._inverse_mapping[key] = inverse
        return SparseTensor(features, coordinate_map_key=key, coordinate_manager=self._manager)

    def _onto(self, key: CoordinateMapKey, mode: SparseTensorQuantizationMode) -> tuple[torch.Tensor, torch.Tensor]:
        rows, points = self._manager.field_to_sparse_map(self.coordinate_key, key)
        count = self._manager.size(key)
        require(len(points) == len(self._F), f"sparse: expected a voxel for each point in the map {key}, "
                f"{len(self._F) - len(points)} have none")
        require(mode != SparseTensorQuantizationMode.RANDOM_SUBSAMPLE or count == len(torch.unique(rows)),
                f"sparse: {mode} expects a point in each voxel of the map {key}")
        first = torch.full((count,), len(points)).scatter_reduce(0, rows.long(), torch.arange(len(points)), "amin")
        return quantize_features(mode, self._F, first, rows), rows.long()

    def splat(self) -> SparseTensor:
        """The sparse tensor of the corners of the points' cells, to each the features times its multilinear weight."""
        key, _ = self._manager.insert_and_map(create_splat_coordinates(self.C))
        count = self._manager.size(key)
        corners = self._manager._manager.neighbors(self.C.to(self._F.dtype), key)
        self._splat[key] = corners
        parts = [_rows.reduce(self._F * weight.unsqueeze(1), row, count, "sum") for row, weight in corners]
        return SparseTensor(torch.stack(parts).sum(0), coordinate_map_key=key, coordinate_manager=self._manager)

    def inverse_mapping(self, sparse_tensor_map_key: CoordinateMapKey) -> torch.Tensor:
        """(P) int64: each point's row in a map made of this field, or in one that was strided from such."""
        known = self._inverse_mapping.get(sparse_tensor_map_key)
        if known is not None:
            return known
        if self._manager.exists_field_to_sparse(self.coordinate_key, sparse_tensor_map_key):
            _, rows = self._manager.get_field_to_sparse_map(self.coordinate_key, sparse_tensor_map_key)
        else:
            ones = [key for key in self._manager.field_to_sparse_keys(self.coordinate_key)
                    if all(s == 1 for s in key.get_tensor_stride())]
            require(len(ones) > 0, "inverse_mapping: expected a sparse tensor of stride 1 made of this field")
            _, coarse = self._manager.stride_map(ones[-1], sparse_tensor_map_key)
            rows = coarse[self.inverse_mapping(ones[-1])]
        self._inverse_mapping[sparse_tensor_map_key] = rows.long()
        return self._inverse_mapping[sparse_tensor_map_key]

    def __repr__(self) -> str:
        return super().__repr__().replace("  coordinate_map_key=", "  coordinate_field_map_key=", 1)


def like(input: SparseTensor | TensorField, features: torch.Tensor) -> Any:
    """Features on the coordinates of `input`, of its kind."""
    return input._with(features)
