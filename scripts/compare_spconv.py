#!/usr/bin/env python3
"""voxloom.compat.spconv against spconv 2.3.8 itself, in one process.

usage: scripts/compare_spconv.py [--layers N] [--first SEED] [--threads T] [--golden FILE]

Random networks of one to four layers (python/tests/spconv_cases.py: channels, kernels, strides, paddings, dilations,
batches, spatial shapes, shared and clashing indice_keys), from the same state dict: indices and their order are equal,
values and gradients within 1e-5. Then what is not a layer: tables of pairs, functional names, dense tensors, voxel
generators. --golden writes what spconv gives for some small cases with whole numbers, for python/tests.

Wants a build of the Python package on PYTHONPATH and torch. spconv's wheel is fetched once into a virtual environment
under $VOXLOOM_CACHE (default ~/.cache/voxloom); without network the script says that it was skipped, and ends with 77.

spconv's products race between threads (findings/spconv_cpu_race.sh), so it runs on one; voxloom on --threads.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

SPCONV = "spconv==2.3.8"
SKIPPED = 77
TESTS = Path(__file__).resolve().parent.parent / "python" / "tests"


def python_with_spconv() -> Path | None:
    """The interpreter of a virtual environment that has spconv beside this interpreter's packages; None: no network."""
    cache = Path(os.environ.get("VOXLOOM_CACHE", Path.home() / ".cache" / "voxloom"))
    folder = cache / f"spconv-2.3.8-py{sys.version_info.major}{sys.version_info.minor}"
    python = folder / "bin" / "python"
    has_it = [str(python), "-c", "import spconv.pytorch"]
    if python.exists() and subprocess.run(has_it, capture_output=True).returncode == 0:
        return python
    print(f"compare_spconv: fetching {SPCONV} into {folder}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", str(folder)], check=True)
    fetched = subprocess.run([str(python), "-m", "pip", "install", "-q", SPCONV], capture_output=True, text=True)
    if fetched.returncode != 0:
        print(fetched.stderr.strip().splitlines()[-1] if fetched.stderr.strip() else "pip failed")
        return None
    subprocess.run(has_it, check=True)
    return python


def libraries():  # type: ignore[no-untyped-def]
    import spconv.pytorch as theirs
    import spconv.pytorch.ops as their_ops

    import voxloom.compat.spconv.pytorch as ours

    their_ops.get_current_stream = lambda: 0  # its backward asks for a CUDA stream, on a CPU too
    return theirs, ours


class Report:
    def __init__(self) -> None:
        self.checks = 0
        self.failures: list[str] = []

    def expect(self, name: str, found: list[str]) -> None:
        self.checks += 1
        if found:
            self.failures.append(name)
            print(f"DIFFERS {name}: {'; '.join(found)}", flush=True)


def compare_layers(report: Report, first: int, layers: int) -> None:
    import spconv_cases as cases

    theirs, ours = libraries()
    ran = refused = case_layers = 0
    seed = first
    while case_layers < layers:
        case = cases.random_case(seed)
        expected = cases.run(theirs, case)
        got = cases.run(ours, case, expected["data"])
        report.expect(f"seed {seed} {json.dumps(case['layers'])}", cases.differences(got, expected))
        refused += "error" in expected
        ran += "error" not in expected
        case_layers += len(case["layers"]) if "error" not in expected else 0
        seed += 1
    print(f"compare_spconv: {case_layers} layers in {ran} networks; {refused} more refused by both")


def equal(a, b, tolerance: float = 0) -> list[str]:  # type: ignore[no-untyped-def]
    import numpy as np

    a, b = (np.asarray(x.detach() if hasattr(x, "detach") else x) for x in (a, b))
    if a.shape != b.shape:
        return [f"shape {a.shape} where {b.shape} was expected"]
    error = np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0)
    return [] if error <= tolerance else [f"differs by {error:.2e}"]


def some_sites(shape: list[int], batch: int, channels: int, seed: int):  # type: ignore[no-untyped-def]
    import numpy as np
    import torch

    rng = np.random.default_rng(seed)
    sites = np.stack(np.unravel_index(rng.permutation(batch * int(np.prod(shape)))[:300], [batch, *shape]), 1)
    features = rng.standard_normal((len(sites), channels)).astype(np.float32)
    return torch.from_numpy(sites.astype(np.int32)), torch.from_numpy(features)


def compare_functions(report: Report) -> None:
    import torch

    theirs, ours = libraries()
    import spconv.pytorch.functional as their_functional

    import voxloom.compat.spconv.pytorch.functional as our_functional

    shape, batch = [9, 12, 7], 2
    indices, features = some_sites(shape, batch, 5, seed=1)
    sparse = [library.SparseConvTensor(features, indices, shape, batch) for library in (theirs, ours)]
    for last in (True, False):
        report.expect("dense", equal(sparse[1].dense(last), sparse[0].dense(last)))
    dense = torch.randn(2, 5, 6, 4) * (torch.rand(2, 5, 6, 1) > 0.7)
    from_dense = [library.SparseConvTensor.from_dense(dense) for library in (theirs, ours)]
    report.expect("from_dense", equal(from_dense[1].indices, from_dense[0].indices))
    report.expect("from_dense", equal(from_dense[1].features, from_dense[0].features))

    other = some_sites(shape, batch, 5, seed=2)
    sums = []
    for library, functional in ((theirs, their_functional), (ours, our_functional)):
        x = features.clone().requires_grad_()
        total = functional.sparse_add(
            library.SparseConvTensor(x, indices, shape, batch), library.SparseConvTensor(other[1], other[0], shape, batch)
        )
        total.features.square().sum().backward()
        sums.append((total.indices, total.features, x.grad))
    for got, expected in zip(sums[1], sums[0]):
        report.expect("sparse_add", equal(got, expected, 1e-5))

    windows = {
        "indice_subm_conv": ([3, 3, 3], [1, 1, 1], [0, 0, 0], [1, 2, 1], [0, 0, 0], True, False),
        "indice_conv": ([3, 2, 3], [2, 2, 1], [1, 0, 1], [1, 1, 2], [0, 0, 0], False, False),
        "indice_conv, transposed": ([3, 2, 3], [2, 2, 1], [1, 0, 1], [1, 1, 2], [1, 0, 0], False, True),
    }
    for name, window in windows.items():
        tables = [
            library.ops.get_indice_pairs(indices, batch, shape, library.ConvAlgo.Native, *window) for library in (theirs, ours)
        ]
        for part, got, expected in zip(("indices", "pairs", "counts"), tables[1], tables[0]):
            report.expect(f"get_indice_pairs, {name}, {part}", equal(got, expected))
        weight = torch.randn(7, *window[0], 5)
        product = name.split(",")[0]
        arguments = (features, weight, tables[0][1], tables[0][2], len(tables[0][0]))
        results = [
            getattr(functional, product)(*arguments, library.ConvAlgo.Native)
            for library, functional in ((theirs, their_functional), (ours, our_functional))
        ]
        report.expect(f"{name} over tables", equal(results[1], results[0], 1e-5))


def compare_voxels(report: Report) -> None:
    import numpy as np
    import spconv.utils as their_utils
    import torch
    from cumm import tensorview as their_tv
    from spconv.pytorch.utils import PointToVoxel as Theirs

    import voxloom.compat.spconv.utils as our_utils
    from voxloom.compat.spconv._cumm import tensorview as our_tv
    from voxloom.compat.spconv.pytorch.utils import PointToVoxel as Ours

    rng = np.random.default_rng(3)
    points = rng.uniform(-1.2, 1.2, (4000, 4)).astype(np.float32)
    for axes, voxels, most in ((3, 4000, 5), (3, 40, 3), (2, 100, 4), (1, 50, 3)):
        options = ([0.1] * axes, [-1.0] * axes + [1.0] * axes, 4, voxels, most)
        generators = Theirs(*options), Ours(*options)
        for clear in (True, False):
            given = torch.from_numpy(rng.permutation(points))
            results = [generator.generate_voxel_with_id(given, clear) for generator in generators]
            for expected, got in zip(*results):
                report.expect(f"PointToVoxel, {axes} axes", equal(got, expected))
    options = ([0.1, 0.05, 0.2], [-1.0, -1, -1, 1, 1, 1], 4, 1000, 5)
    results = [
        their_utils.Point2VoxelCPU3d(*options).point_to_voxel(their_tv.from_numpy(points)),
        our_utils.Point2VoxelCPU3d(*options).point_to_voxel(our_tv.from_numpy(points)),
    ]
    for expected, got in zip(*results):
        report.expect("Point2VoxelCPU3d", equal(got.numpy(), expected.numpy()))


def write_golden(file: str) -> None:
    """What spconv gives for small cases of whole numbers, where every sum is exact (read by spconv_cases.golden)."""
    import spconv_cases as cases

    theirs, _ = libraries()
    chosen = []
    for seed in range(5000, 5400):
        case = dict(cases.random_case(seed), most_rows=40)
        widths = [options.get("out_channels", 1) for _, options in case["layers"]] + [case["channels"]]
        if len(chosen) == 48 or max(widths) > 8 or any(name == "BatchNorm1d" for name, _ in case["layers"]):
            continue
        first = cases.run(theirs, case)
        if "error" not in first and 3 <= len(first["indices"]) <= 120:
            chosen.append((case, cases.run(theirs, case, cases.integers_for(case, first))))
    cases.write_golden(file, chosen)
    print(f"compare_spconv: {len(chosen)} cases in {file}, {Path(file).stat().st_size} bytes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--layers", type=int, default=600)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--golden", metavar="FILE")
    options = parser.parse_args()
    if importlib.util.find_spec("spconv") is None or os.environ.get("OMP_NUM_THREADS") != "1":
        python = Path(sys.executable) if importlib.util.find_spec("spconv") else python_with_spconv()
        if python is None:
            print("compare_spconv: SKIPPED: no network to fetch spconv's wheel with")
            return SKIPPED
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.run([str(python), *sys.argv], env=environment).returncode

    import voxloom

    sys.path.insert(0, str(TESTS))
    if options.golden:
        write_golden(options.golden)
        return 0
    voxloom.set_threads(options.threads)
    report = Report()
    compare_layers(report, options.first, options.layers)
    compare_functions(report)
    compare_voxels(report)
    print(f"compare_spconv: {report.checks} comparisons, {len(report.failures)} differ")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
