"""Random networks of one to four spconv layers, and what a library called spconv.pytorch makes of them.

A case is a dict of plain values; `run` is given the library, so that the same case runs on spconv itself and on the
drop-in. scripts/compare_spconv.py runs many on both; what spconv gave for some lies in data/spconv_golden.npz.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

AXES = (1, 2, 3, 3, 3, 4)


def random_case(seed: int) -> dict[str, Any]:
    """A case: input (axes, shape, batch, rows, channels) and layers, each (class, keyword arguments)."""
    rng = np.random.default_rng(seed)
    axes = int(rng.choice(AXES))
    longest = {1: 80, 2: 24, 3: 12, 4: 7}[axes]
    shape = [int(n) for n in rng.integers(2, longest + 1, axes)]
    case = {
        "seed": seed,
        "axes": axes,
        "shape": shape,
        "batch": int(rng.integers(1, 4)),
        "filled": float(rng.choice([0.02, 0.1, 0.3, 0.9])),
        "channels": int(rng.choice([1, 2, 3, 5, 8, 16, 17, 32])),
    }
    kind = rng.choice(["one", "one", "one", "keyed", "inverse", "pool", "pool_inverse", "sequence"])
    case["layers"] = _LAYERS[str(kind)](rng, axes, case["channels"])
    return case


def _width(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 2, 4, 8, 13, 16, 24, 33]))


def _sizes(rng: np.random.Generator, axes: int, low: int, high: int, odd: bool = False) -> Any:
    """One number, or one per axis."""
    step = 2 if odd else 1
    numbers = [int(n) for n in rng.choice(np.arange(low, high + 1, step), axes)]
    return numbers[0] if rng.random() < 0.5 else numbers


def _window(rng: np.random.Generator, axes: int) -> dict[str, Any]:
    window = {"kernel_size": _sizes(rng, axes, 1, 3 if axes == 4 else 5), "stride": _sizes(rng, axes, 1, 3)}
    if np.prod(window["kernel_size"]) > 1 or np.prod(window["stride"]) > 1:
        window["padding"] = _sizes(rng, axes, 0, 3)
    if rng.random() < 0.3:
        window["dilation"] = _sizes(rng, axes, 1, 3)
    return window


def _regular(rng: np.random.Generator, axes: int, channels: int, **more: Any) -> tuple[str, dict[str, Any]]:
    kind = str(rng.choice(["SparseConv", "SparseConv", "SparseConvTranspose"]))
    bias = bool(rng.random() < 0.5)
    return f"{kind}{axes}d", {"in_channels": channels, "out_channels": _width(rng), "bias": bias, **_window(rng, axes), **more}


def _submanifold(rng: np.random.Generator, axes: int, channels: int, **more: Any) -> tuple[str, dict[str, Any]]:
    options = {"in_channels": channels, "out_channels": _width(rng), "bias": bool(rng.random() < 0.5)}
    options["kernel_size"] = _sizes(rng, axes, 1, 3 if axes == 4 else 5, odd=True)
    if rng.random() < 0.3:
        options["dilation"] = _sizes(rng, axes, 1, 3)
    if rng.random() < 0.2:  # neither is looked at
        options.update(stride=2, padding=1)
    return f"SubMConv{axes}d", {**options, **more}


def _one(rng: np.random.Generator, axes: int, channels: int) -> list[Any]:
    make = _submanifold if rng.random() < 0.4 else _regular
    return [make(rng, axes, channels)]


def _keyed(rng: np.random.Generator, axes: int, channels: int) -> list[Any]:
    name, first = _submanifold(rng, axes, channels, indice_key="a")
    second = dict(first, in_channels=first["out_channels"], out_channels=_width(rng))
    if rng.random() < 0.3:  # the key then stands for another window: refused
        second["kernel_size"] = 3 if first["kernel_size"] != 3 else 5
    return [(name, first), (name, second)]


def _inverse(rng: np.random.Generator, axes: int, channels: int) -> list[Any]:
    down = _regular(rng, axes, channels, indice_key="down")
    wide = down[1]["out_channels"]
    middle = _submanifold(rng, axes, wide)
    up = {"in_channels": middle[1]["out_channels"], "out_channels": _width(rng), "indice_key": "down"}
    return [down, middle, (f"SparseInverseConv{axes}d", {**up, "kernel_size": down[1]["kernel_size"]})]


def _pool_options(rng: np.random.Generator, axes: int) -> dict[str, Any]:
    options = {"kernel_size": _sizes(rng, axes, 1, 3), "algo": "Native"}
    if rng.random() < 0.6:
        options.update(stride=_sizes(rng, axes, 1, 3), padding=_sizes(rng, axes, 0, 1))
    return options


def _pool(rng: np.random.Generator, axes: int, channels: int) -> list[Any]:
    return [(f"SparseMaxPool{axes}d", _pool_options(rng, axes))]


def _pool_inverse(rng: np.random.Generator, axes: int, channels: int) -> list[Any]:
    pool = _pool_options(rng, axes)
    up = {"in_channels": channels, "out_channels": _width(rng), "algo": "Native", "kernel_size": pool["kernel_size"]}
    return [(f"SparseMaxPool{axes}d", {**pool, "indice_key": "p"}), (f"SparseInverseConv{axes}d", {**up, "indice_key": "p"})]


def _sequence(rng: np.random.Generator, axes: int, channels: int) -> list[Any]:
    first = _submanifold(rng, axes, channels)
    wide = first[1]["out_channels"]
    second = _regular(rng, axes, wide)
    return [first, ("BatchNorm1d", {"num_features": wide}), ("ReLU", {}), second]


_LAYERS = {
    "one": _one, "keyed": _keyed, "inverse": _inverse, "pool": _pool, "pool_inverse": _pool_inverse, "sequence": _sequence,
}  # fmt: skip


def make_input(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """(indices (N, 1 + axes) int32 in random order, features (N, channels) float32)."""
    rng = np.random.default_rng(case["seed"] + 2**40)
    extents = [case["batch"], *case["shape"]]
    sites = np.stack(np.unravel_index(np.arange(int(np.prod(extents))), extents), 1)
    wanted = max(1, int(len(sites) * case["filled"]))
    chosen = rng.permutation(len(sites))[: min(wanted, case.get("most_rows", 1500))]
    return sites[chosen].astype(np.int32), rng.standard_normal((len(chosen), case["channels"])).astype(np.float32)


def make_network(library: Any, case: dict[str, Any]) -> torch.nn.Module:
    torch.manual_seed(case["seed"])
    layers = []
    for name, options in case["layers"]:
        if "algo" in options:
            options = {**options, "algo": library.ConvAlgo[options["algo"]]}
        layers.append(getattr(library if hasattr(library, name) else torch.nn, name)(**options))
    return library.SparseSequential(*layers)


def run(library: Any, case: dict[str, Any], data: dict[str, np.ndarray] | None = None) -> dict[str, Any]:
    """What the library makes of the case: "error" and "message", or indices, shape, y (the features) and the gradients
    of the input and of each parameter.

    data: indices, features, dy (the output's gradient) and "state.<name>" to use, all or some; what of them was used or
    made up comes back under "data".
    """
    given = dict(data or {})
    indices, features = make_input(case)
    used = {"indices": given.get("indices", indices), "features": given.get("features", features)}
    try:
        network = make_network(library, case)
        state = {name[6:]: torch.from_numpy(value) for name, value in given.items() if name.startswith("state.")}
        network.load_state_dict({**network.state_dict(), **state})
        used.update({f"state.{name}": value.numpy().copy() for name, value in network.state_dict().items()})
        x = torch.from_numpy(used["features"]).requires_grad_()
        sparse = library.SparseConvTensor(x, torch.from_numpy(used["indices"]), case["shape"], case["batch"])
        out = network(sparse)
        rng = np.random.default_rng(case["seed"] + 2**41)
        used["dy"] = given.get("dy", rng.standard_normal(out.features.shape).astype(np.float32))
        out.features.backward(torch.from_numpy(used["dy"]))
    except (AssertionError, RuntimeError, ValueError) as error:
        return {"error": type(error).__name__, "message": str(error), "data": used}
    got = {"indices": out.indices.numpy(), "shape": list(out.spatial_shape), "y": out.features.detach().numpy()}
    for name, leaf in (("x", x), *network.named_parameters()):
        got[f"gradient.{name}"] = np.zeros(leaf.shape, np.float32) if leaf.grad is None else leaf.grad.numpy()
    return {**got, "data": used}


def integers_for(case: dict[str, Any], run_once: dict[str, Any]) -> dict[str, np.ndarray]:
    """Data for a case that has run: small integers in the place of its numbers, so that every sum is exact."""
    rng = np.random.default_rng(case["seed"] + 2**42)
    data = dict(run_once["data"])
    for name, value in data.items():
        if value.dtype == np.float32:
            data[name] = rng.integers(-4, 5, value.shape).astype(np.float32)
    return data


def write_golden(file: str, runs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Cases and what came of them, all whole numbers, as one array of numbers and one of text."""
    numbers, listed = [], []
    for case, result in runs:
        arrays = {key: value for key, value in result.items() if isinstance(value, np.ndarray)}
        arrays.update({f"data.{key}": value for key, value in result["data"].items()})
        for value in arrays.values():
            assert np.array_equal(value, np.rint(value)), case
            numbers.append(value.astype(np.int32).reshape(-1))
        shapes = {key: [value.dtype.name, *value.shape] for key, value in arrays.items()}
        listed.append({"case": case, "shape": result["shape"], "arrays": shapes})
    text = np.frombuffer(json.dumps(listed).encode(), np.uint8)
    np.savez_compressed(file, numbers=np.concatenate(numbers), text=text)


def golden(file: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What write_golden wrote: (case, result), as `run` gives it."""
    stored = np.load(file)
    numbers, at, runs = stored["numbers"], 0, []
    for entry in json.loads(stored["text"].tobytes()):
        result: dict[str, Any] = {"shape": entry["shape"], "data": {}}
        for key, (dtype, *shape) in entry["arrays"].items():
            count = int(np.prod(shape))
            value = numbers[at : at + count].astype(dtype).reshape(shape)
            at += count
            if key.startswith("data."):
                result["data"][key[5:]] = value
            else:
                result[key] = value
        runs.append((entry["case"], result))
    return runs


_EMPTY = "tensor must not empty"  # spconv has no product over no rows; the drop-in gives no rows


def differences(got: dict[str, Any], expected: dict[str, Any], tolerance: float = 1e-5) -> list[str]:
    """What of `got` is not as spconv has it: values may differ by `tolerance` times the greater of 1 and the greatest.

    Gradients through a batch norm are differences of nearly equal sums and may differ by ten times that.
    """
    if _EMPTY in expected.get("message", ""):
        return []
    if "error" in got or "error" in expected:
        if got.get("error") == expected.get("error"):
            return []
        both = [f"{run.get('error')} ({run.get('message')})" for run in (got, expected)]
        return [f"error: {both[0]} where {both[1]} was expected"]
    found = []
    if got["shape"] != expected["shape"]:
        found.append(f"shape {got['shape']} where {expected['shape']} was expected")
    if not np.array_equal(got["indices"], expected["indices"]):
        same = np.array_equal(np.unique(got["indices"], axis=0), np.unique(expected["indices"], axis=0))
        found.append("indices in another order" if same else "other indices")
    normed = any(name.startswith("state.") and name.endswith("running_mean") for name in got["data"])
    for name in [key for key in expected if key == "y" or key.startswith("gradient.")]:
        want, have = expected[name], got[name]
        if have.shape != want.shape:
            found.append(f"{name}: shape {have.shape} where {want.shape} was expected")
            continue
        bound = tolerance * max(1.0, float(np.abs(want).max(initial=0))) * (10 if normed and name != "y" else 1)
        error = float(np.abs(have - want).max(initial=0))
        if not error <= bound:
            found.append(f"{name}: differs by {error:.2e}, {bound:.2e} allowed")
    return found
