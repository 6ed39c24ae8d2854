"""voxloom.torch.export."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from torch import Tensor

from .. import _tracing
from .._core import CoordinateSet
from ..functional import Doubles
from ..models import Agreement, Bundle, Model
from ..sparse import SparseTensor
from ._geometry import Axes, turned
from ._torch_steps import TorchSteps
from ._trace import ExportError, Trace

_PLAUSIBLE = 1e-3  # of the largest value: what rounding in another order may make


class _Parts(NamedTuple):
    """A sparse tensor's features, their set (None: one row for each batch), and which of the set's axes each of the
    user's is."""

    features: Tensor
    rows: Optional[CoordinateSet]
    axes: Axes
    stride: Axes


def _parts_of(value: Any) -> Optional[_Parts]:
    """Of a sparse tensor of ours or of a drop-in's; None: it is none."""
    if isinstance(value, SparseTensor):
        return _Parts(value.features, value.coords, (0, 1, 2), value.stride)
    tell = getattr(value, "_voxloom_parts", None)
    return None if tell is None else _Parts(*tell())


def export(model: Callable[..., Any], example: Any, *, grid: Optional[Doubles] = None, origin: Doubles = 0.0,
           exact: bool = True, packed_bits: int = 0, group_size: int = 64, packed_channels: int = 16) -> Bundle:
    """The network as a bundle that `voxloom run`, `voxloom segment` and C++ execute without Python.

        bundle = voxloom.torch.export(net.eval(), x)
        bundle.save("net.lattice")

    model: a module in eval(), or any function, of a sparse tensor of voxloom's or of a drop-in's (spconv,
    MinkowskiEngine, torchsparse). example: what it takes, or a tuple of its arguments of which one is sparse. The
    model runs once, and what it does to the features is written down: the engine's operations, and of torch's norms,
    activations, linear layers, `cat` on channels and sums, which are then worked out by the engine. Everything else
    (coordinates, branches on shapes) is fixed by the example.

    Inputs x_coords (N,4), x_features, x_active; outputs "output", or one for each part of a tuple ("output_0", ...) or
    dict (its key). Coordinates at the boundary are multiples of the stride. With `grid`, the voxel size, and `origin`:
    inputs points (P,3), features (P,C), batch, active; output "scores" (P, classes), as export_on_points in C++.

    exact: sums keep the order that they have here and batch norms stay: run without fusing (Model(fuse=False)) the
    bundle gives the bits of the engine's run here. False: kernels of MinkowskiEngine and torchsparse become boxes of
    our order, and batch norms go into the products before them. packed_bits 4 or 8: weights of products with at least
    packed_channels input channels are packed (not exact).

    The bundle is run on the example, and Bundle.agreement tells how it compares.
    ExportError (a ValueError): a step that cannot be written down, with its file and line; a network in training; a
    bundle that computes something else than the network.
    """
    if isinstance(model, torch.nn.Module) and model.training:
        raise ExportError("[export] the network is in training: call eval()")
    arguments = example if isinstance(example, tuple) else (example,)
    sparse = [parts for parts in map(_parts_of, arguments) if parts is not None and parts.rows is not None]
    if len(sparse) != 1:
        raise ExportError(f"[export] example: expected one sparse tensor, got {len(sparse)}")
    x = sparse[0]
    if x.features.dtype != torch.float32:
        raise ExportError(f"[export] example: expected features of torch.float32, got {x.features.dtype}")
    keep_order = exact and not packed_bits
    trace = Trace(_arrays_of(model), x.axes, keep_order)
    recording = trace.recording
    stride = turned(x.stride, x.axes)
    symbol = (recording.sparse_input("x", x.features.shape[1], stride) if grid is None
              else recording.points_input(x.features.shape[1], grid, origin))
    outputs = _run(model, arguments, trace, x, symbol)
    for name, (features, _) in outputs.items():
        if grid is None:
            recording.output(name, trace.of(features).symbol)
        else:
            recording.output_at_points(trace.of(features).symbol)
    plain = Bundle(recording.bundle(not keep_order, 0, group_size, packed_channels))
    agreement = _compare(plain, x, outputs) if grid is None else _compare_points(plain, x, outputs, grid, origin)
    if packed_bits == 0:
        return Bundle(plain._bundle, agreement)
    packed = Bundle(recording.bundle(True, packed_bits, group_size, packed_channels))
    compare = _compare(packed, x, outputs, False) if grid is None else _compare_points(packed, x, outputs, grid, origin,
                                                                                       False)
    return Bundle(packed._bundle, compare)


def _arrays_of(model: Any) -> List[Tuple[str, Tensor]]:
    """Parameters and buffers of a module, whose names weights get."""
    if not isinstance(model, torch.nn.Module):
        return []
    named = [*model.named_parameters(), *model.named_buffers()]
    return [(name, array) for name, array in named
            if array.dtype == torch.float32 and array.numel() and array.is_contiguous()]


_Outputs = Dict[str, Tuple[Tensor, Optional[CoordinateSet]]]


def _run(model: Callable[..., Any], arguments: Tuple[Any, ...], trace: Trace, x: _Parts, symbol: Any) -> _Outputs:
    if _tracing.current is not None:
        raise ExportError("[export] another export is running")
    trace.put(x.features, symbol, x.rows)
    with torch.no_grad(), TorchSteps(trace):  # type: ignore[no-untyped-call, unused-ignore]
        _tracing.current = trace
        try:
            result = model(*arguments)
        finally:
            _tracing.current = None
    named = _named(result)
    for name, (features, _) in named.items():
        if not trace.is_ours(features):
            raise ExportError(f"[export] {name} does not follow from the example's features")
        named[name] = features, trace.of(features).rows
    return named


def _named(result: Any) -> _Outputs:
    if isinstance(result, dict):
        parts = {str(name): value for name, value in result.items()}
    elif isinstance(result, (list, tuple)):
        parts = {f"output_{i}": value for i, value in enumerate(result)}
    else:
        parts = {"output": result}
    named: _Outputs = {}
    for name, value in parts.items():
        sparse = _parts_of(value)
        if sparse is None and not isinstance(value, Tensor):
            raise ExportError(f"[export] {name}: expected a sparse tensor or a tensor, got {type(value).__name__}")
        named[name] = (value, None) if sparse is None else (sparse.features, sparse.rows)
    return named


# --- is it the same? ---


def _user_rows(rows: Optional[CoordinateSet], axes: Axes) -> Any:
    assert rows is not None
    columns = [0, *(1 + axis for axis in axes)]
    return np.ascontiguousarray(np.asarray(rows.rows)[:, columns])


def _difference(name: str, found: Any, wanted: Tensor, strict: bool) -> Agreement:
    ours, theirs = torch.as_tensor(np.asarray(found)), wanted.detach()
    if ours.shape != theirs.shape:
        raise ExportError(f"[export] {name}: the bundle gives {tuple(ours.shape)}, the network {tuple(theirs.shape)}")
    scale = float(theirs.abs().max()) if theirs.numel() else 0.0
    most = float((ours - theirs).abs().max()) if theirs.numel() else 0.0
    share = most / scale if scale > 0 else most
    if strict and not share <= _PLAUSIBLE:
        raise ExportError(f"[export] {name}: the bundle differs from the network by {share:.1e} of the largest value: "
                          "a step depends on more than the graph holds")
    return Agreement(len(theirs), torch.equal(ours, theirs), share)


def _worst(all: List[Agreement]) -> Agreement:
    return Agreement(sum(a.rows for a in all), all_exact(all), max(a.largest_difference for a in all))


def all_exact(parts: List[Agreement]) -> bool:
    return all(part.is_exact for part in parts)


def _compare(bundle: Bundle, x: _Parts, outputs: _Outputs, strict: bool = True) -> Agreement:
    coords = _user_rows(x.rows, x.axes) * np.array([1, *turned(x.stride, x.axes)], np.int32)
    inputs = {"x_coords": np.ascontiguousarray(coords, np.int32), "x_features": x.features.detach().numpy(),
              "x_active": np.array([len(coords)], np.int32)}
    results = Model(bundle, fuse=False).run(inputs)
    found = []
    for name, (features, rows) in outputs.items():
        result = results[name]
        if rows is not None:
            place_of = result.coords.find(_user_rows(rows, x.axes))
            if result.rows != rows.size or (place_of < 0).any():
                raise ExportError(f"[export] {name}: the bundle's coordinates are others than the network's "
                                  f"({result.rows} rows, {rows.size} there)")
            result = np.asarray(result.features)[place_of]
        found.append(_difference(name, result, features, strict))
    return _worst(found)


def _compare_points(bundle: Bundle, x: _Parts, outputs: _Outputs, grid: Doubles, origin: Doubles,
                    strict: bool = True) -> Agreement:
    """A point in the middle of each voxel has the voxel's features, and gets its scores."""
    ((features, rows),) = outputs.values() if len(outputs) == 1 else [(None, None)]
    if features is None or rows is None:
        raise ExportError("[export] with a grid the network should give one sparse tensor")
    coords = _user_rows(x.rows, x.axes)
    points = ((coords[:, 1:] + 0.5) * np.asarray(grid) + np.asarray(origin)).astype(np.float32)
    inputs = {"points": points, "features": x.features.detach().numpy(),
              "batch": np.ascontiguousarray(coords[:, 0]), "active": np.array([len(points)], np.int32)}
    scores = Model(bundle, fuse=False).run(inputs)["scores"]
    assert x.rows is not None
    place_of = rows.find(np.asarray(x.rows.rows))
    at_voxels = features[torch.as_tensor(np.maximum(place_of, 0)).long()]
    at_points = torch.where(torch.as_tensor(place_of >= 0)[:, None], at_voxels, torch.zeros(1))
    return _difference("scores", scores, at_points, strict)


__all__ = ["ExportError", "export"]
