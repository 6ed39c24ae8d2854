"""Rows of one tensor in another."""

from __future__ import annotations

from typing import Any

import torch

from .._types import require


def get_coords_map(x: Any, y: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """(rows of x, rows of y) int64: each row of x and the row of the strided tensor y that holds it.

    x, y: SparseTensors of one manager, y of a tensor stride that is a multiple of x's.
    """
    require(x.coordinate_manager is y.coordinate_manager, "X and Y are using different CoordinateManagers. Y must be "
            "derived from X through strided conv/pool/etc.")
    return x.coordinate_manager.stride_map(x.coordinate_map_key, y.coordinate_map_key)
