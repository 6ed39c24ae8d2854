"""Points and voxels: hashes, look-ups, means and interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import voxloom.torch.functional as rows_functional

__all__ = ["calc_ti_weights", "spcount", "spdevoxelize", "sphash", "sphashquery", "spvoxelize"]

_BASIS, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)  # FNV-1a, 64 bits, over whole integers
_LOW = np.uint64(2**60 - 1)


def sphash(coords: torch.Tensor, offsets: torch.Tensor | None = None) -> torch.Tensor:
    """torchsparse's hash of each row (N, 4) int32: (N,) int64. offsets (K, 3) int32, added to the first three columns:
    (K, N). AssertionError: other shapes or types."""
    if coords.dtype != torch.int or coords.dim() != 2 or coords.shape[1] != 4:
        raise AssertionError(f"torchsparse: sphash: expected coords (N, 4) int32, got {tuple(coords.shape)} {coords.dtype}")
    columns = coords.numpy().T
    if offsets is None:
        return torch.from_numpy(_hashed(list(columns)))
    if offsets.dtype != torch.int or offsets.dim() != 2 or offsets.shape[1] != 3:
        raise AssertionError(f"torchsparse: sphash: expected offsets (K, 3) int32, got {tuple(offsets.shape)} {offsets.dtype}")
    moved = columns[:3, None, :] + offsets.numpy().T[:, :, None]
    last = np.broadcast_to(columns[3], moved.shape[1:])
    return torch.from_numpy(_hashed([*moved, last]))


def _hashed(columns: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    hashed = np.full(columns[0].shape, _BASIS)
    for column in columns:
        hashed ^= np.ascontiguousarray(column).view(np.uint32).astype(np.uint64)
        hashed *= _PRIME
    return ((hashed >> np.uint64(60)) ^ (hashed & _LOW)).astype(np.int64)


def sphashquery(queries: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """The place of each query (any shape) in references (M,), int64; -1: none. The first of equal references.

    (torchsparse 2.1 lengthens the result to a multiple of 128 rows of -1; this one has the queries' shape.)
    """
    known, asked = references.numpy(), queries.numpy()
    if not len(known):
        return torch.full(queries.shape, -1, dtype=torch.int64)
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], asked), len(known) - 1)
    return torch.from_numpy(np.where(known[order][place] == asked, order[place], -1))


def spcount(coords: torch.Tensor, num: int) -> torch.Tensor:
    """How often each of 0..num-1 stands in coords (N,), (num,) int32; negative ones are left out."""
    return torch.bincount(coords[coords >= 0].long(), minlength=num)[:num].to(torch.int32)


def spvoxelize(feats: torch.Tensor, coords: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """(M, C): the sum of the points' feats (N, C) in each voxel, coords (N,), divided by counts (M,); -1: left out."""
    summed = rows_functional.segment_reduce(feats, coords.int().contiguous(), len(counts), "sum")
    return summed / counts.clamp(min=1).to(summed.dtype)[:, None]


def spdevoxelize(feats: torch.Tensor, coords: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(N, C): the sum over 8 corners of weights (N, 8) times the voxels' feats (M, C) at coords (N, 8); -1: none.

    Gradients flow to feats.
    """
    corners = coords.int().t().contiguous()
    scales = weights.detach().to(feats.dtype)
    total = rows_functional.take_rows(feats, corners[0]) * scales[:, :1]
    for corner in range(1, corners.shape[0]):
        total = total + rows_functional.take_rows(feats, corners[corner]) * scales[:, corner : corner + 1]
    return total


def calc_ti_weights(coords: torch.Tensor, idx_query: torch.Tensor, scale: float = 1) -> torch.Tensor:
    """(8, N) trilinear weights of points, coords (N, 3 or more): corner (x, y, z) is number 4x + 2y + z. Corners whose
    idx_query (8, N) is -1 get 0; the others are scaled to a sum of 1."""
    with torch.no_grad():
        points = coords[:, :3]
        low: torch.Tensor = torch.floor(points.div(scale)).mul(scale) if scale != 1 else torch.floor(points)
        upper = (points - low.float()).t()
        lower = (low.add(scale).float() - points).t()
        corners = []
        for number in range(8):
            x, y, z = (upper[axis] if number >> (2 - axis) & 1 else lower[axis] for axis in range(3))
            corners.append(x.mul(y).mul(z))
        weights = torch.stack(corners)
        if scale != 1:
            weights = weights.div(scale**3)
        weights[idx_query == -1] = 0
        return weights.div(weights.sum(dim=0) + 1e-8)
