import copy
import pickle

import numpy as np
import pytest

import voxloom
from conftest import random_rows


def test_rows_keep_the_callers_order(rows):
    coords = voxloom.CoordinateSet(rows, stride=(1, 2, 3))
    assert np.array_equal(coords.rows, rows)
    assert (coords.size, len(coords), coords.batch_size, coords.stride) == (len(rows), len(rows), 2, (1, 2, 3))
    assert not coords.rows.flags.writeable
    with pytest.raises(ValueError):
        coords.rows[0] = 1


def test_a_set_may_stand_on_the_callers_array(rows):
    borrowed = voxloom.CoordinateSet(rows, copy=False)
    assert borrowed.rows.ctypes.data == rows.ctypes.data
    assert voxloom.CoordinateSet(rows).rows.ctypes.data != rows.ctypes.data


def test_a_borrowed_array_outlives_its_name():
    rows = random_rows(seed=3)
    kept = rows.copy()
    borrowed = voxloom.CoordinateSet(rows, copy=False)
    del rows
    np.empty((1 << 20,), np.int32).fill(7)
    assert np.array_equal(borrowed.rows, kept)


def test_64_bit_rows_are_taken_when_they_fit(rows):
    assert np.array_equal(voxloom.CoordinateSet(rows.astype(np.int64)).rows, rows)
    with pytest.raises(ValueError, match=r"\[CoordinateSet\] rows: row 0 has 2147483648, which does not fit int32"):
        voxloom.CoordinateSet(np.array([[0, 2**31, 0, 0]]))


@pytest.mark.parametrize("rows, message", [
    (np.zeros((2, 4), np.int32), r"\[coordinate_set\].*rows 0 and 1"),
    (np.array([[-1, 0, 0, 0]], np.int32), "batch"),
    (np.zeros((2, 3), np.int32), r"\[CoordinateSet\] rows: expected shape \(N,4\).*got \(2,3\) int32"),
    (np.zeros((2, 4), np.float32), r"\[CoordinateSet\] rows: expected .*int32 or int64, got \(2,4\) float32"),
    (np.zeros((2, 8), np.int32)[:, ::2], r"C order"),
])
def test_wrong_rows_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        voxloom.CoordinateSet(rows)


def test_wrong_options_are_refused(rows):
    with pytest.raises(ValueError, match="stride"):
        voxloom.CoordinateSet(rows, stride=0)
    with pytest.raises(ValueError, match=r"stride: expected an int or three, got \(1, 2\)"):
        voxloom.CoordinateSet(rows, stride=(1, 2))
    with pytest.raises(ValueError, match=r"stride: expected an int32 or three of them, got 1.5"):
        voxloom.CoordinateSet(rows, stride=1.5)
    with pytest.raises(ValueError, match="batch"):
        voxloom.CoordinateSet(rows, batch_size=1)


def test_find(rows, coords):
    asked = np.vstack([rows[::-1], [[0, 99, 0, 0]]]).astype(np.int32)
    expected = np.append(np.arange(len(rows))[::-1], -1)
    assert np.array_equal(coords.find(asked), expected)
    assert np.array_equal(coords.find(asked.astype(np.int64)), expected)
    assert coords.find(np.array([[0, 2**40, 0, 0]])).tolist() == [-1]


def test_copies_are_the_same_set_and_pickles_equal_ones(coords):
    assert copy.copy(coords) == coords and copy.deepcopy(coords) == coords
    assert hash(copy.copy(coords)) == hash(coords)
    other = pickle.loads(pickle.dumps(coords))
    assert other != coords and other.same_rows(coords) and other.batch_size == coords.batch_size
    assert coords != 3


def test_algebra(coords):
    other = voxloom.CoordinateSet(random_rows(seed=1))
    a, b = ({tuple(r) for r in s.rows.tolist()} for s in (coords, other))
    for function, expected in ((voxloom.union_of, a | b), (voxloom.intersection_of, a & b),
                               (voxloom.difference_of, a - b)):
        result = function(coords, other)
        assert {tuple(r) for r in result.rows.tolist()} == expected
        assert result.is_canonical


def test_sort_canonical(coords):
    ordered, permutation, inverse = voxloom.sort_canonical(coords)
    assert ordered.is_canonical and not coords.is_canonical
    assert np.array_equal(coords.rows[permutation], ordered.rows)
    assert np.array_equal(ordered.rows[inverse], coords.rows)


def test_merge_rows(rows):
    twice = np.vstack([rows, rows])
    coords, place = voxloom.merge_rows(twice)
    assert coords.size == len(rows)
    assert np.array_equal(coords.rows[place], twice)


def test_supports(rows, coords):
    halved = np.unique(np.column_stack([rows[:, :1], rows[:, 1:] // 2]), axis=0)
    support = voxloom.strided_support(coords, 2)
    assert {tuple(r) for r in support.rows.tolist()} == {tuple(r) for r in halved.tolist()}
    assert support.stride == (2, 2, 2)
    assert voxloom.strided_support(coords, 2) == support  # the same object
    assert voxloom.downsample(coords, 2).same_rows(support)
    clipped = voxloom.reachable_support(coords, voxloom.KernelSpec(3, 2, 1), ((0, 0, 0), (2, 2, 2)))
    assert clipped.rows[:, 1:].min() >= 0 and clipped.rows[:, 1:].max() < 2
    with pytest.raises(ValueError, match=r"bounds: expected \(\(x, y, z\), \(x, y, z\)\), got 3"):
        voxloom.reachable_support(coords, voxloom.KernelSpec(3), 3)


def test_extents_of_columns():
    for columns in (2, 3, 4, 5):
        rows = np.random.default_rng(columns).integers(-1000, 1000, (50, columns), dtype=np.int32)
        low, high = voxloom._core._extent(rows)
        assert np.array_equal(low, rows.min(axis=0)) and np.array_equal(high, rows.max(axis=0))
    assert voxloom._core._extent(np.zeros((0, 4), np.int32)) is None
    for wrong in (np.zeros((3, 1), np.int32), np.zeros((3, 6), np.int32), np.zeros((3, 4), np.int64), np.zeros(4, np.int32)):
        with pytest.raises(ValueError, match=r"\[extent\] rows: expected \(N, 2 to 5\) int32"):
            voxloom._core._extent(wrong)


def test_neighbours(rows, coords):
    places, distances = voxloom.k_nearest(coords, coords, 3)
    assert np.array_equal(places[:, 0], np.arange(len(rows))) and not distances[:, 0].any()
    begin, found, within = voxloom.radius_neighbors(coords, coords, 1.5)
    assert begin[-1] == len(found) == len(within) and within.max() <= 1.5
