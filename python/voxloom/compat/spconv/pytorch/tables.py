"""Modules over several sparse tensors."""

from __future__ import annotations

from typing import Any

import torch

from . import functional as F
from ._expect import expect
from .core import SparseConvTensor
from .modules import SparseModule

__all__ = ["AddTable", "AddTableMisaligned", "ConcatTable", "JoinTable"]


def _on_first(inputs: list[SparseConvTensor], features: torch.Tensor) -> SparseConvTensor:
    return inputs[0].replace_feature(features)


def _check_alike(name: str, inputs: list[SparseConvTensor]) -> None:
    first = inputs[0]
    for other in inputs:
        alike = (
            other.spatial_shape == first.spatial_shape
            and other.batch_size == first.batch_size
            and other.features.shape[1] == first.features.shape[1]
            and other.indices.shape[0] == first.indices.shape[0]
        )
        expect(alike, f"{name}: expected tensors on the same indices with as many channels")


class JoinTable(SparseModule):
    """Channels side by side, of tensors on the same indices. AssertionError: shapes or channel counts that differ."""

    def forward(self, input: list[SparseConvTensor]) -> SparseConvTensor:
        _check_alike("JoinTable", input)
        return _on_first(input, torch.cat([x.features for x in input], 1))

    def input_spatial_size(self, out_size: Any) -> Any:
        return out_size


class AddTable(SparseModule):
    """The sum of tensors on the same indices. AssertionError: shapes or channel counts that differ."""

    def forward(self, input: list[SparseConvTensor]) -> SparseConvTensor:
        _check_alike("AddTable", input)
        total = input[0].features
        for other in input[1:]:
            total = total + other.features
        return _on_first(input, total)

    def input_spatial_size(self, out_size: Any) -> Any:
        return out_size


class AddTableMisaligned(SparseModule):
    """The sum of tensors whose indices differ: on the union of their indices."""

    def forward(self, input: list[SparseConvTensor]) -> SparseConvTensor:
        return F.sparse_add_hash_based(*input)

    def input_spatial_size(self, out_size: Any) -> Any:
        return out_size


class ConcatTable(SparseModule):
    """Each module on the same input; their results as a list."""

    def forward(self, input: Any) -> list[Any]:
        return [module(input) for module in self._modules.values()]  # type: ignore[misc, operator]

    def add(self, module: torch.nn.Module) -> ConcatTable:
        self.add_module(str(len(self._modules)), module)
        return self

    def input_spatial_size(self, out_size: Any) -> Any:
        return self._modules["0"].input_spatial_size(out_size)  # type: ignore[union-attr, operator]
