"""Several point clouds as one batch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .._types import require, require_cpu


def _tensor(array: Any, what: str) -> torch.Tensor:
    require(isinstance(array, (np.ndarray, torch.Tensor)),
            f"{what} must be of type numpy.ndarray or torch.Tensor, got {type(array).__name__}")
    return torch.from_numpy(array) if isinstance(array, np.ndarray) else array


def batched_coordinates(coords: Sequence[Any], dtype: torch.dtype = torch.int32, device: Any = None) -> torch.Tensor:
    """(N,1+D): the rows of all (N_b,D), each with its place b in the list before it.

    dtype: torch.int32, to which fractions are rounded down, or torch.float32.
    """
    require(isinstance(coords, Sequence), "The coordinates must be a sequence.")
    require(dtype in (torch.int32, torch.float32), "Only torch.int32, torch.float32 supported for coordinates.")
    if device is not None:
        require_cpu(device, "batched_coordinates")
    clouds = [_tensor(cloud, "Coordinates") for cloud in coords]
    require(all(cloud.ndim == 2 for cloud in clouds), "All coordinates must be in a 2D array.")
    dimensions = sorted({cloud.shape[1] for cloud in clouds})
    require(len(dimensions) == 1, f"Dimension of the array mismatch. All dimensions: {dimensions}")
    sizes = [len(cloud) for cloud in clouds]
    batched = torch.empty((sum(sizes), dimensions[0] + 1), dtype=dtype)
    for batch, (cloud, rows) in enumerate(zip(clouds, torch.split(batched, sizes))):
        rows[:, 0] = batch
        rows[:, 1:] = cloud.floor() if dtype == torch.int32 and cloud.is_floating_point() else cloud
    return batched


def sparse_collate(coords: Sequence[Any], feats: Sequence[Any], labels: Sequence[Any] | None = None,
                   dtype: torch.dtype = torch.int32, device: Any = None) -> tuple[Any, ...]:
    """(batched_coordinates, features, and labels where they are given) of several point clouds.

    Labels that are no arrays stay a list.
    """
    require(isinstance(coords, Sequence), "The coordinates must be a sequence of arrays or tensors.")
    require(isinstance(feats, Sequence), "The features must be a sequence of arrays or tensors.")
    require(labels is None or isinstance(labels, Sequence), "The labels must be a sequence of arrays or tensors.")
    batched = batched_coordinates(coords, dtype, device)
    features = torch.cat([_tensor(rows, "Features") for rows in feats], 0)
    require(len(batched) == len(features), f"Coordinate length {len(batched)} != Feature length {len(features)}")
    if labels is None:
        return batched, features
    tensors = [torch.from_numpy(label) if isinstance(label, np.ndarray) else label for label in labels]
    return batched, features, torch.cat(tensors, 0) if isinstance(tensors[0], torch.Tensor) else tensors


def batch_sparse_collate(data: Sequence[Any], dtype: torch.dtype = torch.int32, device: Any = None) -> tuple[Any, ...]:
    """sparse_collate of a list of (coordinates, features, labels): a collate_fn."""
    coords, feats, *labels = zip(*data)
    return sparse_collate(coords, feats, labels[0] if labels else None, dtype, device)


class SparseCollation:
    """A collate_fn that leaves the rest of the list out once it has more than limit_numpoints points (0, -1: never)."""

    def __init__(self, limit_numpoints: int = -1, dtype: torch.dtype = torch.int32, device: Any = None):
        self.limit_numpoints = limit_numpoints
        self.dtype = dtype
        self.device = device

    def __call__(self, list_data: Sequence[Any]) -> tuple[Any, ...]:
        kept, total = 0, 0
        for cloud in list_data:
            total += len(cloud[0])
            if 0 < self.limit_numpoints < total:
                logging.getLogger(__name__).warning(
                    "Cannot fit %d points into %d points limit. Truncating batch size at %d out of %d with %d.",
                    sum(len(c[0]) for c in list_data), self.limit_numpoints, kept, len(list_data),
                    total - len(cloud[0]))
                break
            kept += 1
        return batch_sparse_collate(list_data[:kept], self.dtype, self.device)
