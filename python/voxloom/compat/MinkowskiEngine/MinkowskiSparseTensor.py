"""SparseTensor: features on a coordinate map."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch

from . import _rows
from ._types import CoordinateMapKey, GPUMemoryAllocatorType, MinkowskiAlgorithm, MisuseError, require
from .MinkowskiCommon import StrideType, convert_to_int_list
from .MinkowskiCoordinateManager import CoordinateManager
from .MinkowskiTensor import (
    COORDINATE_MANAGER_DIFFERENT_ERROR,
    SparseTensorQuantizationMode,
    Tensor,
    check_parts,
    manager_for,
    to_device,
)

_SLICED = (SparseTensorQuantizationMode.RANDOM_SUBSAMPLE, SparseTensorQuantizationMode.UNWEIGHTED_AVERAGE)


def quantize_features(mode: SparseTensorQuantizationMode, features: torch.Tensor, first: torch.Tensor,
                      inverse: torch.Tensor) -> torch.Tensor:
    """(M,C): one row for each voxel, whose points `inverse` (N) says and of which `first` (M) is the first."""
    if mode == SparseTensorQuantizationMode.RANDOM_SUBSAMPLE:
        return features[first]
    modes = {SparseTensorQuantizationMode.UNWEIGHTED_SUM: "sum",
             SparseTensorQuantizationMode.UNWEIGHTED_AVERAGE: "mean", SparseTensorQuantizationMode.MAX_POOL: "max"}
    require(mode in modes, f"Invalid quantization mode {mode}")
    return _rows.reduce(features, inverse.int(), len(first), modes[mode])


class SparseTensor(Tensor):
    """Features (N,C) at coordinates (N,1+D) int32, batch first, multiples of tensor_stride.

    Either coordinates, of which each becomes one row (rows that repeat: quantization_mode), or coordinate_map_key and
    coordinate_manager of another tensor. allocator_type and minkowski_algorithm are of no effect. device: the CPU.
    Features are float32 or float64 (slower), and beyond MinkowskiEngine float16 and bfloat16.
    """

    unique_index: torch.Tensor
    inverse_mapping: torch.Tensor

    def __init__(self, features: torch.Tensor, coordinates: torch.Tensor | None = None, tensor_stride: StrideType = 1,
                 coordinate_map_key: CoordinateMapKey | None = None,
                 coordinate_manager: CoordinateManager | None = None,
                 quantization_mode: SparseTensorQuantizationMode = SparseTensorQuantizationMode.RANDOM_SUBSAMPLE,
                 allocator_type: GPUMemoryAllocatorType | None = None,
                 minkowski_algorithm: MinkowskiAlgorithm | None = None, requires_grad: bool | None = None,
                 device: Any = None):
        check_parts("SparseTensor", features, coordinates, coordinate_map_key, coordinate_manager)
        require(isinstance(quantization_mode, SparseTensorQuantizationMode),
                f"SparseTensor: expected a SparseTensorQuantizationMode, got {quantization_mode!r}")
        to_device(device, features, coordinates)
        self.quantization_mode = quantization_mode
        self._D = coordinates.shape[1] - 1 if coordinates is not None else coordinate_manager.D  # type: ignore
        self._manager = manager_for(self._D, minkowski_algorithm) if coordinate_manager is None else coordinate_manager
        if coordinates is not None:
            key = CoordinateMapKey(convert_to_int_list(tensor_stride, self._D), "")
            coordinates, features, coordinate_map_key = self.initialize_coordinates(coordinates, features, key)
        if requires_grad is not None:
            features.requires_grad_(requires_grad)
        self._F = features
        self._C = coordinates
        self.coordinate_map_key = coordinate_map_key  # type: ignore[assignment]
        self._batch_rows = None

    @property
    def coordinate_key(self) -> CoordinateMapKey:
        return self.coordinate_map_key

    def _voxloom_parts(self) -> tuple[Any, ...]:
        """(features, set, axes, stride) for voxloom.torch.export; no set: one row for each batch."""
        lattice = self._manager._manager.lattice(self.coordinate_map_key)
        unit = lattice.tensor_stride
        if not any(unit):
            return self._F, None, (0, 1, 2), (1, 1, 1)
        require(self._D <= 3 and lattice.is_plain, "export: expected coordinates of up to three axes, batches from 0")
        rows = lattice.set_in(unit)
        require(rows is not None, f"export: expected coordinates that are multiples of the tensor stride {unit}")
        axes = tuple(self._D - 1 - axis if axis < self._D else axis for axis in range(3))
        return self._F, rows, axes, rows.stride  # type: ignore[union-attr]

    def initialize_coordinates(self, coordinates: torch.Tensor, features: torch.Tensor,
                               coordinate_map_key: CoordinateMapKey) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """(coordinates, features, key) of the rows, each once."""
        if coordinates.dtype != torch.int32:
            warnings.warn("coordinates implicitly converted to torch.IntTensor. To remove this warning, use `.int()` "
                          "to convert the coords into an torch.IntTensor", stacklevel=3)
            coordinates = torch.floor(coordinates).int() if coordinates.is_floating_point() else coordinates.int()
        key, (first, inverse) = self._manager.insert_and_map(coordinates, *coordinate_map_key.get_key())
        self.unique_index, self.inverse_mapping = first, inverse
        if self.quantization_mode in (SparseTensorQuantizationMode.NO_QUANTIZATION,
                                      SparseTensorQuantizationMode.SPLAT_LINEAR_INTERPOLATION):
            require(len(first) == len(coordinates), f"SparseTensor: {self.quantization_mode} expects coordinates that "
                    f"differ, {len(coordinates) - len(first)} repeat")
            return coordinates.clone(), features.clone(), key
        if len(first) == len(coordinates):
            return coordinates.clone(), features.clone(), key
        return coordinates[first], quantize_features(self.quantization_mode, features, first, inverse), key

    def _with(self, features: torch.Tensor) -> SparseTensor:
        return SparseTensor(features, coordinate_map_key=self.coordinate_map_key, coordinate_manager=self._manager)

    def _combined(self, other: Any, combine: Callable[[Any, Any], torch.Tensor]) -> Tensor:
        """On the union of coordinates where they differ: a row of one alone is that row combined with 0 (second alone),
        or as it is (first alone)."""
        if not isinstance(other, SparseTensor) or self.coordinate_map_key == other.coordinate_map_key:
            return super()._combined(other, combine)
        require(self._manager is other._manager, COORDINATE_MANAGER_DIFFERENT_ERROR)
        key = CoordinateMapKey(self._D + 1)
        mine, theirs = self._manager.union_map([self.coordinate_map_key, other.coordinate_map_key], key)
        place = torch.full((self._manager.size(key),), -1, dtype=torch.int32)
        place[mine[1]] = mine[0].int()
        spread = _rows.take(self._F, place)
        at = theirs[1]
        features = spread.index_copy(0, at, combine(spread[at], other.F[theirs[0]]))
        return SparseTensor(features, coordinate_map_key=key, coordinate_manager=self._manager)

    # --- dense tensors ---

    def _relative(self, low: Any, divide: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(coordinates (N,D) - low, divided by the tensor stride where asked, low (1,D), the tensor stride)."""
        stride = torch.IntTensor(self.tensor_stride)
        low = low.reshape(1, -1)
        require(not bool((low % stride).any()), "The minimum coordinates must be divisible by the tensor stride.")
        spatial = self.C[:, 1:] - low
        return torch.div(spatial, stride, rounding_mode="floor") if divide else spatial, low, stride

    def sparse(self, min_coords: torch.Tensor | None = None, max_coords: torch.Tensor | None = None,
               contract_coords: bool = True) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(torch sparse COO tensor (B, X, ..., C), least coordinates, tensor stride).

        contract_coords: coordinates are divided by the tensor stride. max_coords: inclusive.
        """
        for bound in (min_coords, max_coords):
            require(bound is None or isinstance(bound, torch.Tensor) and bound.dtype == torch.int32
                    and bound.numel() == self._D, f"sparse: expected an IntTensor of {self._D} bounds")
        low = self.C[:, 1:].min(0)[0] if min_coords is None else min_coords
        spatial, low, stride = self._relative(low, contract_coords)
        step = stride if contract_coords else torch.ones_like(stride)
        low = torch.div(low, step, rounding_mode="floor")
        indices = torch.cat([self.C[:, :1], spatial], 1).long().t()
        if max_coords is None:
            return torch.sparse_coo_tensor(indices, self.F), low, stride
        require(not bool((max_coords % stride).any()),
                "The maximum coordinates must be divisible by the tensor stride.")
        extent = torch.div(max_coords.reshape(1, -1), step, rounding_mode="floor") - low + 1
        size = [int(self.C[:, 0].max()) + 1, *extent.flatten().tolist(), self.F.shape[1]]
        return torch.sparse_coo_tensor(indices, self.F, size), low, stride

    def dense(self, shape: torch.Size | None = None, min_coordinate: Any = None,
              contract_stride: bool = True) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(tensor (B, C, X, ...), least coordinates, tensor stride).

        min_coordinate: IntTensor (D), what the first cell stands for, or 0; None: 0, for coordinates that are not
        negative. contract_stride: coordinates are divided by the tensor stride.
        """
        require(min_coordinate is None or isinstance(min_coordinate, int) and min_coordinate == 0
                or isinstance(min_coordinate, torch.Tensor) and min_coordinate.dtype == torch.int32
                and min_coordinate.numel() == self._D,
                f"dense: expected min_coordinate to be an IntTensor of {self._D}")
        if shape is not None:
            require(isinstance(shape, torch.Size) and len(shape) == self._D + 2,
                    f"dense: expected a torch.Size of {self._D + 2} numbers, got {shape}")
            shape = torch.Size([shape[0], self.F.shape[1], *shape[2:]])
        zero = torch.zeros(1, self._D, dtype=torch.int32)
        least = zero
        if min_coordinate is None:
            least = self.C[:, 1:].min(0, keepdim=True)[0] if len(self) else zero
            if not bool(least.ge(0).all()):
                raise MisuseError(f"Coordinate has a negative value: {least}. Please provide min_coordinate argument")
            require(not bool((least % torch.IntTensor(self.tensor_stride)).any()),
                    "The minimum coordinates must be divisible by the tensor stride.")
        spatial, low, stride = self._relative(zero if isinstance(min_coordinate, (int, type(None))) else min_coordinate,
                                              contract_stride)
        if shape is None:
            require(len(self) > 0, "dense: expected a shape for a tensor without rows")
            shape = torch.Size([int(self.C[:, 0].max()) + 1, self.F.shape[1], *(spatial.max(0)[0] + 1).tolist()])
        empty = self.F.new_zeros(shape)
        index: Any = (self.C[:, 0].long(), slice(None), *spatial.long().unbind(1))
        if len(self) > 0:
            empty[index] = self.F
        return empty, least if min_coordinate is None else low, stride

    # --- points ---

    def interpolate(self, X: Any) -> Any:
        """The tensor field of X's points with what they read of this tensor, multilinearly."""
        from .MinkowskiTensorField import TensorField

        require(isinstance(X, TensorField), f"interpolate: expected a TensorField, got {type(X).__name__}")
        splat = X._splat.get(self.coordinate_map_key)
        features = self.features_at_coordinates(X.C) if splat is None else _rows.weighted(self._F, splat)
        return TensorField(features, coordinate_field_map_key=X.coordinate_field_map_key,
                           coordinate_manager=X.coordinate_manager)

    def _sliced(self, X: Any, with_own: bool) -> Any:
        from .MinkowskiTensorField import TensorField

        require(isinstance(X, (TensorField, SparseTensor)),
                "Invalid input. The input must be an instance of TensorField or SparseTensor.")
        require(X.quantization_mode in _SLICED, "slice only available for sparse tensors with quantization "
                "RANDOM_SUBSAMPLE or UNWEIGHTED_AVERAGE")
        if isinstance(X, TensorField):
            features = _rows.take(self.F, X.inverse_mapping(self.coordinate_map_key).int())
            own = X.F if with_own else None
            place: dict[str, Any] = {"coordinate_field_map_key": X.coordinate_field_map_key,
                                     "coordinate_manager": X.coordinate_manager,
                                     "quantization_mode": X.quantization_mode}
        else:
            require(X.coordinate_map_key == self.coordinate_map_key,
                    "Slice can only be applied on the same coordinates (coordinate_map_key)")
            features = _rows.take(self.F, X.inverse_mapping.int())
            own = X.F[X.inverse_mapping] if with_own else None
            place = {"coordinates": self.C[X.inverse_mapping], "coordinate_manager": self.coordinate_manager,
                     "quantization_mode": self.quantization_mode}
        return TensorField(features if own is None else torch.cat((features, own), 1), **place)

    def slice(self, X: Any) -> Any:
        """The tensor field of the points that X was made of, each with its voxel's features in this tensor."""
        return self._sliced(X, False)

    def cat_slice(self, X: Any) -> Any:
        """slice(X), with X's own features side by side."""
        return self._sliced(X, True)

    def features_at_coordinates(self, query_coordinates: torch.Tensor) -> torch.Tensor:
        """(P,C): multilinear interpolation at (P,1+D) of this tensor's type; voxels that are not there count 0."""
        require(self.dtype == query_coordinates.dtype,
                f"Invalid query_coordinates dtype. use {self.dtype}, got {query_coordinates.dtype}")
        return _rows.weighted(self._F, self._manager._manager.neighbors(query_coordinates, self.coordinate_map_key))


def _get_coordinate_map_key(input: SparseTensor, coordinates: Any = None, tensor_stride: StrideType = 1,
                            expand_coordinates: bool = False) -> CoordinateMapKey:
    """The key of the coordinates that were given: IntTensor, key or SparseTensor; else one that is not set."""
    if coordinates is None or expand_coordinates:
        return CoordinateMapKey(input.coordinate_map_key.get_coordinate_size())
    if isinstance(coordinates, SparseTensor):
        return coordinates.coordinate_map_key
    if isinstance(coordinates, CoordinateMapKey):
        return coordinates
    require(isinstance(coordinates, torch.Tensor) and coordinates.ndim == 2,
            "coordinates: expected a SparseTensor, a CoordinateMapKey or an IntTensor (N, 1 + D)")
    strides = convert_to_int_list(tensor_stride, coordinates.shape[1] - 1)
    return input._manager.insert_and_map(coordinates, strides)[0]
