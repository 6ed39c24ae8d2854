"""torch's own functions while a network is written down: those that a graph has are worked out by the engine, so that
what is recorded is what ran; the results of others are marked, and asking for their values is refused."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .. import _tracing
from . import functional as F
from ._trace import ExportError, Trace, _leaves, paused, place

Arguments = Tuple[Any, ...]
Options = Dict[str, Any]

_DATA = getattr(Tensor, "data")  # the property itself

# Results are the features themselves.
_SAME = {"contiguous", "detach", "detach_", "clone", "requires_grad_", "to", "type", "float", "half", "bfloat16", "cpu",
         "view_as", "alias", "dropout", "dropout_", "feature_dropout", "alpha_dropout", "dropout1d", "identity"}
# What is asked of a tensor without looking at its elements.
_ABOUT = {"__get__", "size", "dim", "numel", "stride", "is_contiguous", "data_ptr", "__len__", "get_device",
          "ndimension", "is_floating_point", "is_complex", "__hash__", "__repr__", "__format__", "element_size",
          "storage_offset", "is_inference", "is_tensor", "_is_view", "is_same_size", "storage", "register_hook", "has_names", "nelement",
          "__set__", "is_shared", "retain_grad", "_has_compatible_shallow_copy_type", "__setstate__", "is_signed"}
# What a network decides by.
_VALUES = {"item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__", "__array__", "equal", "allclose",
           "is_nonzero", "__contains__", "nonzero", "unique", "argwhere"}
_BINARY = {"add": "add", "sub": "sub", "subtract": "sub", "mul": "mul", "multiply": "mul", "maximum": "maximum",
           "minimum": "minimum"}
_KINDS = ("relu", "sigmoid", "tanh", "silu", "gelu", "leaky_relu", "softplus")


def _word(function: Any) -> str:
    """'add' of torch.add, Tensor.add, Tensor.__add__ and Tensor.__iadd__, with '_' behind where it works in place."""
    name = str(getattr(function, "__name__", function))
    if name.startswith("__") and name.endswith("__") and name not in _ABOUT and name not in _VALUES:
        bare = name.strip("_")
        if bare in ("iadd", "isub", "imul", "imatmul", "itruediv"):
            return bare[1:] + "_"
        return {"radd": "add", "rmul": "mul"}.get(bare, bare)
    return name


class TorchSteps(TorchFunctionMode):  # type: ignore[no-untyped-call, misc, unused-ignore]
    """Active while `trace` is."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.trace = trace

    def __torch_function__(self, function: Any, types: Any, args: Arguments = (),
                           kwargs: Optional[Options] = None) -> Any:
        options = kwargs or {}
        word = _word(function)
        if _tracing.current is None or word in _ABOUT:
            result = function(*args, **options)
            return self._part(args[0], function, result) if word == "__get__" and isinstance(result, Tensor) else result
        if not any(self.trace.is_ours(value) for value in (*_leaves(args), *_leaves(options))):
            return function(*args, **options)
        if word in _VALUES:
            raise ExportError(f"[export] {place()}: {word} asks for the values of features: steps that depend on them "
                              "cannot be written as a graph")
        with paused():
            return self._step(word, function, args, options)

    def _step(self, word: str, function: Callable[..., Any], args: Arguments, options: Options) -> Any:
        write = _torch_batch_norm if function is torch.batch_norm else _STEPS.get(word.rstrip("_"))
        # In place: torch's own step, written down for the tensor that it changed.
        in_place = word.endswith("_") or bool(options.get("inplace"))
        traced = self.trace.peek(args[0]) if args else None
        if word in _SAME:
            return self._same(word, traced, function, args, options)
        given = {k: v for k, v in options.items() if k != "inplace"}
        if write is None or not _takes(write, args, given):
            return self._lost(word, function, args, options)
        try:
            with _recording(self.trace):
                result = write(*args, **given)
        except _NoStep:
            return self._lost(word, function, args, options)
        if not in_place:
            return result
        known = self.trace.peek(result)
        assert known is not None
        args[0].copy_(result)
        self.trace.put(args[0], known.symbol, known.rows)
        return args[0]

    def _same(self, word: str, traced: Any, function: Callable[..., Any], args: Arguments, options: Options) -> Any:
        if traced is None or ("dropout" in word and _is_training(args, options)):
            return self._lost(word, function, args, options)
        result = function(*args, **options)
        if not isinstance(result, Tensor):
            return result
        if result.dtype != args[0].dtype or result.shape != args[0].shape:
            self.trace.lose(result, self._reason(word))
            return result
        if result is not args[0]:
            self.trace.put(result, traced.symbol, traced.rows)
        return result

    def _part(self, given: Any, function: Any, result: Tensor) -> Tensor:
        """x.data is x; x.T, x.real, ... are nothing that a graph has."""
        if _tracing.current is None or result is given or not self.trace.is_ours(given):
            return result
        known = self.trace.peek(given)
        if known is not None and getattr(function, "__self__", None) is _DATA:
            self.trace.put(result, known.symbol, known.rows)
        else:
            name = getattr(getattr(function, "__self__", None), "__name__", "property")
            self.trace.lose(result, self.trace.why(given) or self._reason(name))
        return result

    def _reason(self, word: str) -> str:
        return f"the result of torch's {word.strip('_')} at {place()}, which cannot be written as a graph"

    def _lost(self, word: str, function: Callable[..., Any], args: Arguments, options: Options) -> Any:
        """What no operation says. The first such step on the way is the one that is named."""
        before = [self.trace.why(value) for value in (*_leaves(args), *_leaves(options))]
        result = function(*args, **options)
        self.trace.lose(result, next((why for why in before if why is not None), self._reason(word)))
        return result


def _takes(step: Callable[..., Any], args: Arguments, options: Options) -> bool:
    """Torch takes some of its arguments under other names, too."""
    try:
        inspect.signature(step).bind(*args, **options)
    except TypeError:
        return False
    return True


def _is_training(args: Arguments, options: Options) -> bool:
    named = options.get("training", options.get("train"))
    return bool(named if named is not None else args[2] if len(args) > 2 else True)


class _NoStep(Exception):
    """With these arguments there is none."""


class _recording:
    """Functions of ours are written down again."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def __enter__(self) -> None:
        _tracing.current = self.trace

    def __exit__(self, *_: Any) -> None:
        _tracing.current = None


def _need(condition: bool) -> None:
    if not condition:
        raise _NoStep


def _binary(op: str) -> Callable[..., Tensor]:
    def step(x: Any, y: Any, *, alpha: float = 1, out: Any = None) -> Tensor:
        trace = _tracing.current
        assert isinstance(trace, Trace)
        a, b = trace.peek(x), trace.peek(y)
        # Only what lies on rows has an operation; torch's own sum has the same bits.
        _need(alpha == 1 and out is None and a is not None and b is not None and x.shape == y.shape)
        assert a is not None and b is not None
        _need(a.rows is not None and b.rows is not None)
        with paused():
            result: Tensor = getattr(torch, op)(x, y)
        trace.require_rows(b, a.rows)  # type: ignore[arg-type]
        trace.note("binary", {"op": op, "lhs": x, "rhs": y, "lhs_set": a.rows,
                              "rhs_set": a.rows, "join": "outer", "lhs_fill": 0.0, "rhs_fill": 0.0}, (a.rows, result))
        return result

    return step


def _cat(tensors: Any, dim: int = 0, *, out: Any = None) -> Tensor:
    trace = _tracing.current
    assert isinstance(trace, Trace)
    parts = [trace.peek(x) for x in tensors]
    _need(out is None and all(part is not None and part.rows is not None for part in parts))
    _need(dim in (1, -1) and all(x.dim() == 2 for x in tensors))
    first = parts[0].rows  # type: ignore[union-attr]
    with paused():
        result = torch.cat(list(tensors), 1)
    trace.note("cat", {"features": list(tensors), "sets": [first] * len(parts), "join": "inner"}, (first, result))
    return result


def _linear(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    _need(x.dim() == 2)
    return F.conv(x, weight, None, bias, 1, "linear")


def _matmul(x: Any, weight: Any) -> Tensor:
    trace = _tracing.current
    assert isinstance(trace, Trace)
    _need(isinstance(weight, Tensor) and x.dim() == 2 and weight.dim() == 2 and not trace.is_ours(weight))
    return F.conv(x, weight.t().contiguous(), None, None, 1, "linear")


def _batch_norm(x: Tensor, running_mean: Optional[Tensor], running_var: Optional[Tensor],
                weight: Optional[Tensor] = None, bias: Optional[Tensor] = None, training: bool = False,
                momentum: float = 0.1, eps: float = 1e-5, *_: Any) -> Tensor:
    if training or running_mean is None or running_var is None:
        raise ExportError(f"[export] {place()}: batch_norm takes the statistics of its batch: put the network in "
                          "eval()")
    _need(x.dim() == 2)
    scale = weight if weight is not None else torch.ones_like(running_mean)
    return F.batch_norm(x, scale, bias, running_mean, running_var, eps)


def _torch_batch_norm(x: Tensor, weight: Optional[Tensor], bias: Optional[Tensor], running_mean: Optional[Tensor],
                      running_var: Optional[Tensor], training: bool, momentum: float, eps: float, *_: Any) -> Tensor:
    """torch.batch_norm has the same name as that of torch.nn.functional, and another order."""
    return _batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)


def _layer_norm(x: Tensor, normalized_shape: Any, weight: Optional[Tensor] = None, bias: Optional[Tensor] = None,
                eps: float = 1e-5, *_: Any) -> Tensor:
    _need(x.dim() == 2 and list(normalized_shape) == [x.shape[1]])
    return F.layer_norm(x, weight if weight is not None else torch.ones(x.shape[1]), bias, eps)


def _group_norm(x: Tensor, num_groups: int, weight: Optional[Tensor] = None, bias: Optional[Tensor] = None,
                eps: float = 1e-5, *_: Any) -> Tensor:
    _need(x.dim() == 2)
    return F.group_norm(x, weight if weight is not None else torch.ones(x.shape[1]), bias, num_groups, eps)


def _softmax(x: Tensor, dim: Optional[int] = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    # torch.softmax has the type in the third place.
    _need(isinstance(_stacklevel, int) and dtype is None and dim is not None and dim % x.dim() == x.dim() - 1)
    return F.softmax(x)


def _activation(kind: str) -> Callable[..., Tensor]:
    def plain(x: Tensor) -> Tensor:
        return F.activate(x, kind)

    def leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
        return F.activate(x, kind, alpha=negative_slope)

    def gelu(x: Tensor, approximate: str = "none") -> Tensor:
        return F.activate(x, kind, approximate=approximate)

    def softplus(x: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
        return F.activate(x, kind, beta=beta, threshold=threshold)

    def switched(x: Tensor, inplace: bool = False) -> Tensor:
        return plain(x)

    own: Dict[str, Callable[..., Tensor]] = {"leaky_relu": leaky_relu, "gelu": gelu, "softplus": softplus}
    return own.get(kind, switched)


_STEPS: Dict[str, Callable[..., Tensor]] = {
    **{word: _binary(op) for word, op in _BINARY.items()}, **{kind: _activation(kind) for kind in _KINDS},
    "cat": _cat, "concat": _cat, "linear": _linear, "matmul": _matmul, "mm": _matmul, "batch_norm": _batch_norm,
    "layer_norm": _layer_norm, "group_norm": _group_norm, "softmax": _softmax,
}
