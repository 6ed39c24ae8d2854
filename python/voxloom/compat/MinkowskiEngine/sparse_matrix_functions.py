"""A sparse matrix of entries (row, column, value) times a dense one."""

from __future__ import annotations

import torch

from . import _rows
from ._types import require

EPS = 1e-10


def spmm(rows: torch.Tensor, cols: torch.Tensor, vals: torch.Tensor, size: torch.Size, mat: torch.Tensor,
         is_sorted: bool = False, cuda_spmm_alg: int = 1) -> torch.Tensor:
    """(size[0], C): y[rows] += vals x mat[cols]; entries may repeat. is_sorted, cuda_spmm_alg are of no effect."""
    require(len(rows) == len(cols) == len(vals),
            f"spmm: expected rows, cols and vals of one length, got {len(rows)}, {len(cols)} and {len(vals)}")
    require(vals.dtype == mat.dtype, f"spmm: dtype mismatch, {vals.dtype} and {mat.dtype}")
    require(len(mat) == size[1], f"spmm: expected a matrix of {size[1]} rows, got {len(mat)}")
    return _rows.reduce(_rows.take(mat, cols.int()) * vals.unsqueeze(1), rows.int(), size[0], "sum")


def spmm_average(rows: torch.Tensor, cols: torch.Tensor, size: torch.Size, mat: torch.Tensor,
                 cuda_spmm_alg: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(y, entries (2,E) sorted by row, values (E)): spmm with 1 / the number of entries of each row."""
    require(len(rows) == len(cols), f"spmm: expected rows and cols of one length, got {len(rows)} and {len(cols)}")
    order = torch.argsort(rows, stable=True)
    rows, cols = rows[order].long(), cols[order].long()
    vals = (1.0 / torch.bincount(rows, minlength=size[0]).clamp(min=1)).to(mat.dtype)[rows]
    result = _rows.reduce(_rows.take(mat, cols.int()), rows.int(), size[0], "mean")
    return result, torch.stack((rows, cols)), vals


class MinkowskiSPMMFunction:
    """apply: spmm, with the gradient of the dense matrix."""

    @staticmethod
    def apply(rows: torch.Tensor, cols: torch.Tensor, vals: torch.Tensor, size: torch.Size, mat: torch.Tensor,
              cuda_spmm_alg: int = 1) -> torch.Tensor:
        return spmm(rows, cols, vals.detach(), size, mat)


class MinkowskiSPMMAverageFunction:
    """apply: spmm_average's product, with the gradient of the dense matrix."""

    @staticmethod
    def apply(rows: torch.Tensor, cols: torch.Tensor, size: torch.Size, mat: torch.Tensor,
              cuda_spmm_alg: int = 1) -> torch.Tensor:
        return spmm_average(rows, cols, size, mat)[0]
