"""torchsparse.utils: small conversions, and dense tensors."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["make_divisible", "make_ntuple", "make_tensor", "to_dense"]


def make_ntuple(x: int | list[int] | tuple[int, ...] | torch.Tensor, ndim: int) -> tuple[int, ...]:
    """`ndim` numbers, of one or of as many. AssertionError: another count."""
    if isinstance(x, int):
        return (x,) * ndim
    values = tuple(x.reshape(-1).tolist()) if isinstance(x, torch.Tensor) else tuple(x)
    if len(values) != ndim:
        raise AssertionError(f"torchsparse: expected {ndim} numbers, got {values}")
    return values


def make_tensor(x: Any, dtype: torch.dtype, device: torch.device | str = "cpu") -> torch.Tensor:
    return torch.as_tensor(x, dtype=dtype, device=device)


def make_divisible(x: int, divisor: int) -> int:
    """The least multiple of `divisor` that is not below x."""
    return -(-x // divisor) * divisor


def to_dense(feats: torch.Tensor, coords: torch.Tensor, spatial_range: tuple[int, ...]) -> torch.Tensor:
    """(*spatial_range, C) with `feats` at `coords` (N, len(spatial_range)), 0 elsewhere. IndexError: a row outside."""
    at = tuple(coords.long().unbind(1))
    if coords.numel() and int(coords.min()) < 0:
        raise IndexError(f"torchsparse: to_dense: expected coordinates from 0, got {coords.min(0).values.tolist()}")
    return feats.new_zeros((*spatial_range, feats.shape[1])).index_put(at, feats)
