"""The coordinate set behind a tensor of rows, made once per tensor, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from voxloom.torch._per_tensor import PerTensor

__all__ = ["Derived", "PerTensor"]

T = TypeVar("T")


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
