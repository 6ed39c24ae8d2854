"""What both sides of the drop-in speak of: the enumerations, keys of coordinate maps, and the error of misuse."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

Array = np.ndarray[Any, Any]

CPU_ONLY = "voxloom's MinkowskiEngine runs on the CPU"


class MisuseError(ValueError, AssertionError, RuntimeError):
    """What MinkowskiEngine refuses, in Python by AssertionError or ValueError and in C++ by RuntimeError: all three."""


def require(condition: Any, message: str) -> None:
    """MisuseError with the message, unless the condition holds."""
    if not condition:
        raise MisuseError(message)


def require_cpu(device: Any, what: str) -> None:
    """MisuseError for a device that is not the CPU."""
    # A number means an accelerator; torch 2 itself refuses one where there is none.
    kind = "cuda" if isinstance(device, int) else torch.device(device).type
    require(kind == "cpu", f"{what}: {CPU_ONLY}, got device '{device}'")


class _Choice(enum.IntEnum):
    """Integers that print as MinkowskiEngine's do: 'RegionType.HYPER_CUBE'."""

    __str__ = enum.Enum.__str__
    __format__ = enum.Enum.__format__


class GPUMemoryAllocatorType(_Choice):
    PYTORCH = 0
    CUDA = 1


class CUDAKernelMapMode(_Choice):
    MEMORY_EFFICIENT = 0
    SPEED_OPTIMIZED = 1


class MinkowskiAlgorithm(_Choice):
    """Taken and remembered; there is one algorithm here."""

    DEFAULT = 0
    MEMORY_EFFICIENT = 1
    SPEED_OPTIMIZED = 2


class CoordinateMapType(_Choice):
    CPU = 0
    CUDA = 1


class RegionType(_Choice):
    """The shape of a kernel: a box, the axes of a box, or a list of offsets."""

    HYPER_CUBE = 0
    HYPER_CROSS = 1
    CUSTOM = 2


class PoolingMode(_Choice):
    LOCAL_SUM_POOLING = 0
    LOCAL_AVG_POOLING = 1
    LOCAL_MAX_POOLING = 2
    GLOBAL_SUM_POOLING_DEFAULT = 3
    GLOBAL_AVG_POOLING_DEFAULT = 4
    GLOBAL_MAX_POOLING_DEFAULT = 5
    GLOBAL_SUM_POOLING_KERNEL = 6
    GLOBAL_AVG_POOLING_KERNEL = 7
    GLOBAL_MAX_POOLING_KERNEL = 8
    GLOBAL_SUM_POOLING_PYTORCH_INDEX = 9
    GLOBAL_AVG_POOLING_PYTORCH_INDEX = 10
    GLOBAL_MAX_POOLING_PYTORCH_INDEX = 11


class BroadcastMode(_Choice):
    ELEMENTWISE_ADDITON = 0  # MinkowskiEngine's spelling
    ELEMENTWISE_MULTIPLICATION = 1


class ConvolutionMode(_Choice):
    """Taken and remembered; the engine chooses."""

    DEFAULT = 0
    DIRECT_GEMM = 1
    COPY_GEMM = 2


# (tensor stride, name): what a manager finds a map by.
Key = tuple[tuple[int, ...], str]


class CoordinateMapKey:
    """The name of a coordinate map within its manager: its tensor stride and a string. May be set later.

    CoordinateMapKey(4): not set yet, for rows of four numbers. CoordinateMapKey([1, 1, 1], "").
    """

    def __init__(self, size_or_stride: int | Sequence[int], string_id: str = ""):
        self._key: Key | None = None
        if isinstance(size_or_stride, int):
            self._size = size_or_stride
        else:
            self._size = len(size_or_stride) + 1
            self.set_key(size_or_stride, string_id)

    @staticmethod
    def of(key: Key) -> CoordinateMapKey:
        return CoordinateMapKey(key[0], key[1])

    def is_key_set(self) -> bool:
        return self._key is not None

    def get_coordinate_size(self) -> int:
        """Columns of the coordinates: the dimension and one for the batch."""
        return self._size

    @property
    def key(self) -> Key:
        if self._key is None:
            raise MisuseError("CoordinateMapKey: expected a key that is set")
        return self._key

    def get_key(self) -> tuple[list[int], str]:
        return list(self.key[0]), self.key[1]

    def set_key(self, tensor_stride: Any, string_id: str | None = None) -> None:
        """set_key(tensor_stride, string_id), or set_key((tensor_stride, string_id))."""
        if string_id is None:
            tensor_stride, string_id = tensor_stride
        stride = tuple(int(s) for s in tensor_stride)
        require(len(stride) == self._size - 1,
                f"CoordinateMapKey: expected {self._size - 1} tensor strides, got {list(stride)}")
        self._key = (stride, str(string_id))

    def get_tensor_stride(self) -> list[int]:
        return list(self._key[0]) if self._key is not None else []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CoordinateMapKey) and self._key is not None and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        stride, name = ([], "") if self._key is None else self.get_key()
        return f"coordinate map key:{stride}" + (f":{name}" if name else "")
