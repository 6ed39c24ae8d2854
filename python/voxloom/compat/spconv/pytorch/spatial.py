"""Names of spconv.pytorch.spatial."""

from __future__ import annotations

import numpy as np
import torch

from .core import SparseConvTensor
from .modules import SparseModule

__all__ = ["RemoveDuplicate"]


class RemoveDuplicate(SparseModule):
    """Keeps the first row of each index, in the order of the rows, with an empty indice_dict."""

    def forward(self, x: SparseConvTensor) -> SparseConvTensor:
        _, first = np.unique(x.indices.numpy(), axis=0, return_index=True)
        return x.select_by_index(torch.from_numpy(np.sort(first)))
