"""torchsparse's crop."""

from __future__ import annotations

from torch import nn

from ...tensor import SparseTensor
from .. import functional as F

__all__ = ["SparseCrop"]


class SparseCrop(nn.Module):
    """The rows with coords_min <= (x, y, z) < coords_max."""

    def __init__(self, coords_min: tuple[int, ...] | None = None, coords_max: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.coords_min, self.coords_max = coords_min, coords_max

    def forward(self, input: SparseTensor) -> SparseTensor:
        return F.spcrop(input, self.coords_min, self.coords_max)
