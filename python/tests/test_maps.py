import copy
import pickle

import numpy as np
import pytest

import voxloom
from conftest import brute_force_map, random_array, random_rows, reference_conv


@pytest.mark.parametrize("size, stride, padding, dilation", [
    ((3, 3, 3), 1, 0, 1), ((2, 2, 2), 2, 0, 1), ((3, 1, 5), 1, 0, 2), ((3, 3, 3), 2, 1, 1), ((4, 2, 3), 1, 1, 1)])
def test_forward_maps_equal_brute_force(rows, coords, size, stride, padding, dilation):
    kernel = voxloom.KernelSpec(size, stride, padding, dilation)
    support = voxloom.reachable_support(coords, kernel)
    map = voxloom.forward_map(coords, support, kernel)
    expected = brute_force_map(rows, support.rows, size, stride, padding, dilation)
    assert np.array_equal(map.dense(), expected)
    assert map.size == (expected >= 0).sum() and map.volume == np.prod(size)
    assert map.source == coords and map.target == support
    assert voxloom.forward_map(coords, support, kernel) == map


def test_transposed_maps_are_the_forward_ones_swapped(coords):
    kernel = voxloom.KernelSpec(2, 2, origin="corner")
    coarse = voxloom.strided_support(coords, 2)
    there = voxloom.forward_map(coords, coarse, kernel)
    back = voxloom.transposed_map(coarse, coords, kernel)
    assert np.array_equal(back.dense(), there.swapped().dense())
    assert there.swapped().swapped() == there


@pytest.mark.parametrize("size, stride, is_transposed", [(3, 2, False), (2, 2, False), (3, 1, False), (3, 2, True)])
def test_outputs_in_the_order_in_which_a_loop_meets_them(rows, size, stride, is_transposed):
    shuffled = voxloom.CoordinateSet(rows[np.random.default_rng(1).permutation(len(rows))], stride=stride)
    kernel = voxloom.KernelSpec(size, stride, origin="corner")
    if is_transposed:
        map = voxloom.transposed_map(shuffled, voxloom.transposed_support(shuffled, kernel), kernel)
    else:
        map = voxloom.forward_map(shuffled, voxloom.reachable_support(shuffled, kernel), kernel)
    in_rows, out_rows, k = map.pairs()
    expected = list(dict.fromkeys(out_rows[np.lexsort((in_rows, k))].tolist()))
    assert map.first_met().tolist() == expected and len(expected) == len(map.target.rows)
    nothing = voxloom.KernelMap.from_pairs(2, 3, 1, *(np.zeros(0, np.int32) for _ in range(3)))
    assert nothing.first_met().tolist() == []
    fan = voxloom.KernelMap.from_pairs(1, 2, 1, *(np.array(p, np.int32) for p in ([0, 0], [0, 1], [0, 0])))
    for call in (fan.first_met, fan.offset_table):
        with pytest.raises(ValueError, match="input row 0 meets output rows 0 and 1 under one offset"):
            call()


def test_tables_by_offset(coords):
    kernel = voxloom.KernelSpec(2, 2, origin="corner")
    map = voxloom.forward_map(coords, voxloom.strided_support(coords, 2), kernel)
    (ins, outs), counts = map.offset_table()
    in_rows, out_rows, k = map.pairs()
    for offset in range(map.volume):
        here = k == offset
        order = np.argsort(in_rows[here])
        assert counts[offset] == here.sum()
        assert np.array_equal(ins[offset, : counts[offset]], in_rows[here][order])
        assert np.array_equal(outs[offset, : counts[offset]], out_rows[here][order])
        assert (ins[offset, counts[offset] :] == -1).all() and (outs[offset, counts[offset] :] == -1).all()
    cube = voxloom.forward_map(coords, coords, voxloom.KernelSpec(3))
    plain, mirrored = cube.offset_table(), cube.offset_table(mirrored=True)
    assert np.array_equal(plain[1], mirrored[1]) and np.array_equal(plain[0][:, :14], mirrored[0][:, :14])
    assert np.array_equal(mirrored[0][:, 14:], mirrored[0][::-1, 12::-1])


def test_pairs(coords):
    map = voxloom.forward_map(coords, coords, voxloom.KernelSpec(3))
    in_rows, out_rows, k = map.pairs()
    begin = map.pairs_begin()
    assert begin[-1] == len(k) == map.size and np.array_equal(np.searchsorted(k, np.arange(28)), begin)
    assert np.array_equal(map.dense()[out_rows, k], in_rows)


def test_a_map_of_the_callers_own_pairs(coords):
    own = voxloom.forward_map(coords, coords, voxloom.KernelSpec(3))
    in_rows, out_rows, k = own.pairs()
    order = np.random.default_rng(0).permutation(len(k))
    x, weight = random_array(coords.size, 5), random_array(27, 5, 7)
    expected = voxloom.functional.conv(x, weight, own)
    for side in (coords, coords.size):  # with coordinates, and without
        map = voxloom.KernelMap.from_pairs(side, side, 27, in_rows[order], out_rows[order], k[order])
        assert np.array_equal(map.dense(), own.dense())
        np.testing.assert_allclose(voxloom.functional.conv(x, weight, map), expected, rtol=1e-5, atol=1e-5)


def test_maps_without_coordinates_have_any_shape():
    rng = np.random.default_rng(0)
    dense = np.full((50, 9), -1, np.int32)
    for k in range(9):
        outs, ins = rng.permutation(50)[:20], rng.permutation(70)[:20]
        dense[outs, k] = ins
    out_rows, k = np.nonzero(dense >= 0)
    map = voxloom.KernelMap.from_pairs(70, 50, 9, dense[out_rows, k], out_rows.astype(np.int32), k.astype(np.int32))
    x, weight = random_array(70, 4), random_array(9, 4, 6)
    np.testing.assert_allclose(voxloom.functional.conv(x, weight, map), reference_conv(x, weight, dense), rtol=1e-5,
                               atol=1e-5)


@pytest.mark.parametrize("pairs, message", [
    (([0], [0], [9]), "offset"), (([0], [5], [0]), "row"), (([0, 1], [0, 0], [0, 0]), "offset 0"),
    (([0, 1], [0], [0]), "equally long, got 2, 1 and 1")])
def test_wrong_pairs_are_refused(pairs, message):
    with pytest.raises(ValueError, match=message):
        voxloom.KernelMap.from_pairs(5, 5, 9, *(np.array(p, np.int32) for p in pairs))


def test_pairs_are_int32(coords):
    with pytest.raises(ValueError, match=r"\[KernelMap.from_pairs\] in_rows: expected shape \(N\) and int32"):
        voxloom.KernelMap.from_pairs(5, 5, 9, np.zeros(1, np.int64), np.zeros(1, np.int32), np.zeros(1, np.int32))


def test_kernels_say_what_they_are():
    kernel = voxloom.KernelSpec((1, 2, 3), 2, 1, origin="corner")
    assert (kernel.kernel_size, kernel.stride, kernel.padding, kernel.dilation, kernel.origin, kernel.volume) == (
        (1, 2, 3), (2, 2, 2), (1, 1, 1), (1, 1, 1), "corner", 6)
    assert voxloom.KernelSpec(offsets=[(0, 0, 0), (5, 0, -3)]).offsets == [(0, 0, 0), (5, 0, -3)]
    with pytest.raises(ValueError, match=r"\[KernelSpec\] origin: expected one of 'centered', 'corner', got 'middle'"):
        voxloom.KernelSpec(origin="middle")


def test_a_map_outlives_the_names_of_its_sets():
    rows = random_rows(seed=5)
    map = voxloom.forward_map(*(voxloom.CoordinateSet(rows),) * 2, voxloom.KernelSpec(3))
    assert np.array_equal(map.dense(), brute_force_map(rows, rows, (3, 3, 3)))
    assert copy.deepcopy(map) == map


def test_maps_and_kernels_pickle():
    fine = voxloom.CoordinateSet(random_rows(seed=5))
    kernel = voxloom.KernelSpec((2, 3, 1), 2, 1, origin="corner")
    coarse = voxloom.reachable_support(fine, kernel)
    listed = voxloom.KernelSpec(offsets=[(0, 0, 0), (5, 0, -3)], dilation=2)
    pairs = [np.array(part, np.int32) for part in ([0, 3, 1], [2, 2, 0], [0, 1, 1])]
    maps = [voxloom.forward_map(fine, coarse, kernel), voxloom.forward_map(fine, coarse, kernel).swapped(),
            voxloom.transposed_map(coarse, fine, kernel), voxloom.forward_map(fine, fine, listed),
            voxloom.forward_map(fine, fine, voxloom.KernelSpec(3)), voxloom.KernelMap.from_pairs(4, 3, 2, *pairs),
            voxloom.KernelMap.from_pairs(4, 3, 2, *pairs).swapped()]
    for map in maps:
        again = pickle.loads(pickle.dumps(map))
        assert np.array_equal(again.dense(), map.dense()) and again.source.same_rows(map.source), map
        assert (again.source == again.target) == (map.source == map.target)
    for one in (kernel, listed):
        again = pickle.loads(pickle.dumps(one))
        for name in ("kernel_size", "stride", "padding", "dilation", "origin", "offsets"):
            assert getattr(again, name) == getattr(one, name)
