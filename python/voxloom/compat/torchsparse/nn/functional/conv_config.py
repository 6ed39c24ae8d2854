"""How torchsparse computes convolutions. Only kmap_mode and downsample_mode change results, and are read here."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = [
    "ConvMode", "Dataflow", "clear_global_conv_config", "get_conv_mode", "get_default_conv_config", "get_downsample_mode",
    "get_global_conv_config", "get_kmap_mode", "set_conv_mode", "set_downsample_mode", "set_global_conv_config",
    "set_kmap_mode",
]  # fmt: skip


class Dataflow(Enum):
    ImplicitGEMM = 0
    GatherScatter = 1
    FetchOnDemand = 2
    CodedCSR = 3


class ConvMode(Enum):
    mode0 = 0
    mode1 = 1
    mode2 = 2


class AttributeDict(dict[str, Any]):
    """A dict whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def copy(self) -> AttributeDict:
        return AttributeDict(self)


_DEFAULTS: dict[str, Any] = {
    "dataflow": Dataflow.ImplicitGEMM, "ifsort": False, "kmap_mode": "hashmap_on_the_fly", "downsample_mode": "spconv",
    "split_mask_num": 1, "split_mask_num_bwd": 3, "epsilon": 0.0, "mm_thresh": 0, "FOD_fusion": True,
}  # fmt: skip
_state: dict[str, Any] = {"config": None, "conv": ConvMode.mode0, "kmap": "hashmap_on_the_fly", "downsample": "spconv"}


def get_default_conv_config(conv_mode: ConvMode = ConvMode.mode0, training: bool = False) -> AttributeDict:
    """A new configuration. (As in torchsparse 2.1.0 it does not look at set_kmap_mode and set_downsample_mode.)"""
    config = AttributeDict(_DEFAULTS)
    config.ifsort = conv_mode in (ConvMode.mode1, ConvMode.mode2)
    config.split_mask_num = 3 if conv_mode is ConvMode.mode2 else 1
    return config


def get_global_conv_config() -> AttributeDict | None:
    return _state["config"]


def set_global_conv_config(conv_config: Any) -> None:
    """For every layer without a configuration of its own; fields that it lacks get their first values."""
    for key, value in _DEFAULTS.items():
        conv_config.setdefault(key, value)
    _state["config"] = conv_config


def clear_global_conv_config() -> None:
    _state["config"] = None


def get_conv_mode() -> ConvMode:
    return _state["conv"]


def set_conv_mode(conv_mode: int | ConvMode) -> None:
    """Changes no result."""
    _state["conv"] = ConvMode(conv_mode) if isinstance(conv_mode, int) else conv_mode


def _set(name: str, value: str, known: tuple[str, str]) -> None:
    if value not in known:
        raise AssertionError(f"torchsparse: {name}_mode: expected one of {known}, got {value!r}")
    _state[name] = value


def get_kmap_mode() -> str:
    return _state["kmap"]


def set_kmap_mode(kmap_mode: str) -> None:
    """Kept; nothing reads it, as in torchsparse 2.1.0: a configuration's kmap_mode counts."""
    _set("kmap", kmap_mode, ("hashmap_on_the_fly", "hashmap"))


def get_downsample_mode() -> str:
    return _state["downsample"]


def set_downsample_mode(downsample_mode: str) -> None:
    """Kept; nothing reads it, as in torchsparse 2.1.0: a configuration's downsample_mode counts."""
    _set("downsample", downsample_mode, ("spconv", "minkowski"))
