"""Functions of MinkowskiEngine's C++ module: what it was built with, and quantization."""

from __future__ import annotations

import numpy as np
import torch

from .._lattice import first_of_points
from .._types import Array, require


def is_cuda_available() -> bool:
    """False: there is no CUDA here, whatever torch has."""
    return False


def cuda_version() -> int:
    return -1


def cudart_version() -> int:
    return -1


def get_gpu_memory_info() -> tuple[int, int]:
    return 0, 0


def quantize_np(coords: Array) -> list[Array]:
    """[first, inverse] int32 of rows (N,D) that may repeat: coords[first][inverse] are the rows."""
    first, inverse = _first_of_each(coords)
    return [first.astype(np.int32), inverse.astype(np.int32)]


def quantize_th(coords: torch.Tensor) -> list[torch.Tensor]:
    """[first, inverse] int64 of rows (N,D) int32."""
    require(coords.dtype == torch.int32, f"Coordinates must be an int type tensor, got {coords.dtype}.")
    first, inverse = _first_of_each(coords.numpy())
    return [torch.from_numpy(first), torch.from_numpy(inverse)]


def quantize_label_np(coords: Array, labels: Array, invalid_label: int) -> list[Array]:
    """[first, inverse, labels of the voxels]: invalid_label where a voxel's points do not agree."""
    first, inverse = _first_of_each(coords)
    require(len(labels) == len(coords), "Coords nrows must be equal to label size.")
    agreed = np.asarray(labels)[first].astype(np.int32)
    agreed[inverse[np.asarray(labels) != agreed[inverse]]] = invalid_label
    return [first.astype(np.int32), inverse.astype(np.int32), agreed]


def quantize_label_th(coords: torch.Tensor, labels: torch.Tensor, invalid_label: int) -> list[torch.Tensor]:
    """quantize_label_np for torch.IntTensors; first and inverse int64."""
    first, inverse, agreed = quantize_label_np(coords.numpy(), labels.numpy(), invalid_label)
    return [torch.from_numpy(first).long(), torch.from_numpy(inverse).long(), torch.from_numpy(agreed)]


def _first_of_each(coords: Array) -> tuple[Array, Array]:
    require(np.ndim(coords) == 2, f"Dimension must be 2. The dimension of the input: {np.ndim(coords)}")
    return first_of_points(np.ascontiguousarray(coords, np.int32))
