"""torchsparse's modules for pictures from above, which its version 2.1 left behind: they read the batch from the last
column, where 2.1 has z. They are refused, lest a network computes something else than it did."""

from __future__ import annotations

from typing import Any

from torch import nn

__all__ = ["ToBEVConvolution", "ToBEVHeightCompression", "ToBEVReduction", "ToDenseBEVConvolution"]


class _Refused(nn.Module):
    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError(
            f"voxloom.compat.torchsparse: {type(self).__name__}: torchsparse 2.1 itself reads the batch from the last "
            "column here, where its coordinates have z; write it with SparseTensor.dense()"
        )


class ToBEVReduction(_Refused):
    pass


class ToDenseBEVConvolution(_Refused):
    pass


class ToBEVConvolution(_Refused):
    pass


class ToBEVHeightCompression(_Refused):
    pass
