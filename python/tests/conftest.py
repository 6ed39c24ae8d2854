"""What the tests share: random sets, plain references in numpy, and where things lie."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import voxloom

SOURCE = pathlib.Path(os.environ.get("VOXLOOM_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
SHARED = pathlib.Path(os.environ.get("VOXLOOM_SHARED_DIR", SOURCE / "shared"))


def random_rows(count=300, extent=6, batches=2, seed=0):
    """Unique rows (batch, x, y, z), not in canonical order."""
    rng = np.random.default_rng(seed)
    rows = np.unique(np.column_stack([rng.integers(0, batches, count), rng.integers(-extent, extent, (count, 3))]),
                     axis=0)
    return rng.permutation(rows).astype(np.int32)


def random_array(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def offsets_of(kernel_size, origin="centered"):
    """Of a box kernel, k = (ix*Ky + iy)*Kz + iz."""
    axes = [np.arange(s) - (s // 2 if s % 2 and origin == "centered" else 0) for s in kernel_size]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def brute_force_map(source, target, kernel_size, stride=1, padding=0, dilation=1):
    """(N_out, K) input rows, -1: none; by comparing coordinates."""
    place = {tuple(row): i for i, row in enumerate(source.tolist())}
    result = np.full((len(target), np.prod(kernel_size)), -1, np.int32)
    for u, (batch, *xyz) in enumerate(target.tolist()):
        for k, offset in enumerate(offsets_of(kernel_size)):
            at = np.asarray(xyz) * stride + offset * dilation - padding
            result[u, k] = place.get((batch, *at.tolist()), -1)
    return result


def reference_conv(x, weight, dense_map):
    """The sum over a (N_out, K) map, in float64."""
    padded = np.vstack([x.astype(np.float64), np.zeros((1, x.shape[1]))])
    return np.einsum("uki,kio->uo", padded[dense_map], weight.astype(np.float64))


def run_script(text, *arguments, timeout=120, check=True):
    """A Python process of its own; `timeout` only keeps a hang from stopping the tests."""
    result = subprocess.run([sys.executable, "-c", text, *map(str, arguments)], capture_output=True, text=True,
                            timeout=timeout, check=False)
    if check:
        assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture
def rows():
    return random_rows()


@pytest.fixture
def coords(rows):
    return voxloom.CoordinateSet(rows)
