"""torchsparse's norms."""

from __future__ import annotations

import torch
from torch import nn

from ...tensor import SparseTensor
from ..utils import fapply

__all__ = ["BatchNorm", "GroupNorm", "InstanceNorm"]


class BatchNorm(nn.BatchNorm1d):
    """nn.BatchNorm1d over the rows."""

    def forward(self, input: SparseTensor) -> SparseTensor:  # type: ignore[override]
        return fapply(input, super().forward)


class InstanceNorm(nn.InstanceNorm1d):
    """nn.InstanceNorm1d on the features as they lie, as in torchsparse."""

    def forward(self, input: SparseTensor) -> SparseTensor:  # type: ignore[override]
        return fapply(input, super().forward)


class GroupNorm(nn.GroupNorm):
    """nn.GroupNorm over all rows of each batch."""

    def forward(self, input: SparseTensor) -> SparseTensor:  # type: ignore[override]
        batches = input.coords[:, 0]
        normed = torch.zeros_like(input.feats)
        for batch in range(int(batches.max()) + 1):
            rows = torch.nonzero(batches == batch).reshape(-1)
            if len(rows):
                of_batch = super().forward(input.feats[rows].t().unsqueeze(0))
                normed = normed.index_put((rows,), of_batch.squeeze(0).t())
        return input._on_same_sites(normed)
