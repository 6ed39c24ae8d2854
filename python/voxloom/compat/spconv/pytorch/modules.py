"""Modules that take sparse tensors, sequences of them and of plain ones, and the norms of quantized networks."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from torch import nn

from .core import SparseConvTensor

__all__ = [
    "PrintCurrentTime", "PrintTensorMeta", "SparseBatchNorm", "SparseIdentity", "SparseModule", "SparseReLU",
    "SparseSequential", "SparseSyncBatchNorm", "assign_name_for_sparse_modules", "is_sparse_conv", "is_spconv_module",
]  # fmt: skip


class SparseModule(nn.Module):
    """The base of modules to which a SparseSequential gives the sparse tensor, not its features."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name = name
        self._sparse_unique_name = ""


def is_spconv_module(module: object) -> bool:
    return isinstance(module, (SparseModule, SparseBatchNorm, SparseReLU))


def is_sparse_conv(module: object) -> bool:
    from .conv import SparseConvolution

    return isinstance(module, SparseConvolution)


def assign_name_for_sparse_modules(module: nn.Module) -> None:
    """Gives each SparseModule inside its path as `_sparse_unique_name`."""
    for path, part in module.named_modules():
        if isinstance(part, SparseModule):
            part._sparse_unique_name = path


class SparseSequential(SparseModule):
    """Modules one after the other: positional ones are named "0", "1", .., an OrderedDict and keywords by their keys.

    A SparseModule gets what comes; any other module gets the features of a sparse tensor (unless it has no rows).
    """

    def __init__(self, *args: Any, **kwargs: nn.Module) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            named = list(args[0].items())
        else:
            named = [(str(place), module) for place, module in enumerate(args)]
        for name, module in named:
            self.add_module(name, module)
        for name, module in kwargs.items():
            if name in self._modules:
                raise ValueError(f"SparseSequential: there is a module {name!r} already")
            self.add_module(name, module)

    def __getitem__(self, idx: int) -> nn.Module:
        if not -len(self) <= idx < len(self):
            raise IndexError(f"SparseSequential: index {idx} is out of range for {len(self)} modules")
        return list(self._modules.values())[idx]  # type: ignore[return-value]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[nn.Module]:
        return iter(self._modules.values())  # type: ignore[arg-type]

    def add(self, module: nn.Module, name: str | None = None) -> None:
        """Appends `module`, by default under its place. KeyError: that name is taken."""
        if name is None:
            name = str(len(self._modules))
            if name in self._modules:
                raise KeyError(f"SparseSequential: there is a module {name!r} already")
        self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        for module in self:
            if is_spconv_module(module) or not isinstance(input, SparseConvTensor):
                input = module(input)
            elif input.indices.shape[0] != 0:
                input = input.replace_feature(module(input.features))
        return input


class _OnFeatures(nn.Module):
    """A mixin: the module that follows it, on the features of a sparse tensor."""

    def forward(self, input: Any) -> Any:
        if isinstance(input, SparseConvTensor):
            return input.replace_feature(super().forward(input.features))
        return super().forward(input)


class SparseBatchNorm(_OnFeatures, nn.BatchNorm1d):
    """nn.BatchNorm1d over the rows of a sparse tensor."""


class SparseSyncBatchNorm(_OnFeatures, nn.SyncBatchNorm):
    """nn.SyncBatchNorm over the rows of a sparse tensor."""


class SparseReLU(_OnFeatures, nn.ReLU):
    """nn.ReLU on the rows of a sparse tensor."""


class SparseIdentity(_OnFeatures, nn.Identity):
    """nn.Identity on the rows of a sparse tensor."""


class PrintTensorMeta(nn.Module):
    """Prints the least, greatest and mean feature; passes the tensor on."""

    def forward(self, x: Any) -> Any:
        features = x.features if isinstance(x, SparseConvTensor) else x
        print(features.min(), features.max(), features.mean())
        return x


class PrintCurrentTime(nn.Module):
    """Prints `msg` and the seconds since it was made, or since a call with reset=True."""

    def __init__(self) -> None:
        super().__init__()
        self.first_time = time.time()

    def forward(self, x: Any, msg: str = "", reset: bool = False) -> Any:
        if reset:
            self.first_time = time.time()
        print(msg, time.time() - self.first_time)
        return x
