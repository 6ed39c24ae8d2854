"""Names of spconv.tools: a timer of CUDA kernels, which a CPU has none of."""

from __future__ import annotations

import contextlib

__all__ = ["CUDAKernelTimer"]


class CUDAKernelTimer:
    """Takes the calls and measures nothing: no kernel runs on a card. `enable` stays False."""

    def __init__(self, enable: bool = True) -> None:
        self.enable = False
        self._timer = None

    def namespace(self, name: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def record(self, name: str, stream: int = 0) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def get_all_pair_time(self) -> dict[str, float]:
        return {}

    @staticmethod
    def collect_by_name(name: str, res: dict[str, float]) -> dict[str, float]:
        """The entries of which `name` is a part between dots."""
        return {key: value for key, value in res.items() if name in key.split(".")}
