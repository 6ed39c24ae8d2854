"""The MinkowskiEngine drop-in against what MinkowskiEngine 0.5.4 gave, from the same seeds: outputs and gradients.

data/minkowski_golden.npz was written by scripts/compare_minkowski.py with MinkowskiEngine's CPU build.
"""

import pathlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minkowski_cases  # noqa: E402
import voxloom.compat.MinkowskiEngine as ME  # noqa: E402

GOLDEN = np.load(pathlib.Path(__file__).parent / "data" / "minkowski_golden.npz")
SEEDS = sorted({int(name.split("/")[0]) for name in GOLDEN.files})


def test_there_is_a_case_of_every_kind():
    assert {seed % len(minkowski_cases.KINDS) for seed in SEEDS} == set(range(len(minkowski_cases.KINDS)))


@pytest.mark.parametrize("seed", SEEDS)
def test_as_minkowski_engine(seed):
    got = minkowski_cases.run(ME, seed)
    expected = {name.split("/")[1]: GOLDEN[name] for name in GOLDEN.files if name.startswith(f"{seed}/")}
    assert got.keys() == expected.keys()
    for name, array in expected.items():
        assert got[name].shape == array.shape, name
        if array.dtype.kind == "i":
            assert (got[name] == array).all(), name
        else:  # gradients through a norm lose a digit or two in float32
            tolerance = 1e-3 if minkowski_cases.KINDS[seed % len(minkowski_cases.KINDS)] == "norms" else 2e-5
            np.testing.assert_allclose(got[name], array, rtol=tolerance, atol=tolerance, err_msg=name)
