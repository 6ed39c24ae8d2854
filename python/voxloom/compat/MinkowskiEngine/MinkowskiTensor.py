"""What sparse tensors and tensor fields have in common, and how new ones find a coordinate manager."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from numbers import Number
from typing import Any

import torch

from ._types import CoordinateMapKey, MisuseError, require, require_cpu
from .MinkowskiCoordinateManager import CoordinateManager


class SparseTensorOperationMode(Enum):
    """Whether tensors made of coordinates get a coordinate manager of their own, or the global one."""

    SEPARATE_COORDINATE_MANAGER = 0
    SHARE_COORDINATE_MANAGER = 1


class SparseTensorQuantizationMode(Enum):
    """What becomes of features whose coordinates are the same.

    RANDOM_SUBSAMPLE keeps the first, UNWEIGHTED_AVERAGE and UNWEIGHTED_SUM all, MAX_POOL the largest of each channel.
    """

    RANDOM_SUBSAMPLE = 0
    UNWEIGHTED_AVERAGE = 1
    UNWEIGHTED_SUM = 2
    NO_QUANTIZATION = 3
    MAX_POOL = 4
    SPLAT_LINEAR_INTERPOLATION = 5


COORDINATE_MANAGER_DIFFERENT_ERROR = (
    "SparseTensors must share the same coordinate manager for this operation: give coordinate_manager= to those that "
    "are made of coordinates, or share it by set_sparse_tensor_operation_mode.")
COORDINATE_KEY_DIFFERENT_ERROR = "SparseTensors must have the same coordinate_map_key."

_operation_mode = SparseTensorOperationMode.SEPARATE_COORDINATE_MANAGER
_global_manager: CoordinateManager | None = None


def set_sparse_tensor_operation_mode(operation_mode: SparseTensorOperationMode) -> None:
    """For the whole process. With SHARE_COORDINATE_MANAGER, call clear_global_coordinate_manager after each step."""
    global _operation_mode
    require(isinstance(operation_mode, SparseTensorOperationMode),
            f"Input must be an instance of SparseTensorOperationMode not {operation_mode}")
    _operation_mode = operation_mode


def sparse_tensor_operation_mode() -> SparseTensorOperationMode:
    return _operation_mode


def global_coordinate_manager() -> CoordinateManager | None:
    return _global_manager


def set_global_coordinate_manager(coordinate_manager: CoordinateManager | None) -> None:
    global _global_manager
    _global_manager = coordinate_manager


def clear_global_coordinate_manager() -> None:
    """Lets go of the global manager's maps."""
    set_global_coordinate_manager(None)


def manager_for(dimension: int, algorithm: Any) -> CoordinateManager:
    """A new manager, or the global one where that is the mode."""
    if _operation_mode == SparseTensorOperationMode.SEPARATE_COORDINATE_MANAGER:
        return CoordinateManager(D=dimension, minkowski_algorithm=algorithm)
    if _global_manager is None:
        set_global_coordinate_manager(CoordinateManager(D=dimension, minkowski_algorithm=algorithm))
    assert _global_manager is not None
    return _global_manager


def check_parts(name: str, features: Any, coordinates: Any, key: Any, manager: Any) -> None:
    """What must hold of the parts that a tensor is made of."""
    require(isinstance(features, torch.Tensor), "Features must be a torch.Tensor")
    require(features.ndim == 2,
            f"The feature should be a matrix, The input feature is an order-{features.ndim} tensor.")
    require(manager is None or isinstance(manager, CoordinateManager),
            f"{name}: expected coordinate_manager to be a CoordinateManager, got {type(manager).__name__}")
    if key is not None:
        require(isinstance(key, CoordinateMapKey), f"{name}: expected a CoordinateMapKey, got {type(key).__name__}")
        require(manager is not None, f"{name}: Must provide coordinate_manager if a key is provided")
        require(coordinates is None, f"{name}: Must not provide coordinates if a key is provided")
        require(key.is_key_set(), f"{name}: The coordinate key must be valid.")
        return
    if coordinates is None:
        raise MisuseError(f"{name}: Either coordinates or (key, coordinate_manager) pair must be provided.")
    require(isinstance(coordinates, torch.Tensor) and coordinates.ndim == 2,
            f"{name}: expected coordinates to be a torch.Tensor (N, 1 + D)")
    require(len(features) == len(coordinates), "The number of rows in features and coordinates must match: "
            f"got {len(features)} and {len(coordinates)}.")
    require(features.is_cuda == coordinates.is_cuda, "Features and coordinates must have the same backend.")


def to_device(device: Any, features: torch.Tensor, coordinates: Any) -> None:
    """There is one device; MisuseError for others."""
    if device is not None:
        require_cpu(device, "device")
    require_cpu(features.device, "features")
    if coordinates is not None:
        require_cpu(coordinates.device, "coordinates")


class Tensor:
    """Features (N,C), their coordinates (N,1+D), batch first, and the manager that has these."""

    _C: torch.Tensor | None
    _F: torch.Tensor
    _D: int
    _manager: CoordinateManager
    _batch_rows: list[torch.Tensor] | None
    coordinate_map_key: CoordinateMapKey

    @property
    def coordinate_manager(self) -> CoordinateManager:
        return self._manager

    @property
    def coordinate_key(self) -> CoordinateMapKey:
        raise NotImplementedError("Tensor interface does not have coordinate_key")

    @property
    def tensor_stride(self) -> list[int]:
        return self.coordinate_key.get_tensor_stride()

    @tensor_stride.setter
    def tensor_stride(self, p: Any) -> None:
        raise SyntaxError("Direct modification of tensor_stride is not permitted")

    def _get_coordinates(self) -> torch.Tensor:
        return self._manager.get_coordinates(self.coordinate_map_key)

    @property
    def coordinates(self) -> torch.Tensor:
        """(N,1+D), batch first; multiples of the tensor stride."""
        if self._C is None:
            self._C = self._get_coordinates()
        return self._C

    @coordinates.setter
    def coordinates(self, p: Any) -> None:
        raise SyntaxError("Direct modification of coordinates is not permitted")

    @property
    def C(self) -> torch.Tensor:
        """coordinates."""
        return self.coordinates

    @C.setter
    def C(self, p: Any) -> None:
        raise SyntaxError("Direct modification of coordinates is not permitted")

    @property
    def features(self) -> torch.Tensor:
        """(N,C)."""
        return self._F

    @property
    def F(self) -> torch.Tensor:
        """features."""
        return self._F

    @property
    def dimension(self) -> int:
        return self._D

    @dimension.setter
    def dimension(self, p: Any) -> None:
        raise SyntaxError("Direct modification not permitted")

    @property
    def D(self) -> int:
        """dimension."""
        return self._D

    @D.setter
    def D(self, p: Any) -> None:
        raise SyntaxError("Direct modification not permitted")

    # --- by batch ---

    @property
    def _batchwise_row_indices(self) -> list[torch.Tensor]:
        if self._batch_rows is None:
            _, self._batch_rows = self._manager.origin_map(self.coordinate_map_key)
        return self._batch_rows

    @property
    def _sorted_batchwise_row_indices(self) -> list[torch.Tensor]:
        return self._batchwise_row_indices  # they are in ascending order

    @property
    def decomposition_permutations(self) -> list[torch.Tensor]:
        """For each batch its rows, ascending; empty for numbers of batches that are not there."""
        return self._batchwise_row_indices

    @property
    def decomposed_coordinates(self) -> list[torch.Tensor]:
        """For each batch (N_b,D)."""
        return [self.C[rows, 1:] for rows in self._batchwise_row_indices]

    @property
    def decomposed_features(self) -> list[torch.Tensor]:
        """For each batch (N_b,C)."""
        return [self._F[rows] for rows in self._batchwise_row_indices]

    @property
    def decomposed_coordinates_and_features(self) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        return self.decomposed_coordinates, self.decomposed_features

    def coordinates_at(self, batch_index: int) -> torch.Tensor:
        return self.C[self._batchwise_row_indices[batch_index], 1:]

    def features_at(self, batch_index: int) -> torch.Tensor:
        return self._F[self._batchwise_row_indices[batch_index]]

    def coordinates_and_features_at(self, batch_index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.coordinates_at(batch_index), self.features_at(batch_index)

    # --- as of the features ---

    @property
    def requires_grad(self) -> bool:
        return self._F.requires_grad

    def requires_grad_(self, requires_grad: bool = True) -> None:
        self._F.requires_grad_(requires_grad)

    def float(self) -> Tensor:
        self._F = self._F.float()
        return self

    def double(self) -> Tensor:
        self._F = self._F.double()
        return self

    def detach(self) -> Tensor:
        self._F = self._F.detach()
        return self

    def __len__(self) -> int:
        return len(self._F)

    def size(self, *dim: int) -> Any:
        return self._F.size(*dim)

    @property
    def shape(self) -> torch.Size:
        return self._F.shape

    @property
    def device(self) -> torch.device:
        return self._F.device

    @property
    def dtype(self) -> torch.dtype:
        return self._F.dtype

    def get_device(self) -> int:
        return self._F.get_device()

    # --- arithmetic ---

    def _with(self, features: torch.Tensor) -> Tensor:
        """Features on the same coordinates."""
        raise NotImplementedError

    def _is_same_key(self, other: Any) -> None:
        require(isinstance(other, type(self)), f"expected a {type(self).__name__}, got {type(other).__name__}")
        require(self._manager is other._manager, COORDINATE_MANAGER_DIFFERENT_ERROR)
        require(self.coordinate_key == other.coordinate_key, COORDINATE_KEY_DIFFERENT_ERROR)

    def _combined(self, other: Any, combine: Callable[[Any, Any], torch.Tensor]) -> Tensor:
        if isinstance(other, (torch.Tensor, Number)):
            return self._with(combine(self._F, other))
        self._is_same_key(other)
        return self._with(combine(self._F, other.F))

    def __iadd__(self, other: Any) -> Tensor:
        self._is_same_key(other)
        self._F += other.F
        return self

    def __isub__(self, other: Any) -> Tensor:
        self._is_same_key(other)
        self._F -= other.F
        return self

    def __imul__(self, other: Any) -> Tensor:
        self._is_same_key(other)
        self._F *= other.F
        return self

    def __itruediv__(self, other: Any) -> Tensor:
        self._is_same_key(other)
        self._F /= other.F
        return self

    def __add__(self, other: Any) -> Tensor:
        return self._combined(other, lambda x, y: x + y)

    def __sub__(self, other: Any) -> Tensor:
        return self._combined(other, lambda x, y: x - y)

    def __mul__(self, other: Any) -> Tensor:
        return self._combined(other, lambda x, y: x * y)

    def __truediv__(self, other: Any) -> Tensor:
        return self._combined(other, lambda x, y: x / y)

    def __pow__(self, power: Any) -> Tensor:
        return self._with(self._F**power)

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(\n  coordinates={self.C}\n  features={self.F}\n"
                f"  coordinate_map_key={self.coordinate_key}\n  coordinate_manager={self._manager}"
                f"  spatial dimension={self._D})")
