"""Running a network and writing down what it does to its features: what voxloom.torch.export is made of."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from .. import _core, _tracing
from .._core import CoordinateSet, KernelMap, KernelSpec
from .._maps import is_forward
from ..sparse import SparseTensor
from . import _geometry
from ._per_tensor import PerTensor


class ExportError(ValueError):
    """A step of the network cannot be written down: it is named, with the file and line that took it."""


_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_TORCH = os.path.dirname(os.path.abspath(torch.__file__))
_LIBRARIES = (_HERE + os.sep, _TORCH + os.sep, contextlib.__file__)


def place() -> str:
    """FILE:LINE of the innermost step that is neither ours nor torch's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


class Traced(NamedTuple):
    """What a tensor is in the graph. rows: the set whose rows its own are; None: it has none."""

    symbol: Any
    rows: Optional[CoordinateSet]


class Derivation(NamedTuple):
    """How a set follows from another."""

    source: CoordinateSet
    kind: str
    kernel: KernelSpec
    bounds: Any


Call = Dict[str, Any]  # a call's arguments by name
Operands = List[Tuple[str, Any]]


class Trace:
    """The graph so far; `exact`: kernels keep the order of their sums."""

    def __init__(self, names: Sequence[Tuple[str, Tensor]], axes: _geometry.Axes, exact: bool) -> None:
        self.recording = _core._Recording()
        self._names: Dict[int, str] = {}
        for name, array in names:
            self._names.setdefault(array.data_ptr(), name)
            self.recording.name(array.detach(), name)
        self._turned: Dict[Any, Tuple[Tensor, Tensor]] = {}  # weights and their other order, by the array and the order
        self.axes, self.exact = axes, exact
        self._tensors: PerTensor[Traced] = PerTensor(_none)
        self._lost: PerTensor[str] = PerTensor(_none)
        self._sites: Dict[CoordinateSet, Any] = {}  # a sparse symbol on these rows
        self._derived: Dict[CoordinateSet, List[Derivation]] = {}

    # --- what is known of tensors and sets ---

    def put(self, tensor: Tensor, symbol: Any, rows: Optional[CoordinateSet]) -> None:
        self._tensors.put(tensor, Traced(symbol, rows))
        if rows is not None:  # the latest: raw sums before a norm that is folded should have no other user
            self._sites[rows] = symbol

    def peek(self, value: Any) -> Optional[Traced]:
        return self._tensors.peek(value) if isinstance(value, Tensor) else None

    def is_ours(self, value: Any) -> bool:
        """Follows from the network's input."""
        return isinstance(value, Tensor) and (self.peek(value) is not None or self._lost.peek(value) is not None)

    def why(self, value: Any) -> Optional[str]:
        """Why the graph does not have it, though it follows from the input."""
        return self._lost.peek(value) if isinstance(value, Tensor) and self.peek(value) is None else None

    def lose(self, result: Any, why: str) -> None:
        """Tensors of the result follow from the input, but the graph does not have them."""
        for value in _leaves(result):
            if isinstance(value, Tensor):
                self._lost.put(value, why)

    def of(self, tensor: Tensor) -> Traced:
        known = self.peek(tensor)
        if known is not None:
            return known
        why = self._lost.peek(tensor)
        if why is None:
            why = "features that do not follow from the example's, or were written to in place"
        raise ExportError(f"[export] {place()}: this step takes {why}")

    def derive(self, made: CoordinateSet, source: CoordinateSet, kind: str, kernel: KernelSpec,
               bounds: Any = None) -> None:
        self._derived.setdefault(made, []).append(Derivation(source, kind, kernel, bounds))

    def derivation(self, made: CoordinateSet, source: CoordinateSet, kernel: KernelSpec,
                   forward: bool) -> Optional[Derivation]:
        """How `made` follows from `source` by a convolution with this kernel."""
        for known in self._derived.get(made, []):
            same = _same_kernel(known.kernel, kernel) and (known.kind != "transposed") == forward
            if known.source == source and (same or (known.kind == "strided" and forward
                                                    and known.kernel.stride == kernel.stride)):
                return known
        if not forward:
            found = made == _core.transposed_support(source, kernel)
            return Derivation(source, "transposed", kernel, None) if found else None
        if made == _core.strided_support(source, kernel.stride):
            return Derivation(source, "strided", kernel, None)
        return None

    def site(self, rows: CoordinateSet) -> Optional[Any]:
        """A sparse symbol on the rows, where the graph has one or can make one."""
        if rows in self._sites:
            return self._sites[rows]
        for known in self._derived.get(rows, []):
            source = self.site(known.source)
            if known.kind == "strided" and source is not None:
                return self._keep(rows, "sparse.downsample", [("input", source)],
                                  {"stride": _geometry.turned(known.kernel.stride, self.axes)})
        return None

    def _keep(self, rows: CoordinateSet, name: str, operands: Operands, attributes: Dict[str, Any]) -> Any:
        symbol = self._sites[rows] = self.recording.record(name, operands, attributes)
        return symbol

    def require_rows(self, x: Traced, rows: CoordinateSet) -> None:
        """x lies on `rows`, or on rows that are equal to them."""
        if x.rows is None:
            raise ExportError(f"[export] {place()}: features without coordinates meet a kernel map")
        if x.rows == rows:
            return
        if not x.rows.same_rows(rows):
            raise ExportError(f"[export] {place()}: the features do not lie on the kernel map's rows")
        self._sites.setdefault(rows, self._sites[x.rows])
        known = self._derived.setdefault(rows, [])
        known.extend(one for one in self._derived.get(x.rows, []) if one not in known)

    def weight(self, array: Tensor, order: Any, turn: Callable[[Tensor], Tensor]) -> Tensor:
        """The array in another order, once, under its own name."""
        plain = array.detach()
        key = plain.data_ptr(), tuple(plain.shape), plain.stride(), order
        if key not in self._turned:
            made = turn(plain).contiguous()
            # The array stays as well: another one would get its address, and be taken for it.
            self._turned[key] = plain, made
            name = self._names.get(plain.data_ptr())
            if name is not None and made.data_ptr() != plain.data_ptr():
                count = sum(k[0] == key[0] for k in self._turned)
                self.recording.name(made, name if count == 1 else f"{name}.{count}")
        return self._turned[key][1]

    def _ordered(self, weight: Tensor, window: _geometry.Window) -> Tensor:
        """The weight with its offsets in the window's order."""
        order = None if window.order is None else tuple(window.order)
        is_list = window.offsets is not None
        return self.weight(weight, ("kernel", is_list, order), lambda plain: _reordered(plain, is_list, order))

    # --- calls of voxloom's functions ---

    def call(self, function: Callable[..., Any], arguments: Tuple[Any, ...], options: Dict[str, Any]) -> Any:
        with paused():
            result = function(*arguments, **options)
            bound = inspect.signature(function).bind(*arguments, **options)
            bound.apply_defaults()
            self.note(function.__name__, bound.arguments, result)
        return result

    def note(self, name: str, call: Call, result: Any) -> None:
        """Writes down what a function of ours made of these arguments."""
        if not any(self.is_ours(value) for value in _leaves(tuple(call.values()))):
            return
        write = getattr(self, "_on_" + name, None)
        if write is None:
            return self.lose(result, f"what {name} made at {place()}, which cannot be written as a graph")
        with _naming(name):
            write(call, result)

    def _add(self, result: Tensor, rows: Optional[CoordinateSet], name: str, operands: Operands,
             attributes: Optional[Dict[str, Any]] = None) -> None:
        self.put(result, self.recording.record(name, operands, attributes or {}), rows)

    def _on_conv(self, call: Call, y: Tensor) -> None:
        x, map, weight = self.of(call["x"]), call["map"], call["weight"]
        if self.is_ours(weight) or self.is_ours(call["bias"]):
            raise ValueError("its weight follows from the input")
        bias = [("bias", _plain(call["bias"]))]
        if map is None and call["groups"] == 1:
            matrix = self.weight(weight, "matrix", _matrix)
            return self._add(y, x.rows, "linear", [("input", x.symbol), ("weight", matrix), *bias])
        if map is None:
            return self._add(y, x.rows, "conv3d", [("input", x.symbol), ("weight", _plain(weight)), *bias],
                             {"kernel_size": 1, "groups": call["groups"]})
        self.require_rows(x, map.source)
        forward = is_forward(map)
        if forward is None:
            raise ValueError("its kernel map was made of pairs of rows, not of a kernel")
        # Where an output row has one partner at most, or no list can be said, the order of offsets is free.
        is_free = not forward and (_geometry.has_single_partners(map.kernel) or map.target not in self._sites)
        window = _geometry.window_of(map.kernel, self.axes, self.exact and not is_free)
        operands = [("input", x.symbol), ("weight", self._ordered(weight, window)), *bias]
        attributes = {**window.attributes(map.kernel, self.axes), "groups": call["groups"]}
        if forward:
            self._forward(y, map, operands, attributes)
        else:
            self._transposed(y, map, operands, attributes)

    def _forward(self, y: Tensor, map: KernelMap, operands: Operands, attributes: Dict[str, Any]) -> None:
        source, target = map.source, map.target
        if source == target:
            if _is_submanifold(attributes):
                attributes = {**attributes, "support": "submanifold", "origin": "centered", "padding": 0}
            return self._add(y, target, "conv3d", operands, attributes)
        found = None if target in self._sites else self.derivation(target, source, map.kernel, True)
        if found is not None:
            attributes["support"] = found.kind
            if found.bounds is not None:
                attributes["bounds"] = [n for corner in found.bounds for n in _geometry.turned(corner, self.axes)]
            return self._add(y, target, "conv3d", operands, attributes)
        self._add(y, target, "conv3d", [*operands, ("target", self._target(target))], attributes)

    def _transposed(self, y: Tensor, map: KernelMap, operands: Operands, attributes: Dict[str, Any]) -> None:
        source, target = map.source, map.target
        if target in self._sites and "offsets" in attributes:
            return self._add(y, target, "inverse_conv3d", [*operands, ("reference", self._sites[target])], attributes)
        if target in self._sites:
            return self._add(y, target, "conv_transpose3d", [*operands, ("target", self._sites[target])], attributes)
        found = self.derivation(target, source, map.kernel, False)
        if found is None or "offsets" in attributes:
            raise ValueError("its output's coordinates are not in the graph")
        symbol = self.recording.record("conv_transpose3d", operands, attributes)
        if found.bounds is not None:
            symbol = self.recording.record("sparse.crop", [("input", symbol)], self._box(found.bounds))
        self.put(y, symbol, target)

    def _box(self, bounds: Any) -> Dict[str, Any]:
        low, high = (_geometry.turned(corner, self.axes) for corner in bounds)
        return {"lo": low, "hi": tuple(n - 1 for n in high)}

    def _target(self, rows: CoordinateSet) -> Any:
        symbol = self.site(rows)
        if symbol is None:
            raise ValueError(f"its output's coordinates ({rows.size} rows) are not in the graph")
        return symbol

    def _on_pool(self, call: Call, y: Tensor) -> None:
        x, map, mode = self.of(call["x"]), call["map"], call["mode"]
        self.require_rows(x, map.source)
        if call["offset_weights"] is not None or is_forward(map) is not True:
            raise ValueError("a pool over this map has no operation")
        window = _geometry.window_of(map.kernel, self.axes, False)
        if window.offsets is not None:
            raise ValueError("a pool over a list of offsets has no operation")
        self._pool(x, y, map.target, window.attributes(map.kernel, self.axes), mode, map.kernel)

    def _pool(self, source: Traced, y: Tensor, target: CoordinateSet, attributes: Dict[str, Any], mode: str,
              kernel: KernelSpec) -> None:
        """Onto the strided support, or with windows that are cells onto any rows."""
        assert source.rows is not None
        found = self.derivation(target, source.rows, kernel, True)
        is_tiled = tuple(attributes["kernel_size"]) == tuple(attributes["stride"]) and not any(
            attributes["padding"]) and attributes["dilation"] == (1, 1, 1)
        is_placed = found is not None or target in self._sites
        if (found is None or found.kind != "strided") and not (is_tiled and is_placed):
            raise ValueError("a pool onto these coordinates has no operation: only where windows are cells, or onto "
                             "floor(c / stride)")
        symbol = self.recording.record("pool3d", [("input", source.symbol)], {**attributes, "mode": mode})
        if found is None:
            symbol = self.recording.record("sparse.reindex", [("input", symbol), ("target", self._sites[target])], {})
        elif found.bounds is not None:
            symbol = self.recording.record("sparse.crop", [("input", symbol)], self._box(found.bounds))
        self.put(y, symbol, target)

    def cells(self, x: Tensor, y: Tensor, target: CoordinateSet, step: Sequence[int], mode: str, is_up: bool) -> None:
        """A pool over the cells of `step` (in the set's axes), or what each cell has handed to its rows."""
        if not self.is_ours(x):
            return
        source, window = self.of(x), {"kernel_size": _geometry.turned(step, self.axes)}
        window.update(stride=window["kernel_size"], padding=(0, 0, 0), dilation=(1, 1, 1))
        with _naming("pool"):
            if is_up:
                return self._add(y, target, "pool_transpose3d",
                                 [("input", source.symbol), ("target", self._target(target))], window)
            self._pool(source, y, target, window, mode, KernelSpec(step, step))

    def whole(self, x: Tensor, y: Tensor, mode: str) -> None:
        """A pool over each batch."""
        if not self.is_ours(x):
            return
        with _naming("global pool"):
            self._add(y, None, "global_pool", [("input", self.of(x).symbol)], {"mode": mode})

    # --- operations on sparse tensors ---

    def _sparse(self, y: SparseTensor, name: str, operands: Operands, attributes: Dict[str, Any]) -> None:
        self._add(y.features, y.coords, name, operands, attributes)

    def _window(self, call: Call) -> Dict[str, Any]:
        return {name: _geometry.turned(_three(call[name]), self.axes)
                for name in ("kernel_size", "stride", "padding", "dilation") if name in call}

    def _on_pool3d(self, call: Call, y: SparseTensor) -> None:
        x = self.of(call["x"].features)
        self._sparse(y, "pool3d", [("input", x.symbol)], {**self._window(call), "mode": call["mode"]})

    def _on_max_unpool3d(self, call: Call, y: SparseTensor) -> None:
        x, pooled = self.of(call["x"].features), self.of(call["pooled"].features)
        self._sparse(y, "max_unpool3d", [("input", x.symbol), ("pooled", pooled.symbol)], self._window(call))

    def _up(self, name: str, call: Call, y: SparseTensor) -> None:
        target = call["target"]
        rows = target.coords if isinstance(target, SparseTensor) else target
        operands: Operands = [("input", self.of(call["x"].features).symbol)]
        if rows is not None:
            operands.append(("target", self._target(rows)))
        self._sparse(y, name, operands, self._window(call))

    def _on_pool_transpose3d(self, call: Call, y: SparseTensor) -> None:
        self._up("pool_transpose3d", call, y)

    def _on_trilinear_upsample3d(self, call: Call, y: SparseTensor) -> None:
        self._up("trilinear_upsample3d", call, y)

    def _on_global_pool(self, call: Call, y: Tensor) -> None:
        self._add(y, None, "global_pool", [("input", self.of(call["x"].features).symbol)], {"mode": call["mode"]})

    def _on_crop(self, call: Call, y: SparseTensor) -> None:
        box = {name: _geometry.turned(_three(call[name]), self.axes) for name in ("lo", "hi")}
        self._sparse(y, "sparse.crop", [("input", self.of(call["x"].features).symbol)], box)

    def _on_to_dense(self, call: Call, y: Tensor) -> None:
        if self.axes != (0, 1, 2):
            raise ValueError("its axes are turned")
        x = self.of(call["x"])
        self.require_rows(x, call["set"])
        self._add(y, None, "to_dense", [("input", x.symbol)], {name: _three(call[name]) for name in ("lo", "hi")})

    def _on_binary(self, call: Call, result: Any) -> None:
        rows, y = result
        lhs, rhs = self.of(call["lhs"]), self.of(call["rhs"])
        self.require_rows(lhs, call["lhs_set"])
        self.require_rows(rhs, call["rhs_set"])
        self._add(y, rows, "sparse.binary", [("lhs", lhs.symbol), ("rhs", rhs.symbol)],
                  {name: call[name] for name in ("op", "join", "lhs_fill", "rhs_fill")})

    def _on_cat(self, call: Call, result: Any) -> None:
        rows, y = result
        parts = [self.of(x) for x in call["features"]]
        for part, own in zip(parts, call["sets"]):
            self.require_rows(part, own)
        self._add(y, rows, "sparse.cat", [("inputs", part.symbol) for part in parts], {"join": call["join"]})

    def _on_reindex(self, call: Call, y: Tensor) -> None:
        x = self.of(call["x"])
        self.require_rows(x, call["set"])
        self._add(y, call["target"], "sparse.reindex",
                  [("input", x.symbol), ("target", self._target(call["target"]))], {"fill": call["fill"]})

    def _on_normalized_subm_conv(self, call: Call, y: Tensor) -> None:
        x = self.of(call["x"])
        self.require_rows(x, call["set"])
        kernel = KernelSpec(call["kernel_size"], 1, 0, call["dilation"])
        window = _geometry.window_of(kernel, self.axes, False)
        self._add(y, call["set"], "conv3d",
                  [("input", x.symbol), ("weight", self._ordered(call["weight"], window)),
                   ("bias", _plain(call["bias"]))],
                  {"kernel_size": window.size, "dilation": _geometry.turned(kernel.dilation, self.axes),
                   "support": "submanifold", "groups": call["groups"], "eps": call["eps"]})

    def _on_normalized_conv_transpose(self, call: Call, result: Any) -> None:
        rows, y = result
        x, kernel = self.of(call["x"]), call["kernel"]
        self.require_rows(x, call["set"])
        window = _geometry.window_of(kernel, self.axes, False)
        operands = [("input", x.symbol), ("weight", self._ordered(call["weight"], window)),
                    ("bias", _plain(call["bias"]))]
        if call["target"] is not None:
            operands.append(("target", self._target(call["target"])))
        self._add(y, rows, "conv_transpose3d", operands,
                  {**window.attributes(kernel, self.axes), "groups": call["groups"], "eps": call["eps"]})

    # --- operations on rows ---

    def _on_batch_norm(self, call: Call, y: Tensor) -> None:
        x = self.of(call["x"])
        bias = call["bias"] if call["bias"] is not None else torch.zeros_like(call["scale"])
        self._add(y, x.rows, "batch_norm", [
            ("input", x.symbol), ("scale", _plain(call["scale"])), ("bias", _plain(bias)),
            ("mean", _plain(call["mean"])), ("var", _plain(call["variance"]))], {"eps": call["eps"]})

    def _on_batch_norm_of_batch(self, call: Call, result: Any) -> None:
        raise ValueError("it takes the statistics of its batch: put the network in eval()")

    def _on_dropout(self, call: Call, y: Tensor) -> None:
        raise ValueError("it draws at random: put the network in eval()")

    def _row_norm(self, name: str, call: Call, y: Tensor, attributes: Dict[str, Any]) -> None:
        x = self.of(call["x"])
        operands: Operands = [("input", x.symbol), ("scale", _plain(call["scale"]))]
        if name != "rms_norm":
            bias = call["bias"] if call["bias"] is not None else torch.zeros_like(call["scale"])
            operands.append(("bias", _plain(bias)))
        self._add(y, x.rows, name, operands, {**attributes, "eps": call["eps"]})

    def _on_layer_norm(self, call: Call, y: Tensor) -> None:
        self._row_norm("layer_norm", call, y, {})

    def _on_group_norm(self, call: Call, y: Tensor) -> None:
        self._row_norm("group_norm", call, y, {"groups": call["groups"]})

    def _on_rms_norm(self, call: Call, y: Tensor) -> None:
        self._row_norm("rms_norm", call, y, {})

    def _on_activate(self, call: Call, y: Tensor) -> None:
        x = self.of(call["x"])
        self._add(y, x.rows, "activation", [("input", x.symbol)],
                  {name: call[name] for name in ("kind", "approximate", "alpha", "beta", "threshold")})

    def _on_softmax(self, call: Call, y: Tensor) -> None:
        x = self.of(call["x"])
        self._add(y, x.rows, "softmax", [("input", x.symbol)])


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Nothing is written down inside."""
    before, _tracing.current = _tracing.current, None
    try:
        yield
    finally:
        _tracing.current = before


@contextlib.contextmanager
def _naming(name: str) -> Iterator[None]:
    """What goes wrong inside says which step it was."""
    try:
        yield
    except ExportError:
        raise
    except (ValueError, TypeError) as error:
        raise ExportError(f"[export] {name} at {place()} cannot be written as a graph: {error}") from error


def _none(_: Tensor) -> Any:
    return None


def _leaves(value: Any) -> Iterator[Any]:
    """Tensors and whatever else stands in lists, tuples, dicts and sparse tensors."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    elif isinstance(value, SparseTensor):
        yield value.features
    else:
        yield value


def _plain(value: Optional[Tensor]) -> Optional[Tensor]:
    return None if value is None else value.detach().contiguous()


def _matrix(plain: Tensor) -> Tensor:
    """A weight of one offset as (C_out, C_in)."""
    if plain.dim() == 3:  # (1, C_in, C_out)
        return plain[0].t()
    if plain.dim() == 4:  # (1, 1, C_in, C_out)
        return plain[0, 0].t()
    return plain.reshape(plain.shape[0], plain.shape[-1])  # (C_out, 1, 1, 1, C_in)


def _reordered(plain: Tensor, is_list: bool, order: Optional[Tuple[int, ...]]) -> Tensor:
    if plain.dim() == 5 and (is_list or order is not None):  # (C_out, Kx, Ky, Kz, C_in)
        plain = plain.reshape(plain.shape[0], -1, plain.shape[-1]).permute(1, 2, 0)
    return plain if order is None else plain[torch.tensor(order)]


def _three(value: Any) -> Tuple[int, int, int]:
    x, y, z = (int(n) for n in np.broadcast_to(np.asarray(value), 3))
    return x, y, z


def _same_kernel(a: KernelSpec, b: KernelSpec) -> bool:
    """Reach the same rows."""
    same = a is b or sorted(_geometry.offsets_of(a)) == sorted(_geometry.offsets_of(b))
    return same and (a.stride, a.padding, a.dilation) == (b.stride, b.padding, b.dilation)


def _is_submanifold(attributes: Dict[str, Any]) -> bool:
    """An odd box, centred."""
    if "offsets" in attributes:
        return False
    sides = zip(attributes["kernel_size"], attributes["padding"], attributes["dilation"])
    return all(size % 2 == 1 and padding == size // 2 * dilation for size, padding, dilation in sides)
