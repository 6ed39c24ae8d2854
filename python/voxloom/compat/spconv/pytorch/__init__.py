"""spconv.pytorch on voxloom's engine."""

from . import functional, ops
from .conv import (
    SparseConv1d, SparseConv2d, SparseConv3d, SparseConv4d, SparseConvTranspose1d, SparseConvTranspose2d,
    SparseConvTranspose3d, SparseConvTranspose4d, SparseInverseConv1d, SparseInverseConv2d, SparseInverseConv3d,
    SparseInverseConv4d, SubMConv1d, SubMConv2d, SubMConv3d, SubMConv4d,
)  # fmt: skip
from .core import SparseConvTensor
from .identity import Identity
from .modules import (
    SparseBatchNorm, SparseIdentity, SparseModule, SparseReLU, SparseSequential, assign_name_for_sparse_modules,
)  # fmt: skip
from .ops import ConvAlgo
from .pool import (
    SparseAvgPool1d, SparseAvgPool2d, SparseAvgPool3d, SparseGlobalAvgPool, SparseGlobalMaxPool, SparseMaxPool1d,
    SparseMaxPool2d, SparseMaxPool3d, SparseMaxPool4d,
)  # fmt: skip
from .tables import AddTable, ConcatTable, JoinTable

__all__ = [
    "AddTable", "ConcatTable", "ConvAlgo", "Identity", "JoinTable", "RemoveGrid", "SparseAvgPool1d", "SparseAvgPool2d",
    "SparseAvgPool3d", "SparseBatchNorm", "SparseConv1d", "SparseConv2d", "SparseConv3d", "SparseConv4d",
    "SparseConvTensor", "SparseConvTranspose1d", "SparseConvTranspose2d", "SparseConvTranspose3d",
    "SparseConvTranspose4d", "SparseGlobalAvgPool", "SparseGlobalMaxPool", "SparseIdentity", "SparseInverseConv1d",
    "SparseInverseConv2d", "SparseInverseConv3d", "SparseInverseConv4d", "SparseMaxPool1d", "SparseMaxPool2d",
    "SparseMaxPool3d", "SparseMaxPool4d", "SparseModule", "SparseReLU", "SparseSequential", "SubMConv1d", "SubMConv2d",
    "SubMConv3d", "SubMConv4d", "ToDense", "assign_name_for_sparse_modules", "functional", "ops",
]  # fmt: skip


class ToDense(SparseModule):
    """The dense tensor (batch, channels, *spatial) of a sparse one."""

    def forward(self, x: SparseConvTensor):  # type: ignore[no-untyped-def]
        return x.dense()


class RemoveGrid(SparseModule):
    """Drops the tensor's grid."""

    def forward(self, x: SparseConvTensor) -> SparseConvTensor:
        x.grid = None  # type: ignore[assignment]
        return x
