"""What goes in, what comes out, what is refused, and that nothing is copied on the way."""

import re

import numpy as np
import pytest

import voxloom
import voxloom.functional as F
from conftest import random_array, run_script


@pytest.fixture
def map(coords):
    return voxloom.forward_map(coords, coords, voxloom.KernelSpec(3))


@pytest.fixture
def x(coords):
    return random_array(coords.size, 4)


WEIGHT = random_array(27, 4, 6, seed=1)


def test_results_are_ordinary_arrays(x, map):
    y = F.conv(x, WEIGHT, map)
    assert type(y) is np.ndarray and y.dtype == np.float32 and y.flags.writeable and y.flags.c_contiguous
    y[0] = 1


@pytest.mark.parametrize("wrong, message", [
    (lambda x: x[:, ::2], r"[conv] x: expected an array in C order, got one of shape"),
    (lambda x: np.asfortranarray(x), "[conv] x: expected an array in C order"),
    (lambda x: x.astype(np.float64), "[conv] expected features of shape (N,C) and type float32, float16 or bfloat16"),
    (lambda x: x.astype(np.int16), "[conv] x: no array of int16: expected float32"),
    (lambda x: x.astype(">f4"), "[conv] x: no array of >f4: expected"),
    (lambda x: x[:5], "[conv] x: expected the"),
    (lambda x: x[0], "[conv] expected features of shape (N,C)"),
    (lambda x: x[:, :3].copy(), "[conv] weight (27,4,6) does not match kernel_size (3,3,3) and 3 input channels"),
    (lambda x: x.astype(np.float16), "[conv] "),
])
def test_wrong_arrays_are_value_errors(x, map, wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        F.conv(wrong(x), WEIGHT, map)


def test_what_is_no_array_is_a_type_error(map):
    with pytest.raises(TypeError, match=r"\[conv\] x: expected an array \(numpy, torch, DLPack or buffer protocol\), got list"):
        F.conv([1.0], WEIGHT, map)


def test_misaligned_arrays_are_refused(x, map):
    raw = np.empty(x.nbytes + 1, np.uint8)
    shifted = raw[1:].view(np.float32).reshape(x.shape)
    with pytest.raises(ValueError, match="x: the array's elements are not aligned for float32"):
        F.conv(shifted, WEIGHT, map)


def test_read_only_arrays_are_read(x, map):
    expected = F.conv(x, WEIGHT, map)
    frozen = [a.copy() for a in (x, WEIGHT)]
    for array in frozen:
        array.flags.writeable = False
    assert np.array_equal(F.conv(*frozen, map), expected)
    dy = expected.copy()
    dy.flags.writeable = False
    _, mean, variance = F.batch_norm_of_batch(dy, np.ones(6, np.float32))
    F.batch_norm_gradient(dy, dy, np.ones(6, np.float32), mean, variance, 1e-5, True, dy, [True] * 4)


def test_float16(x, map):
    half = F.conv(x.astype(np.float16), WEIGHT.astype(np.float16), map)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, F.conv(x, WEIGHT, map), rtol=2e-2, atol=2e-2)


class Dlpack:
    """An array that says what it is by DLPack alone."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("wrap", [memoryview, Dlpack])
def test_whatever_exports_its_memory(x, map, wrap):
    assert np.array_equal(F.conv(wrap(x), WEIGHT, map), F.conv(x, WEIGHT, map))


def test_empty_sets():
    empty = voxloom.CoordinateSet(np.empty((0, 4), np.int32))
    x = voxloom.SparseTensor(empty, np.empty((0, 4), np.float32))
    y = voxloom.subm_conv3d(x, WEIGHT)
    assert y.features.shape == (0, 6) and voxloom.pool3d(y).rows == 0


def test_results_outlive_what_made_them(x, coords):
    map = voxloom.forward_map(coords, coords, voxloom.KernelSpec(3))
    y = F.conv(x, WEIGHT, map)
    expected = y.copy()
    view = map.dense()
    kept = view.copy()
    del map, x
    np.empty((1 << 20,), np.float32).fill(7)
    assert np.array_equal(y, expected) and np.array_equal(view, kept)


def test_nothing_of_the_size_of_the_features_is_copied():
    """240 MB of features go through operations with small results: the peak must not grow by that."""
    run_script("""
import resource, numpy as np, voxloom, voxloom.functional as F
n = 60_000
rows = np.zeros((n, 4), np.int32); rows[:, 1] = np.arange(n)
coords = voxloom.CoordinateSet(rows, copy=False)
map = voxloom.forward_map(coords, coords, voxloom.KernelSpec((3, 1, 1)))
x = np.ones((n, 1000), np.float32); weight = np.ones((3, 1000, 1), np.float32); dy = np.ones((n, 1), np.float32)
small = F.conv(x[:1000], weight[:1].reshape(1, 1000), None)   # scratch of the threads, once
map.size
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
y = F.conv(x, weight, map)
F.conv_weight_gradient(x, dy, map); F.conv_bias_gradient(x); F.segment_reduce(x, rows[:, 0].copy(), 1, 'mean')
sparse = voxloom.SparseTensor(coords, x); voxloom.global_pool(sparse); voxloom.subm_conv3d(sparse, weight, kernel_size=(3, 1, 1))
grown = peak() - before
assert grown < 120, f'{grown} MB'
""")


def test_references_do_not_pile_up(x, map):
    run_script("""
import sys, gc, numpy as np, voxloom, voxloom.functional as F
coords = voxloom.CoordinateSet(np.array([[0, 0, 0, 0], [0, 1, 0, 0]], np.int32))
map = voxloom.forward_map(coords, coords, voxloom.KernelSpec(3))
x, w, b = np.ones((2, 4), np.float32), np.ones((27, 4, 4), np.float32), np.ones(4, np.float32)
def step():
    F.conv(x, w, map, b); map.dense(); coords.rows; coords.find(coords.rows)
    s = voxloom.SparseTensor(coords, x); voxloom.pool3d(s); voxloom.add(s, s)
    try: F.conv(x[:1], w, map)
    except ValueError: pass
for _ in range(200): step()
gc.collect()
before = sys.getallocatedblocks(), *(sys.getrefcount(o) for o in (x, w, b, map, coords))
for _ in range(10_000): step()
gc.collect()
after = sys.getallocatedblocks(), *(sys.getrefcount(o) for o in (x, w, b, map, coords))
assert after[1:] == before[1:], (before, after)
assert after[0] - before[0] < 500, (before, after)
""")


def test_help_tells_of_shapes_and_errors():
    for function in (F.conv, voxloom.conv3d, voxloom.CoordinateSet, voxloom.KernelMap.from_pairs, voxloom.read_scan):
        assert len(function.__doc__) > 80
    for name in F.__all__:
        assert getattr(F, name).__doc__, name
    for name in voxloom.__all__:
        assert getattr(voxloom, name).__doc__, name
