"""The coordinate set behind a tensor of rows, made once per tensor; the order in which outputs are first met."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import numpy as np
import torch

T = TypeVar("T")


class PerTensor(Generic[T]):
    """A value for each tensor object, as long as the object lives and is not written to.

    Nothing is put on the tensor itself: it pickles, saves and copies as it did.
    """

    def __init__(self, make: Callable[[torch.Tensor], T]):
        self._make = make
        self._entries: dict[int, tuple[weakref.ref[torch.Tensor], int, T]] = {}

    def __call__(self, tensor: torch.Tensor) -> T:
        value = self.peek(tensor)
        return self.put(tensor, self._make(tensor)) if value is None else value

    def peek(self, tensor: torch.Tensor) -> T | None:
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


class Derived:
    """What follows from one set of sites, kept with it: the same request, the same object."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}

    def get(self, request: Hashable, make: Callable[[], T]) -> T:
        if request not in self._kept:
            self._kept[request] = make()
        return self._kept[request]  # type: ignore[no-any-return]

    def drop(self, request: Hashable) -> None:
        self._kept.pop(request, None)


def first_met(in_rows: Any, out_rows: Any, k: Any, sources: int, targets: int) -> Any:
    """(targets,) int32: output rows in the order in which a loop over kernel offsets, then input rows, meets them first.

    The pairs come sorted by k, each output row at most once per k; every output row has at least one.
    """
    first = np.empty(targets, dtype=np.int64)
    first[out_rows[::-1]] = np.arange(len(out_rows) - 1, -1, -1)  # the last assignment stands: the smallest place
    met_at = k[first].astype(np.int64) * sources + in_rows[first]
    return np.argsort(met_at, kind="stable")
