"""torchsparse.utils.tune: there is nothing to choose between."""

from __future__ import annotations

from typing import Any

__all__ = ["tune"]


def tune(model: Any, data_loader: Any, *_: Any, **__: Any) -> None:
    """Returns at once: torchsparse tries its CUDA kernels for a network here; voxloom has one way, chosen by shape."""
