"""torchsparse.utils.tensor_cache: what tensors of one network remember together."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = [
    "TensorCache", "TensorCacheMode", "clear_global_tensor_cache", "get_global_tensor_cache", "get_tensor_cache_mode",
    "set_global_tensor_cache", "set_tensor_cache_mode",
]  # fmt: skip


class TensorCacheMode(Enum):
    SEPARATE_TENSOR_CACHE = 0
    GLOBAL_TENSOR_CACHE = 1


class TensorCache:
    """cmaps: stride -> (coords, spatial_range). kmaps: (stride, kernel size, stride, dilation) -> kernel map."""

    def __init__(self) -> None:
        self.cmaps: dict[tuple[int, ...], Any] = {}
        self.kmaps: dict[tuple[Any, ...], Any] = {}
        self.hashmaps: dict[tuple[int, ...], Any] = {}


_mode = TensorCacheMode.SEPARATE_TENSOR_CACHE
_global: TensorCache | None = None


def set_tensor_cache_mode(mode: TensorCacheMode) -> None:
    """GLOBAL_TENSOR_CACHE: all tensors share one, which is to be cleared after each pass."""
    global _mode
    if not isinstance(mode, TensorCacheMode):
        raise AssertionError(f"torchsparse: expected a TensorCacheMode, got {mode!r}")
    _mode = mode


def get_tensor_cache_mode() -> TensorCacheMode:
    return _mode


def get_global_tensor_cache() -> TensorCache | None:
    return _global


def set_global_tensor_cache(tensor_cache: TensorCache | None) -> None:
    global _global
    _global = tensor_cache


def clear_global_tensor_cache() -> None:
    set_global_tensor_cache(None)


def cache_for_new_tensor() -> TensorCache:
    """A new one, or the global one where that is the mode."""
    if _mode is TensorCacheMode.SEPARATE_TENSOR_CACHE:
        return TensorCache()
    if _global is None:
        set_global_tensor_cache(TensorCache())
    return _global  # type: ignore[return-value]
