"""First values of kernels."""

from __future__ import annotations

import math

import torch
from torch.nn.init import calculate_gain

from .._types import require


def _calculate_fan_in_and_fan_out(tensor: torch.Tensor) -> tuple[int, int]:
    """(C_in K, C_out K) of a kernel (K, C_in, C_out). Two axes are torch's (C_out, C_in): of a kernel of one offset,
    which is (C_in, C_out), MinkowskiEngine takes the one for the other."""
    require(tensor.ndim >= 2, "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    if tensor.ndim == 2:
        return tensor.shape[1], tensor.shape[0]
    return tensor.shape[1] * tensor.shape[0], tensor.shape[2] * tensor.shape[0]


def kaiming_normal_(tensor: torch.Tensor, a: float = 0, mode: str = "fan_in",
                    nonlinearity: str = "leaky_relu") -> torch.Tensor:
    """Normal with deviation gain / sqrt(fan) (He et al. 2015), in place; mode 'fan_in' or 'fan_out'."""
    mode = mode.lower()
    require(mode in ("fan_in", "fan_out"), f"kaiming_normal_: expected mode 'fan_in' or 'fan_out', got {mode!r}")
    fan = _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]
    with torch.no_grad():
        gain = calculate_gain(nonlinearity, a)  # type: ignore[no-untyped-call, unused-ignore]
        return tensor.normal_(0, gain / math.sqrt(fan))
