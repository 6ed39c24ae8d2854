"""CoordinateManager: the coordinate maps that sparse tensors share."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import torch

from ._manager import CoordinateMapManagerCPU, Pair
from ._types import (
    CPU_ONLY,
    CoordinateMapKey,
    CoordinateMapType,
    GPUMemoryAllocatorType,
    MinkowskiAlgorithm,
    MisuseError,
    RegionType,
    require,
)
from .MinkowskiCommon import StrideType, convert_to_int_list

CPU_COUNT = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def set_coordinate_map_type(coordinate_map_type: CoordinateMapType) -> None:
    """Where new managers keep their maps. MisuseError: CUDA."""
    require(coordinate_map_type == CoordinateMapType.CPU, f"set_coordinate_map_type: {CPU_ONLY}")


def set_gpu_allocator(backend: GPUMemoryAllocatorType) -> None:
    """Of no effect: there is no GPU memory."""
    require(isinstance(backend, GPUMemoryAllocatorType),
            f"Input must be an instance of GPUMemoryAllocatorType not {backend}")


def set_memory_manager_backend(backend: GPUMemoryAllocatorType) -> None:
    warnings.warn("`set_memory_manager_backend` has been deprecated. Use `set_gpu_allocator` instead.", stacklevel=2)
    set_gpu_allocator(backend)


class CoordsManager:
    """Refused, as by MinkowskiEngine 0.5: CoordinateManager took its place."""

    def __init__(*args: Any, **kwargs: Any):
        raise DeprecationWarning("`CoordsManager` has been deprecated. Use `CoordinateManager` instead.")


class CoordinateManager:
    """Coordinate maps of D axes, by key, and the kernel maps between them, each made once.

    num_threads, allocator_type and minkowski_algorithm are of no effect: voxloom.set_threads sets the threads.
    """

    def __init__(self, D: int = 0, num_threads: int = -1, coordinate_map_type: CoordinateMapType | None = None,
                 allocator_type: GPUMemoryAllocatorType | None = None,
                 minkowski_algorithm: MinkowskiAlgorithm | None = None):
        if D < 1:
            raise MisuseError(f"Invalid rank D > 0, D = {D}.")
        require(coordinate_map_type in (None, CoordinateMapType.CPU), f"CoordinateManager: {CPU_ONLY}")
        self.D = D
        self.minkowski_algorithm = MinkowskiAlgorithm.DEFAULT if minkowski_algorithm is None else minkowski_algorithm
        self._CoordinateManagerClass = CoordinateMapManagerCPU
        self._manager = CoordinateMapManagerCPU(self.minkowski_algorithm, num_threads)

    # --- maps ---

    def insert_and_map(self, coordinates: torch.Tensor, tensor_stride: StrideType = 1,
                       string_id: str = "") -> tuple[CoordinateMapKey, Pair]:
        """(key, (unique_map, inverse_map)) of rows (N,1+D) int32, batch first, that may repeat.

        coordinates[unique_map] are the map's rows, in the order in which they first appear;
        coordinates[unique_map][inverse_map] are the coordinates.
        """
        return self._manager.insert_and_map(coordinates, convert_to_int_list(tensor_stride, self.D), string_id)

    def insert_field(self, coordinates: torch.Tensor, tensor_stride: StrideType,
                     string_id: str = "") -> CoordinateMapKey:
        """The key of a tensor field of points (N,1+D) float32."""
        return self._manager.insert_field(coordinates, convert_to_int_list(tensor_stride, self.D), string_id)

    def field_to_sparse_insert_and_map(self, field_map_key: CoordinateMapKey, sparse_tensor_stride: StrideType,
                                       sparse_tensor_string_id: str = "") -> tuple[CoordinateMapKey, Pair]:
        """(key, (unique_map, inverse_map)) of the map of the field's voxels."""
        return self._manager.field_to_sparse_insert_and_map(
            field_map_key, convert_to_int_list(sparse_tensor_stride, self.D), sparse_tensor_string_id)

    def exists_field_to_sparse(self, field_map_key: CoordinateMapKey, sparse_map_key: CoordinateMapKey) -> bool:
        return self._manager.exists_field_to_sparse(field_map_key, sparse_map_key)

    def field_to_sparse_keys(self, field_map_key: CoordinateMapKey) -> list[CoordinateMapKey]:
        return self._manager.field_to_sparse_keys(field_map_key)

    def get_field_to_sparse_map(self, field_map_key: CoordinateMapKey, sparse_map_key: CoordinateMapKey) -> Pair:
        return self._manager.get_field_to_sparse_map(field_map_key, sparse_map_key)

    def field_to_sparse_map(self, field_map_key: CoordinateMapKey, sparse_map_key: CoordinateMapKey) -> Pair:
        """(rows of the map, rows of the field) of the points whose voxel the map has."""
        return self._manager.field_to_sparse_map(field_map_key, sparse_map_key)

    def stride(self, coordinate_map_key: CoordinateMapKey, stride: StrideType, string_id: str = "") -> CoordinateMapKey:
        """The key of the strided map, which is made where it is not there."""
        return self._manager.stride(coordinate_map_key, convert_to_int_list(stride, self.D), string_id)

    def origin(self) -> CoordinateMapKey:
        """The key of the map that has one row for each batch."""
        return self._manager.origin()

    def origin_field(self) -> CoordinateMapKey:
        return self._manager.origin_field()

    def size(self, coordinate_map_key: CoordinateMapKey) -> int:
        return self._manager.size(coordinate_map_key)

    def _get_coordinate_map_key(self, key_or_tensor_strides: Any) -> CoordinateMapKey:
        """The key, or that of the first map of a tensor stride."""
        if isinstance(key_or_tensor_strides, CoordinateMapKey):
            return key_or_tensor_strides
        strides = convert_to_int_list(key_or_tensor_strides, self.D)
        keys = self._manager.get_coordinate_map_keys(strides)
        require(len(keys) > 0, f"CoordinateManager: expected a map of tensor stride {strides}, there is none")
        return keys[0]

    def get_coordinates(self, coords_key_or_tensor_strides: Any) -> torch.Tensor:
        """(N,1+D) int32, a copy."""
        return self._manager.get_coordinates(self._get_coordinate_map_key(coords_key_or_tensor_strides))

    def get_coordinate_field(self, coords_key_or_tensor_strides: Any) -> torch.Tensor:
        """(N,1+D) float32, a copy."""
        return self._manager.get_coordinate_field(self._get_coordinate_map_key(coords_key_or_tensor_strides))

    def number_of_unique_batch_indices(self) -> int:
        return self._manager.origin_map_size()

    def get_unique_coordinate_map_key(self, tensor_stride: StrideType) -> tuple[list[int], str]:
        """A key (tensor stride, name) that no map has, as a tuple."""
        return self._manager.get_random_string_id(convert_to_int_list(tensor_stride, self.D), "")

    # --- maps between maps ---

    def get_kernel_map(self, in_key: Any, out_key: Any, stride: StrideType = 1, kernel_size: StrideType = 3,
                       dilation: StrideType = 1, region_type: RegionType = RegionType.HYPER_CUBE,
                       region_offset: Any = None, is_transpose: bool = False,
                       is_pool: bool = False) -> dict[int, torch.Tensor]:
        """kernel_map by its old name."""
        warnings.warn("`get_kernel_map` will be deprecated. Please use `kernel_map` instead.", stacklevel=2)
        return self.kernel_map(in_key, out_key, stride, kernel_size, dilation, region_type, region_offset, is_transpose,
                               is_pool)

    def kernel_map(self, in_key: Any, out_key: Any, stride: StrideType = 1, kernel_size: StrideType = 3,
                   dilation: StrideType = 1, region_type: RegionType = RegionType.HYPER_CUBE, region_offset: Any = None,
                   is_transpose: bool = False, is_pool: bool = False) -> dict[int, torch.Tensor]:
        """{k: (2, E_k) int32}: the input rows and the output rows that meet under the k-th offset; without empty ones.

        in_key, out_key: keys, or tensor strides, which stand for the first map that has them.
        """
        sizes = convert_to_int_list(kernel_size, self.D)
        require(all(k > 0 for k in sizes) or region_type == RegionType.CUSTOM, f"Invalid kernel size: {kernel_size}")
        if all(k == 1 for k in sizes) and region_type == RegionType.HYPER_CROSS:
            region_type = RegionType.HYPER_CUBE
        return self._manager.kernel_map(
            self._get_coordinate_map_key(in_key), self._get_coordinate_map_key(out_key), sizes,
            convert_to_int_list(stride, self.D), convert_to_int_list(dilation, self.D), region_type, region_offset,
            is_transpose, is_pool)

    def origin_map(self, key: CoordinateMapKey) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(batches, for each number up to the largest batch its rows)."""
        return self._manager.origin_map(key)

    def origin_field_map(self, key: CoordinateMapKey) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self._manager.origin_field_map(key)

    def stride_map(self, in_key: CoordinateMapKey, stride_key: CoordinateMapKey) -> Pair:
        """(rows of in_key's map, ascending, and the rows of stride_key's that hold them)."""
        return self._manager.stride_map(in_key, stride_key)

    def union_map(self, in_keys: Sequence[CoordinateMapKey], out_key: CoordinateMapKey) -> list[torch.Tensor]:
        """For each input (2,N) int64, its rows and theirs in the union; out_key, not set before, becomes its key."""
        return self._manager.union_map(in_keys, out_key)

    def interpolation_map_weight(self, key: CoordinateMapKey, samples: torch.Tensor) -> list[torch.Tensor]:
        """[rows, samples, weights] of multilinear interpolation at samples (P,1+D) float32 or float64."""
        return self._manager.interpolation_map_weight(samples, key)

    def __repr__(self) -> str:
        return (f"{self._CoordinateManagerClass.__name__}(\n{self._manager!s}"
                f"\talgorithm={self.minkowski_algorithm}\n  )\n")
