"""torchsparse's operators on tensors."""

from __future__ import annotations

import numpy as np
import torch

import voxloom.torch.functional as rows_functional

from .tensor import SparseTensor

__all__ = ["cat", "generative_add"]


def cat(inputs: list[SparseTensor]) -> SparseTensor:
    """Channels side by side, on the first tensor's coordinates. (The result has no spatial_range, as in torchsparse.)"""
    first = inputs[0]
    made = SparseTensor(torch.cat([x.feats for x in inputs], dim=1), first.coords, first.stride)
    made._caches = first._caches
    return made


def generative_add(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """The sum on the union of both coordinates, in ascending order; remembers what the larger tensor remembers."""
    larger, smaller = (a, b) if len(a.feats) >= len(b.feats) else (b, a)
    rows = torch.cat([larger.coords, smaller.coords]).numpy()
    coords, inverse = np.unique(rows, axis=0, return_inverse=True)
    segments = torch.from_numpy(inverse.reshape(-1).astype(np.int32))
    feats = torch.cat([larger.feats, smaller.feats])
    summed = rows_functional.segment_reduce(feats, segments, len(coords), "sum")
    made = SparseTensor(summed, torch.from_numpy(coords), larger.stride, larger.spatial_range)
    made._caches = larger._caches
    return made
