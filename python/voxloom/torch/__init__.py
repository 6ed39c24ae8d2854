"""voxloom for PyTorch: modules with torch parameters, and functions with gradients, worked out by the C++ library.

    import torch, voxloom
    from voxloom.torch import nn

    net = nn.Sequential(nn.SubmConv3d(4, 32), nn.BatchNorm(32), nn.ReLU(), nn.SubmConv3d(32, 8))
    y = net(voxloom.SparseTensor(rows, torch.rand(len(rows), 4)))      # rows (N, 4): batch, x, y, z
    y.features.sum().backward()

Tensors are on the CPU. The operations on sparse tensors are those of the package `voxloom`: on torch features they
have gradients. `export` makes a bundle of a network, which needs no Python. The number of threads is voxloom's own
(voxloom.set_threads), not torch's.
"""

from ..sparse import SparseTensor
from . import functional, models, nn
from ._export import ExportError, export

__all__ = ["ExportError", "SparseTensor", "export", "functional", "models", "nn"]
