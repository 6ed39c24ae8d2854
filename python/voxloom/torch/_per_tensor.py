"""What is known of a tensor object, kept beside it."""

from __future__ import annotations

import weakref
from typing import Any, Callable, Dict, Generic, Optional, Tuple, TypeVar

import torch

T = TypeVar("T")


class PerTensor(Generic[T]):
    """A value for each tensor object, as long as the object lives and is not written to.

    Nothing is put on the tensor itself: it pickles, saves and copies as it did.
    """

    def __init__(self, make: Callable[[torch.Tensor], T]):
        self._make = make
        self._entries: Dict[int, Tuple[weakref.ref[torch.Tensor], int, T]] = {}

    def __call__(self, tensor: torch.Tensor) -> T:
        value = self.peek(tensor)
        return self.put(tensor, self._make(tensor)) if value is None else value

    def peek(self, tensor: torch.Tensor) -> Optional[T]:
        entry = self._entries.get(id(tensor))
        if entry is None or entry[0]() is not tensor or entry[1] != _version(tensor):
            return None
        return entry[2]

    def put(self, tensor: torch.Tensor, value: T) -> T:
        key, entries = id(tensor), self._entries

        def forget(reference: Any) -> None:
            if key in entries and entries[key][0] is reference:
                del entries[key]

        entries[key] = (weakref.ref(tensor, forget), _version(tensor), value)
        return value


def _version(tensor: torch.Tensor) -> int:
    # Tensors of inference mode have none; they cannot be written to outside of it.
    return -1 if tensor.is_inference() else tensor._version
