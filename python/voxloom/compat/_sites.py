"""The coordinate set behind a tensor of rows, made once per tensor; the order in which outputs are first met."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from voxloom.torch._per_tensor import PerTensor

__all__ = ["Derived", "PerTensor", "first_met"]

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


def first_met(in_rows: Any, out_rows: Any, k: Any, sources: int, targets: int) -> Any:
    """(targets,) int32: output rows in the order in which a loop over kernel offsets, then input rows, meets them first.

    The pairs come sorted by k, each output row at most once per k; every output row has at least one.
    """
    first = np.empty(targets, dtype=np.int64)
    first[out_rows[::-1]] = np.arange(len(out_rows) - 1, -1, -1)  # the last assignment stands: the smallest place
    met_at = k[first].astype(np.int64) * sources + in_rows[first]
    return np.argsort(met_at, kind="stable")
