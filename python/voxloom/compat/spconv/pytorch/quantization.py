"""spconv.pytorch.quantization, which makes int8 networks for CUDA: every name is refused when it is asked for."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise NotImplementedError(
        f"voxloom.compat.spconv: quantization.{name}: spconv's int8 layers are CUDA kernels; export the network and pack "
        "its weights as int8 instead"
    )
