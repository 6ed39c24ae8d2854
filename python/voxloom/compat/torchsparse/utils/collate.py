"""torchsparse.utils.collate: tensors of single scenes to one of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..tensor import SparseTensor

__all__ = ["sparse_collate", "sparse_collate_fn"]


def sparse_collate(inputs: list[SparseTensor]) -> SparseTensor:
    """One tensor of many without a batch column (coords (N, 3)): the k-th has batch k, in column 0.

    AssertionError: strides that differ.
    """
    stride = inputs[0].stride
    coords, feats = [], []
    for batch, x in enumerate(inputs):
        if x.stride != stride:
            raise AssertionError(f"torchsparse: sparse_collate: expected stride {stride}, got {x.stride}")
        rows = torch.as_tensor(x.coords)
        coords.append(torch.cat([torch.full((len(rows), 1), batch, dtype=torch.int, device=rows.device), rows], dim=1))
        feats.append(torch.as_tensor(x.feats))
    return SparseTensor(coords=torch.cat(coords), feats=torch.cat(feats), stride=stride)


def sparse_collate_fn(inputs: list[Any]) -> Any:
    """For a DataLoader: dicts of sparse tensors, arrays, tensors and others, collated by name; other things unchanged."""
    if not isinstance(inputs[0], dict):
        return inputs
    return {name: _collated([x[name] for x in inputs]) for name in inputs[0]}


def _collated(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return sparse_collate_fn(values)
    if isinstance(first, SparseTensor):
        return sparse_collate(values)
    if isinstance(first, (np.ndarray, torch.Tensor)):
        return torch.stack([torch.as_tensor(value) for value in values])
    return values
