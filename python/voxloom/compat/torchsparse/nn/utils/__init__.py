"""torchsparse.nn.utils."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..._maps import anchored, offsets
from ...tensor import SparseTensor
from ...utils import make_ntuple

__all__ = ["fapply", "get_kernel_offsets"]


def fapply(input: SparseTensor, fn: Callable[..., torch.Tensor], *args: Any, **kwargs: Any) -> SparseTensor:
    """`fn` on the features, on the same coordinates."""
    return input._on_same_sites(fn(input.feats, *args, **kwargs))


def get_kernel_offsets(
    size: int | tuple[int, ...], stride: int | tuple[int, ...] = 1, dilation: int | tuple[int, ...] = 1,
    device: str = "cpu",
) -> torch.Tensor:  # fmt: skip
    """(K, 3) int32 offsets -(k-1)//2..k//2 times stride and dilation: x fastest where K is odd, else z fastest."""
    kernel, step, spread = (make_ntuple(value, ndim=3) for value in (size, stride, dilation))
    scale = torch.tensor([s * d for s, d in zip(step, spread)], dtype=torch.int)
    return (torch.from_numpy(offsets(kernel, anchored(kernel)).copy()) * scale).to(device)  # type: ignore[arg-type]
