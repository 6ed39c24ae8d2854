"""cumm.tensorview's host tensors: numpy arrays behind tensorview's names."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

__all__ = ["CUDAKernelTimer", "Tensor", "empty", "from_numpy", "full", "gemm", "zeros"]

float16, float32, float64 = np.float16, np.float32, np.float64
int8, int16, int32, int64 = np.int8, np.int16, np.int32, np.int64
uint8, bool_ = np.uint8, np.bool_


class Tensor:
    """A host tensor. `numpy_view()` shares its memory, `numpy()` is a copy of it."""

    def __init__(self, array: ArrayLike | None = None) -> None:
        self._array = np.empty((0,), np.float32) if array is None else np.asarray(array)

    def numpy(self) -> np.ndarray[Any, Any]:
        return self._array.copy()

    def numpy_view(self) -> np.ndarray[Any, Any]:
        return self._array

    def cpu(self) -> Tensor:
        return self

    def clone(self) -> Tensor:
        return Tensor(self._array.copy())

    def empty(self) -> bool:
        return self._array.size == 0

    def dim(self, axis: int) -> int:
        return int(self._array.shape[axis])

    def is_cpu(self) -> bool:
        return True

    def __getitem__(self, key: Any) -> Tensor:
        return Tensor(self._array[key])

    def __len__(self) -> int:
        return len(self._array)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self._array.astype(dtype) if dtype is not None else self._array

    @property
    def shape(self) -> list[int]:
        return list(self._array.shape)

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def size(self) -> int:
        return self._array.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    return Tensor(array)


def zeros(shape: list[int], dtype: DTypeLike = np.float32, device: int = -1) -> Tensor:
    return Tensor(np.zeros(shape, _on_host(dtype, device)))


def empty(shape: list[int], dtype: DTypeLike = np.float32, device: int = -1) -> Tensor:
    return Tensor(np.empty(shape, _on_host(dtype, device)))


def full(shape: list[int], value: float, dtype: DTypeLike = np.float32, device: int = -1) -> Tensor:
    return Tensor(np.full(shape, value, _on_host(dtype, device)))


def _on_host(dtype: DTypeLike, device: int) -> DTypeLike:
    if device != -1:
        raise NotImplementedError("voxloom's cumm.tensorview has host tensors (device -1) only")
    return dtype


class gemm:  # noqa: N801, a module in cumm
    class Activation(Enum):
        None_ = 0
        ReLU = 1
        Sigmoid = 2
        LeakyReLU = 3


class CUDAKernelTimer:
    """A timer of CUDA kernels: there are none."""

    def __init__(self, enable: bool = False) -> None:
        self.enable = False
