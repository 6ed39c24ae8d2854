"""Names of spconv.pytorch.spatial."""

from __future__ import annotations

import torch

from .core import SparseConvTensor
from .modules import SparseModule

__all__ = ["RemoveDuplicate"]


class RemoveDuplicate(SparseModule):
    """Keeps the first row of each index, in the order of the rows, with an empty indice_dict."""

    def forward(self, x: SparseConvTensor) -> SparseConvTensor:
        _, group = torch.unique(x.indices, dim=0, return_inverse=True)
        rows = torch.arange(len(group))
        first = torch.full((int(group.max()) + 1 if len(group) else 0,), len(group)).scatter_reduce(0, group, rows, "amin")
        return x.select_by_index(torch.sort(first).values)
