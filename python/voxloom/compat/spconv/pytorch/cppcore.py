"""Names of spconv.pytorch.cppcore."""

from __future__ import annotations

import torch

from .._cumm import tensorview as tv

__all__ = ["get_arch", "get_current_stream", "torch_tensor_to_tv", "torch_tensors_to_tv"]


def torch_tensor_to_tv(ten: torch.Tensor, dtype: object = None, shape: list[int] | None = None) -> tv.Tensor:
    """The tensor's own memory as a tensorview tensor."""
    if ten.device.type != "cpu":
        raise NotImplementedError(f"voxloom.compat.spconv computes on the CPU; this tensor is on {ten.device}")
    array = ten.detach().numpy()
    return tv.Tensor(array if shape is None else array.reshape(shape))


def torch_tensors_to_tv(*tens: torch.Tensor) -> tuple[tv.Tensor, ...]:
    return tuple(torch_tensor_to_tv(ten) for ten in tens)


def get_current_stream() -> int:
    """0: a CPU has no streams."""
    return 0


def get_arch() -> tuple[int, int]:
    """(0, 0): no card."""
    return 0, 0
