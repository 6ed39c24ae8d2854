"""Points to voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .._lattice import first_of_each, first_of_points
from .._types import Array, require, require_cpu
from ..backend._functions import quantize_label_np, quantize_label_th, quantize_np, quantize_th


def fnv_hash_vec(arr: Array) -> Array:
    """(N) uint64: FNV64-1, a number at a time, of the rows of (N,D)."""
    require(arr.ndim == 2, f"fnv_hash_vec: expected a matrix, got shape {arr.shape}")
    columns = arr.astype(np.uint64)
    hashed: Array = np.full(len(columns), 14695981039346656037, np.uint64)
    for column in columns.T:
        hashed = (hashed * np.uint64(1099511628211)) ^ column
    return hashed


def ravel_hash_vec(arr: Array) -> Array:
    """(N) uint64: the place of the rows of (N,D) in the box that holds them."""
    require(arr.ndim == 2, f"ravel_hash_vec: expected a matrix, got shape {arr.shape}")
    columns = (arr - arr.min(0)).astype(np.uint64)
    extent = columns.max(0) + np.uint64(1)
    keys = np.zeros(len(columns), np.uint64)
    for axis in range(columns.shape[1]):
        keys = keys * extent[axis] + columns[:, axis]
    return keys


def quantize(coords: Any) -> Any:
    """[first, inverse] of int32 rows, an array's as arrays and a tensor's as tensors."""
    require(isinstance(coords, (np.ndarray, torch.Tensor)), f"Invalid coords type {type(coords).__name__}")
    if isinstance(coords, torch.Tensor):
        return quantize_th(coords.int())
    require(coords.dtype == np.int32, f"Invalid coords type {coords.dtype} != np.int32")
    return quantize_np(coords)


def quantize_label(coords: Any, labels: Any, ignore_label: int) -> Any:
    """[first, inverse, labels]: ignore_label for voxels whose points do not agree."""
    require(isinstance(coords, (np.ndarray, torch.Tensor)), f"Invalid coords type {type(coords).__name__}")
    require(isinstance(labels, type(coords)), f"Invalid label type {type(labels).__name__}")
    if isinstance(coords, torch.Tensor):
        return quantize_label_th(coords.int(), labels.int(), ignore_label)
    require(coords.dtype == np.int32, f"Invalid coords type {coords.dtype} != np.int32")
    require(labels.dtype == np.int32, f"Invalid label type {labels.dtype} != np.int32")
    return quantize_label_np(coords, labels, ignore_label)


def _discrete(coordinates: Any, quantization_size: Any) -> torch.Tensor:
    """floor(coordinates / size) as int32, worked out in the array's own type."""
    if quantization_size is not None and not (np.isscalar(quantization_size) and quantization_size == 1):
        if not np.isscalar(quantization_size):
            require(isinstance(quantization_size, (Sequence, np.ndarray, torch.Tensor)),
                    f"Not supported type for quantization_size: {type(quantization_size).__name__}")
            require(len(quantization_size) == coordinates.shape[1], "Quantization size and coordinates size mismatch.")
            sizes = [float(size) for size in quantization_size]
            quantization_size = np.array(sizes) if isinstance(coordinates, np.ndarray) else torch.tensor(sizes)
        coordinates = coordinates / quantization_size
    if isinstance(coordinates, np.ndarray):
        return torch.from_numpy(np.floor(coordinates).astype(np.int32))
    return (torch.floor(coordinates) if coordinates.is_floating_point() else coordinates).int()


def sparse_quantize(coordinates: Any, features: Any = None, labels: Any = None, ignore_label: int = -100,
                    return_index: bool = False, return_inverse: bool = False, return_maps_only: bool = False,
                    quantization_size: Any = None, device: str = "cpu") -> Any:
    """The voxels of points (N,D), in the order in which they first appear, as an IntTensor.

    After it, as asked for: the features and the labels of each voxel's first point, its index, and the voxel of each
    point (return_inverse, which wants return_index). return_maps_only: these two alone. quantization_size: a number or
    one for each axis. ignore_label is not looked at, as in MinkowskiEngine 0.5: quantize_label does.
    """
    require(isinstance(coordinates, (np.ndarray, torch.Tensor)), "Coords must be either np.array or torch.Tensor.")
    require(coordinates.ndim == 2,
            f"The coordinates must be a 2D matrix. The shape of the input is {tuple(coordinates.shape)}")
    require(return_index or not return_inverse or return_maps_only, "return_reverse must be set with return_index")
    require(features is None or features.ndim == 2 and len(features) == len(coordinates),
            "sparse_quantize: expected features (N, C), a row for each of the coordinates")
    require(labels is None or len(labels) == len(coordinates), "sparse_quantize: expected a label for each row")
    require_cpu(device, "sparse_quantize")
    discrete = _discrete(coordinates, quantization_size)
    first, inverse = (torch.from_numpy(part) for part in first_of_points(np.ascontiguousarray(discrete.numpy())))
    maps = [first, inverse] if return_inverse else [first]
    if return_maps_only:
        return maps[0] if len(maps) == 1 else tuple(maps)
    parts = [discrete[first]]
    parts += [array[first] for array in (features, labels) if array is not None]
    parts += maps if return_index else []
    return parts[0] if len(parts) == 1 else tuple(parts)


def unique_coordinate_map(coordinates: torch.Tensor, tensor_stride: Any = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """(first, inverse) int64 of rows (N,1+D) int32: coordinates[first][inverse] are the coordinates."""
    require(isinstance(coordinates, torch.Tensor) and coordinates.ndim == 2, "Coordinates must be a matrix")
    require(coordinates.dtype == torch.int32, f"unique_coordinate_map: expected torch.int32, got {coordinates.dtype}")
    first, inverse = first_of_each(coordinates.contiguous().numpy())
    return torch.from_numpy(first), torch.from_numpy(inverse)
