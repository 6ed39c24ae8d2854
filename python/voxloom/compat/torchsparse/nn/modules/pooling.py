"""torchsparse's global pools."""

import torch
from torch import nn

from ...tensor import SparseTensor
from .. import functional as F

__all__ = ["GlobalAvgPool", "GlobalMaxPool"]


class GlobalAvgPool(nn.Module):
    """(batches, C): the mean of each batch's rows."""

    def forward(self, input: SparseTensor) -> torch.Tensor:
        return F.global_avg_pool(input)


class GlobalMaxPool(nn.Module):
    """(batches, C): the greatest of each batch's rows."""

    def forward(self, input: SparseTensor) -> torch.Tensor:
        return F.global_max_pool(input)
