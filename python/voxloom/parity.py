"""Does a bundle compute what a network computes? Both run on the same input, and rows are compared by coordinate.

    python -m voxloom compare unet.lattice --with network.py

The script defines `run(coords, features)`: coords (N, 4) int32, batch first, and features (N, C) float32, numpy
arrays; it gives the network's output: a sparse tensor of spconv, MinkowskiEngine, torchsparse or voxloom, or (coords, features).
It may define `inputs()`, which gives the (coords, features) to compare on.
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from typing import Any, Callable, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from .models import Bundle, Model, Path, read_safetensors
from .sparse import SparseTensor

__all__ = ["Comparison", "compare", "compare_script", "made_up_scene"]

Arrays = Tuple[Any, Any]
_AXES = {"xyz": (0, 1, 2, 3), "zyx": (0, 3, 2, 1)}


class Comparison(NamedTuple):
    """rows: of both; missing: the network's that the bundle lacks; extra: the bundle's that the network lacks.
    largest_difference: as a share of the network's largest value, at `row`, a coordinate (batch, x, y, z).
    mean_difference: the mean of all differences, as such a share. same_best: the share of rows whose largest channel is
    the same."""

    rows: int
    missing: int
    extra: int
    largest_difference: float
    mean_difference: float
    row: Tuple[int, ...]
    same_best: float

    def is_within(self, tolerance: float) -> bool:
        """The same rows, and no difference above the tolerance; NaN is above."""
        return self.missing == 0 and self.extra == 0 and self.rows > 0 and self.largest_difference <= tolerance


def made_up_scene(channels: int, count: int = 20000, extent: int = 128, seed: int = 0) -> Arrays:
    """(coords (N, 4) int32, features (N, channels) float32): a floor, walls and posts in [0, extent)."""
    rng = np.random.default_rng(seed)
    along = rng.integers(0, extent, (count, 2))
    flat = np.column_stack([along, extent // 3 + (3 * np.sin(along[:, 0] / 9.0)).astype(np.int64)])
    flat[: count // 4, 2] = rng.integers(extent // 3, 2 * extent // 3, count // 4)  # walls
    flat[: count // 4, 1] = rng.choice([extent // 8, extent // 2, 7 * extent // 8], count // 4)
    posts = slice(count // 4, count // 3)
    flat[posts, :2] = rng.integers(0, 12, (count // 3 - count // 4, 2)) * (extent // 12)
    flat[posts, 2] = rng.integers(0, extent, count // 3 - count // 4)
    rows = np.unique(np.column_stack([np.zeros(count, np.int64), flat]), axis=0).astype(np.int32)
    return rng.permutation(rows), rng.normal(size=(len(rows), channels)).astype(np.float32)


def _numpy(array: Any) -> Any:
    return np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)


def _parts_of(output: Any, coords: Any) -> Arrays:
    """(lattice coordinates, features) of what a network gave."""
    if isinstance(output, SparseTensor):
        return output.coords.rows, _numpy(output.features)
    if hasattr(output, "indices") and hasattr(output, "features"):  # spconv
        return _numpy(output.indices), _numpy(output.features)
    if hasattr(output, "tensor_stride") and hasattr(output, "F"):  # MinkowskiEngine: multiples of the stride
        rows = _numpy(output.C)
        return rows // np.array([1, *output.tensor_stride], rows.dtype), _numpy(output.F)
    if hasattr(output, "coords") and hasattr(output, "feats"):  # torchsparse
        return _numpy(output.coords), _numpy(output.feats)
    if isinstance(output, tuple) and len(output) == 2:
        return _numpy(output[0]), _numpy(output[1])
    if getattr(output, "ndim", 0) == 2 and len(output) == len(coords):
        return coords, _numpy(output)
    raise ValueError("[compare] run: expected a sparse tensor, (coords, features), or features on the input's rows, got "
                     f"{type(output).__name__}")


def _as_rows(coords: Any, columns: Tuple[int, ...], what: str) -> Any:
    rows = np.asarray(coords)
    if rows.ndim != 2 or rows.shape[1] != 4 or not np.issubdtype(rows.dtype, np.integer):
        raise ValueError(f"[compare] {what}: expected (N,4) integers, batch first, got {rows.dtype} {rows.shape}")
    return np.ascontiguousarray(rows[:, columns], np.int32)


def compare(bundle: Union[Bundle, Path], run: Callable[[Any, Any], Any], coords: Any, features: Any, *,
            axes: str = "xyz", output: Optional[str] = None) -> Comparison:
    """The bundle and `run(coords, features)` on one input.

    coords: (N, 4), batch first, in the network's order of `axes`; run gets and gives them so. The bundle takes
    x_coords, x_features and x_active, and is run without fusing. output: which of its outputs; None: the only one.
    """
    if axes not in _AXES:
        raise ValueError(f"[compare] axes: expected 'xyz' or 'zyx', got '{axes}'")
    columns = _AXES[axes]
    ours = _as_rows(coords, columns, "coords")
    given = np.ascontiguousarray(features, np.float32)
    model = Model(bundle, coordinates="logical", fuse=False)
    outputs = list(model.outputs)
    name = output or outputs[0]
    if name not in outputs or (output is None and len(outputs) > 1):
        raise ValueError(f"[compare] output: expected one of {', '.join(outputs)}, got {output}")
    found = model.run({"x_coords": ours, "x_features": given, "x_active": np.array([len(ours)], np.int32)})[name]
    rows, values = _parts_of(run(np.ascontiguousarray(coords, np.int32), given), coords)
    theirs = _as_rows(rows, columns, "the network's coordinates")
    if not isinstance(found, SparseTensor):
        raise ValueError(f"[compare] output: '{name}' is no sparse tensor")
    return _compared(found, theirs, np.asarray(values, np.float32))


def _compared(found: SparseTensor, rows: Any, values: Any) -> Comparison:
    if found.channels != values.shape[1] or len(rows) != len(values):
        raise ValueError(f"[compare] the bundle gives {found.channels} channels, the network {values.shape[1]} on "
                         f"{len(values)} rows for {len(rows)} coordinates")
    place = found.coords.find(rows)
    both = place >= 0
    extra = found.rows - len(np.unique(place[both]))
    if not both.any():
        return Comparison(0, len(rows), extra, float("nan"), float("nan"), (), 0.0)
    ours, theirs = np.asarray(found.features)[place[both]], values[both]
    difference = np.abs(ours - theirs)
    scale = float(np.abs(theirs).max()) or 1.0
    worst = np.unravel_index(np.argmax(difference), difference.shape)[0]
    same = float((ours.argmax(1) == theirs.argmax(1)).mean())
    return Comparison(int(both.sum()), int((~both).sum()), extra, float(difference.max()) / scale,
                      float(difference.mean()) / scale, tuple(int(n) for n in rows[both][worst]), same)


def compare_script(bundle: Path, script: Path, *, inputs: Optional[Path] = None, axes: str = "xyz",
                   output: Optional[str] = None) -> Comparison:
    """The bundle and the function `run` of a Python file. inputs: safetensors with x_coords and x_features as `voxloom
    run` takes them (x, y, z); None: what the script's `inputs()` gives, else made_up_scene."""
    path = os.fspath(script)
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    try:
        defined = runpy.run_path(path, run_name="__voxloom_compare__")
    finally:
        del sys.path[0]
    run = defined.get("run")
    if not callable(run):
        raise ValueError(f"[compare] {path}: expected a function run(coords, features)")
    coords, features = _inputs(bundle, inputs, axes, defined.get("inputs"))
    return compare(bundle, run, coords, features, axes=axes, output=output)


def _inputs(bundle: Path, inputs: Optional[Path], axes: str, made: Any) -> Arrays:
    if inputs is not None:
        arrays, _ = read_safetensors(inputs)
        count = int(arrays["x_active"][0]) if "x_active" in arrays else len(arrays["x_coords"])
        return arrays["x_coords"][:count][:, _AXES[axes]], arrays["x_features"][:count]
    if callable(made):
        coords, features = made()
        return _numpy(coords), _numpy(features)
    type_of_features = Model(bundle).inputs.get("x_features", "")
    channels = re.search(r"x(\d+)xf", type_of_features)
    if channels is None:
        raise ValueError(f"[compare] {os.fspath(bundle)}: expected the inputs x_coords, x_features and x_active")
    coords, features = made_up_scene(int(channels[1]))
    return coords[:, _AXES[axes]], features


def lines_of(found: Comparison, tolerance: float) -> List[str]:
    """The report, and its verdict."""
    lines = [f"rows compared        {found.rows}"]
    if found.missing or found.extra:
        lines.append(f"rows of one alone    {found.missing} of the network, {found.extra} of the bundle")
    if found.rows:
        lines += [f"largest difference   {found.largest_difference:.2e} of the largest value, at {found.row}",
                  f"mean difference      {found.mean_difference:.2e}",
                  f"same largest channel {100 * found.same_best:.2f} %"]
    verdict = "the same, but for rounding" if found.is_within(tolerance) else "NOT the same"
    return [*lines, f"{verdict} (tolerance {tolerance:g})"]
