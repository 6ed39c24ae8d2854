"""Runs MinkowskiEngine's own tests and example networks on the drop-in; scripts/test_minkowski.sh says how.

The files are as they came. Around them: open3d and the room that they download (1.ply) are a made-up cloud of points,
modules that read and score data sets are empty where they are not installed, tests that look for leaks over ten
million rounds do twenty, and a coordinate manager that one test makes global is gone before the next.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import pathlib
import re
import signal
import sys
import tempfile
import traceback
import types
import unittest
import unittest.mock
import warnings

import numpy as np
import torch

import voxloom.compat
import voxloom.compat.MinkowskiEngine as ME

SECONDS = 300  # for one test, so that none keeps the rest from running
CUDA = re.compile(r"runs on the CPU|CUDA|cuda|NVIDIA|GPU")


def put_names_in_place() -> None:
    """The library's own import names, and its modules by their bare names: it puts its folder on the path."""
    voxloom.compat.install("MinkowskiEngine")
    own = ME.__name__
    for name in [name for name in sys.modules if name.startswith(own + ".")]:
        tail = name[len(own) + 1 :]
        if not tail.startswith("_"):
            sys.modules.setdefault(tail, sys.modules[name])
    sys.modules.setdefault("MinkowskiEngineBackend", sys.modules[own + ".backend"])
    sys.modules.setdefault("MinkowskiEngineBackend._C", sys.modules[own + ".backend._C"])


def stand_in_for_what_is_not_there() -> None:
    """A room of 20,000 points where open3d reads a file; nothing where examples read and score data sets."""
    for name in ("h5py", "sklearn", "pytorch_lightning"):
        if importlib.util.find_spec(name) is None:
            sys.modules[name] = sys.modules[f"{name}.metrics"] = unittest.mock.MagicMock()
    if importlib.util.find_spec("open3d") is not None:
        return
    rng = np.random.default_rng(0)
    walls = rng.uniform(0, 4, (20000, 3))
    walls[np.arange(20000), rng.integers(0, 3, 20000)] = 0
    cloud = types.SimpleNamespace(points=walls, colors=rng.uniform(0, 1, (20000, 3)))
    module = types.ModuleType("open3d")
    module.io = types.SimpleNamespace(read_point_cloud=lambda name: cloud)  # type: ignore[attr-defined]
    sys.modules["open3d"] = module
    pathlib.Path("1.ply").touch()


class TookTooLong(Exception):
    pass


def tests_in(suite: unittest.TestSuite) -> list[unittest.TestCase]:
    return [test for part in suite for test in (tests_in(part) if isinstance(part, unittest.TestSuite) else [part])]


def verdict_of(error: BaseException) -> tuple[str, str]:
    text = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    is_cuda = CUDA.search("".join(traceback.format_exception(type(error), error, None)))
    return ("refused" if is_cuda else "failed"), text


def run_one(run: object) -> tuple[str, str]:
    """(verdict, reason) of a call."""

    def stop(*_: object) -> None:
        raise TookTooLong(f"more than {SECONDS} s")

    ME.set_sparse_tensor_operation_mode(ME.SparseTensorOperationMode.SEPARATE_COORDINATE_MANAGER)
    ME.clear_global_coordinate_manager()
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run()  # type: ignore[operator]
    except Exception as error:
        return verdict_of(error)
    finally:
        signal.alarm(0)
    return "passed", ""


def run_case(test: unittest.TestCase) -> tuple[str, str]:
    name = test._testMethodName
    verdict, reason = run_one(test.debug)
    if verdict == "passed" and re.search("gpu|cuda", name):
        return "refused", "returns where there is no CUDA"
    return verdict, reason


def run_tests(checkout: pathlib.Path) -> list[tuple[str, str, str]]:
    rows = []
    for path in sorted((checkout / "tests" / "python").glob("*.py")):
        name = path.stem
        if "unittest" not in path.read_text():
            continue  # what the tests share, and programs that measure
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                module = importlib.import_module(f"tests.python.{name}")
        except Exception as error:
            rows.append((name, *verdict_of(error)))
            continue
        if hasattr(module, "LEAK_TEST_ITER"):
            module.LEAK_TEST_ITER = 20
        for test in tests_in(unittest.defaultTestLoader.loadTestsFromModule(module)):
            rows.append((f"{name}: {type(test).__name__}.{test._testMethodName}", *run_case(test)))
    return rows


# --- example networks ---


def voxels(points: int, dimension: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.randint(0, 30, (points, dimension + 1), dtype=torch.int32)
    rows[:, 0] %= 4
    rows = rows[ME.utils.unique_coordinate_map(rows)[0]]
    return torch.rand(len(rows), 3), rows


def train(network: torch.nn.Module, points: int, classes: int, dimension: int, kind: str) -> None:
    """Twelve steps on one batch: the loss falls, dropout or not. kind: what has a label, 'row', 'batch' or 'field'."""
    torch.manual_seed(0)
    features, rows = voxels(points, dimension)
    labels = torch.randint(0, classes, (len(rows) if kind == "row" else 4,))
    make = ME.TensorField if kind == "field" else ME.SparseTensor
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        scores = network(make(features, rows + 0.3 if kind == "field" else rows))
        loss = torch.nn.functional.cross_entropy(scores if kind == "field" else scores.F, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if not sum(losses[-3:]) < sum(losses[:3]):
        raise AssertionError(f"the loss should fall, got {losses}")


def run_examples() -> list[tuple[str, str, str]]:
    def example(name: str, network: str, points: int, dimension: int, kind: str) -> tuple[str, str, str]:
        def run() -> None:
            module = importlib.import_module(f"examples.{name}")
            train(getattr(module, network)(3, 5, D=dimension), points, 5, dimension, kind)

        return f"example {name}: {network} in {dimension}-D", *run_one(run)

    return [example("minkunet", "MinkUNet14A", 900, 2, "row"), example("minkunet", "MinkUNet18A", 2000, 3, "row"),
            example("resnet", "ResNet14", 900, 2, "batch"), example("resnet", "ResNet50", 2000, 3, "batch"),
            example("classification_modelnet40", "MinkowskiFCNN", 2000, 3, "field")]


def main() -> int:
    checkout = pathlib.Path(sys.argv[1])
    sys.path.insert(0, str(checkout))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        put_names_in_place()
        stand_in_for_what_is_not_there()
        rows = run_tests(checkout) + run_examples()
        os.chdir("/")
    for name, verdict, reason in rows:
        print(f"{verdict:8} {name}" + (f"  [{reason}]" if reason else ""))
    count = {verdict: sum(v == verdict for _, v, _ in rows) for verdict in ("passed", "refused", "failed")}
    print(", ".join(f"{number} {verdict}" for verdict, number in count.items()))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
