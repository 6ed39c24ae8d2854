"""Whether somebody writes down what runs, and the hook by which functions tell."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, Optional, Protocol, Tuple, TypeVar, cast


class Trace(Protocol):
    """What voxloom.torch.export puts here while it runs a network."""

    def call(self, function: Callable[..., Any], arguments: Tuple[Any, ...], options: Dict[str, Any]) -> Any:
        """Runs the function and writes it down."""

    def derive(self, made: Any, source: Any, kind: str, kernel: Any, bounds: Any = None) -> None:
        """`made`, a set, is what `kernel` reaches from `source`: 'strided', 'reachable' or 'transposed', cut off at
        `bounds`, a half-open box."""

    def cells(self, x: Any, y: Any, target: Any, step: Any, mode: str, is_up: bool) -> None:
        """y is a pool of x over cells of `step`, onto the set `target`; is_up: each of its rows got its cell's."""

    def whole(self, x: Any, y: Any, mode: str) -> None:
        """y (B, C) is a pool of x over each batch."""


current: Optional[Trace] = None

_Function = TypeVar("_Function", bound=Callable[..., Any])


def recorded(function: _Function) -> _Function:
    """A function that tells a trace of its calls."""

    @functools.wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if current is None:
            return function(*arguments, **options)
        return current.call(function, arguments, options)

    return cast(_Function, wrapped)
