"""docs/compat.md is true: names that work or differ are there, and what is refused says why."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

SOURCE = Path(os.environ.get("VOXLOOM_SOURCE_DIR", Path(__file__).parents[2]))


def rows():
    text = (SOURCE / "docs" / "compat.md").read_text()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[1] in ("works", "differs", "refused"):
            for name in re.findall(r"`((?:spconv|torchsparse)\.[\w.]+)`", cells[0]):
                yield pytest.param(name, cells[1], cells[2], id=name)


def found(name):
    """The object at a dotted name, modules imported as far as they go."""
    parts = ("voxloom.compat." + name).split(".")
    for end in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            value = getattr(value, part)
        return value
    raise LookupError(name)


@pytest.mark.parametrize(("name", "verdict", "how"), list(rows()))
def test_row(name, verdict, how):
    if verdict != "refused":
        assert found(name) is not None
        assert verdict == "works" or how, "a difference is to be described"
        return
    assert how, "a reason is to be given"
    with pytest.raises(NotImplementedError, match="."):
        value = found(name)
        if name.endswith("ThrustSortAllocator"):
            value("cpu").alloc(1)
        elif name.endswith("quantization"):
            value.anything  # noqa: B018
        else:
            value(1, 2, 3, 4, 5)


def test_every_exported_name_has_a_row():
    listed = {parameter.values[0] for parameter in rows()}
    for package in ("spconv.pytorch", "torchsparse", "torchsparse.nn", "torchsparse.nn.functional"):
        modules = {"functional", "ops", "ConvAlgo", "backends", "modules", "utils", "conv_config"}
        names = set(importlib.import_module("voxloom.compat." + package).__all__) - modules
        assert {f"{package}.{name}" for name in names} <= listed
