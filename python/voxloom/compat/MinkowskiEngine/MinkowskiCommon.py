"""Arguments as lists of integers, and the base of all modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Union

import numpy as np
import torch
from torch.nn import Module

from ._types import CPU_ONLY, Array, MisuseError, require

StrideType = Union[int, Sequence[int], Array, torch.Tensor]


def convert_to_int_list(arg: StrideType, dimension: int) -> list[int]:
    """One integer for each axis: of a number, or of a sequence of `dimension` numbers."""
    if isinstance(arg, (Sequence, np.ndarray, torch.Tensor)) and not isinstance(arg, str) and np.ndim(arg) > 0:
        values = [int(value) for value in arg]
        require(len(values) == dimension, f"expected {dimension} integers, one for each axis, got {values}")
        return values
    if np.isscalar(arg) and not isinstance(arg, str) or isinstance(arg, torch.Tensor):
        return [int(arg)] * dimension
    raise MisuseError(f"expected an integer or a sequence of {dimension}, got {arg!r}")


def convert_to_int_tensor(arg: StrideType, dimension: int) -> torch.IntTensor:
    """convert_to_int_list as a torch.IntTensor."""
    return torch.IntTensor(convert_to_int_list(arg, dimension))


def prep_args(tensor_stride: StrideType, stride: StrideType, kernel_size: StrideType, dilation: StrideType,
              region_type: int, D: int = -1) -> tuple[Any, Any, Any, Any, int]:
    """The arguments of a layer as tensors of D integers."""
    require(D > 0, f"dimension must be a positive integer, {D}")
    sizes = convert_to_int_tensor(kernel_size, D)
    require(bool(sizes.gt(0).all()), f"kernel_size must be a positive integer, provided {kernel_size}")
    return (convert_to_int_tensor(tensor_stride, D), convert_to_int_tensor(stride, D), sizes,
            convert_to_int_tensor(dilation, D), int(region_type))


def get_postfix(tensor: torch.Tensor) -> str:
    return "GPU" if tensor.is_cuda else "CPU"


class MinkowskiModuleBase(Module):
    """What MinkowskiEngine's modules are."""


def get_minkowski_function(name: str, variable: torch.Tensor) -> NoReturn:
    """Refused: the functions of MinkowskiEngine's C++ module are not here."""
    raise MisuseError(f"Function {name}{get_postfix(variable)} not available: {CPU_ONLY}, without "
                      "MinkowskiEngine's C++ functions; use the autograd functions (MinkowskiConvolutionFunction, ...)")
