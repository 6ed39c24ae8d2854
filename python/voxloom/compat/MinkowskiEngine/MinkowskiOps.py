"""Linear layers, several tensors on the same coordinates, and dense tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn as nn

from . import _rows
from ._types import MisuseError, require, require_cpu
from .MinkowskiCommon import MinkowskiModuleBase
from .MinkowskiSparseTensor import SparseTensor
from .MinkowskiTensor import COORDINATE_KEY_DIFFERENT_ERROR, COORDINATE_MANAGER_DIFFERENT_ERROR
from .MinkowskiTensorField import TensorField, like


class MinkowskiLinear(nn.Module):
    """torch.nn.Linear on the features, as `linear`."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=bias)

    def forward(self, input: SparseTensor | TensorField) -> Any:
        return like(input, _rows.linear(input.F, self.linear.weight, self.linear.bias))

    def __repr__(self) -> str:
        linear = self.linear
        return (f"{type(self).__name__}(in_features={linear.in_features}, out_features={linear.out_features}, "
                f"bias={linear.bias is not None})")


def _on_same_rows(tensors: Sequence[Any], operator: Callable[[list[torch.Tensor]], torch.Tensor]) -> Any:
    """The operator of the features of tensors, or of one sequence of tensors, on the same coordinates."""
    if len(tensors) == 1:
        require(isinstance(tensors[0], (tuple, list)), "expected several tensors, or a sequence of them")
        tensors = tensors[0]
    require(len(tensors) > 1, "Invalid number of inputs. The input must be at least two len(sparse_tensors) > 1")
    first = tensors[0]
    if not isinstance(first, (SparseTensor, TensorField)):
        raise MisuseError("Invalid data type. The input must be either a list of sparse tensors or a list of tensor "
                          "fields.")
    for tensor in tensors:
        require(isinstance(tensor, type(first)), "Inputs must be either SparseTensors or TensorFields.")
        require(first._manager is tensor._manager, COORDINATE_MANAGER_DIFFERENT_ERROR)
        require(first.coordinate_key == tensor.coordinate_key,
                f"{COORDINATE_KEY_DIFFERENT_ERROR} {first.coordinate_key} != {tensor.coordinate_key}")
    features = operator([tensor.F for tensor in tensors])
    if isinstance(first, SparseTensor):
        return first._with(features)
    return TensorField(features, coordinate_field_map_key=first.coordinate_key, coordinate_manager=first._manager)


def cat(*sparse_tensors: Any) -> Any:
    """Channels side by side."""
    return _on_same_rows(sparse_tensors, lambda xs: torch.cat(xs, dim=-1))


def _total(xs: list[torch.Tensor]) -> torch.Tensor:
    total = xs[0] + xs[1]
    for x in xs[2:]:
        total = total + x
    return total


def _variance(xs: list[torch.Tensor]) -> torch.Tensor:
    mean = torch.div(_total(xs), len(xs))
    return torch.div(_total([torch.square(x - mean) for x in xs]), len(xs))


def _sum(*sparse_tensors: Any) -> Any:
    """The sum, channel by channel."""
    return _on_same_rows(sparse_tensors, _total)


def mean(*sparse_tensors: Any) -> Any:
    """The mean, channel by channel."""
    return _on_same_rows(sparse_tensors, lambda xs: torch.div(_total(xs), len(xs)))


def var(*sparse_tensors: Any) -> Any:
    """The variance (over their number), channel by channel."""
    return _on_same_rows(sparse_tensors, _variance)


def dense_coordinates(shape: Sequence[int]) -> torch.Tensor:
    """(B X Y ..., 1+D) int32: the coordinates of all cells of a tensor (B, C, X, Y, ...)."""
    require(len(shape) > 2, "Invalid shape. Shape must be batch x channel x spatial dimensions.")
    axes = [torch.arange(int(shape[0])), *(torch.arange(int(size)) for size in shape[2:])]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes)).int()


def to_sparse(x: torch.Tensor, format: str | None = None, coordinates: Any = None, device: Any = None) -> SparseTensor:
    """The cells of a dense tensor that are not zero in all channels.

    format: what the axes are, 'B' (first), 'C' and 'X'; by default 'BCXX...'. coordinates is not looked at, as in
    MinkowskiEngine.
    """
    require(isinstance(x, torch.Tensor) and x.ndim > 2, "Input has 0 spatial dimension.")
    axes = "BC" + "X" * (x.ndim - 2) if format is None else format
    require(len(axes) == x.ndim, f"Invalid format: {axes}. len(format) != x.ndim")
    require(axes[0] == "B" and axes.count("B") == 1, "The input must have the batch axis and the format must include "
            "'B' indicating the batch axis.")
    require(axes.count("C") == 1, "The format must indicate the channel axis")
    if device is not None:
        require_cpu(device, "to_sparse")
    cells = x.movedim(axes.find("C"), -1)
    places = torch.nonzero((cells != 0).any(-1))
    return SparseTensor(cells[places.unbind(1)], places.int())


def to_sparse_all(dense_tensor: torch.Tensor, coordinates: torch.Tensor | None = None) -> SparseTensor:
    """All cells of a dense tensor (B, C, X, ...); coordinates: dense_coordinates of its shape, made before."""
    require(dense_tensor.ndim > 2, "Invalid shape. Shape must be batch x channel x spatial dimensions.")
    if coordinates is None:
        coordinates = dense_coordinates(dense_tensor.shape)
    return SparseTensor(dense_tensor.movedim(1, -1).reshape(-1, dense_tensor.shape[1]), coordinates)


class MinkowskiToSparseTensor(MinkowskiModuleBase):
    """A tensor field's voxels, or a dense tensor's cells: those that are not zero, or (remove_zeros False) all."""

    def __init__(self, remove_zeros: bool = True, coordinates: torch.Tensor | None = None):
        super().__init__()
        require(not remove_zeros or coordinates is None, "The coordinates argument cannot be used with "
                "remove_zeros=True. If you want to use the coordinates argument, provide remove_zeros=False.")
        self.remove_zeros = remove_zeros
        self.coordinates = coordinates

    def forward(self, input: TensorField | torch.Tensor) -> SparseTensor:
        if isinstance(input, TensorField):
            return input.sparse()
        if isinstance(input, torch.Tensor):
            return to_sparse(input) if self.remove_zeros else to_sparse_all(input, self.coordinates)
        raise MisuseError("Unsupported type. Only TensorField and torch.Tensor are supported")

    def __repr__(self) -> str:
        return type(self).__name__ + "()"


class MinkowskiToDenseTensor(MinkowskiModuleBase):
    """SparseTensor.dense(shape)'s tensor."""

    def __init__(self, shape: torch.Size | None = None):
        super().__init__()
        self.shape = shape

    def forward(self, input: SparseTensor) -> torch.Tensor:
        return input.dense(shape=self.shape)[0]

    def __repr__(self) -> str:
        return type(self).__name__ + "()"


class MinkowskiToFeature(MinkowskiModuleBase):
    """The features."""

    def forward(self, x: SparseTensor | TensorField) -> torch.Tensor:
        require(isinstance(x, (SparseTensor, TensorField)), "Invalid input type for MinkowskiToFeature")
        return x.F


class MinkowskiStackCat(nn.Sequential):
    """cat of what each module makes of the input."""

    def forward(self, x: Any) -> Any:
        return cat([module(x) for module in self])


class MinkowskiStackSum(nn.Sequential):
    def forward(self, x: Any) -> Any:
        return _sum([module(x) for module in self])


class MinkowskiStackMean(nn.Sequential):
    def forward(self, x: Any) -> Any:
        return mean([module(x) for module in self])


class MinkowskiStackVar(nn.Sequential):
    def forward(self, x: Any) -> Any:
        return var([module(x) for module in self])
