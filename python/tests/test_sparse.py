"""Operations on sparse tensors: the same as on rows and maps, and what they refuse."""

import copy
import pickle

import numpy as np
import pytest

import voxloom
from conftest import brute_force_map, random_array, random_rows, reference_conv


@pytest.fixture
def x(rows):
    return voxloom.SparseTensor(rows, random_array(len(rows), 4))


def test_what_a_tensor_is(rows, x):
    assert (x.rows, x.channels, x.stride, x.batch_size, x.dtype) == (len(rows), 4, (1, 1, 1), 2, np.float32)
    assert voxloom.SparseTensor(x.coords, x.features, 5).batch_size == 5
    for other in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert np.array_equal(other.features, x.features) and other.coords.same_rows(x.coords)
        assert other.features is not x.features and other.batch_size == 2
    with pytest.raises(ValueError, match=r"\[sparse_tensor\] features: expected shape \(\d+,C\).*got \(3,4\)"):
        voxloom.SparseTensor(rows, np.zeros((3, 4), np.float32))
    with pytest.raises(ValueError, match="expected float32, float16 or bfloat16, got float64"):
        voxloom.SparseTensor(rows, np.zeros((len(rows), 4)))
    with pytest.raises(ValueError, match="got list"):
        voxloom.SparseTensor(rows, [1])


def test_convolutions(rows, x):
    weight = random_array(27, 4, 6, seed=1)
    y = voxloom.subm_conv3d(x, weight)
    assert y.coords == x.coords
    np.testing.assert_allclose(y.features, reference_conv(x.features, weight, brute_force_map(rows, rows, (3, 3, 3))),
                               rtol=1e-5, atol=1e-5)
    down = voxloom.conv3d(x, weight[:8], kernel_size=2, stride=2)
    assert down.stride == (2, 2, 2)
    np.testing.assert_allclose(
        down.features, reference_conv(x.features, weight[:8], brute_force_map(rows, down.coords.rows, (2, 2, 2), 2)),
        rtol=1e-5, atol=1e-5)
    up = voxloom.conv_transpose3d(down, random_array(8, 6, 3), target=x)
    assert up.coords == x.coords and up.channels == 3
    generated = voxloom.generative_conv_transpose3d(down, random_array(8, 6, 3))
    assert generated.rows == 8 * down.rows and generated.stride == (1, 1, 1)
    map = voxloom.conv3d_map(x, kernel_size=2, stride=2)
    back = voxloom.inverse_conv3d(down, random_array(8, 6, 3), None, map)
    assert back.coords == x.coords
    assert np.array_equal(voxloom.conv_on_map(x, weight[:8], None, map).features, down.features)
    assert voxloom.conv3d_map(x, kernel_size=1) is None


def test_targets_of_every_kind(rows, x):
    weight, rows_of_mine = random_array(27, 4, 2), random_rows(seed=9)
    by_array = voxloom.conv3d(x, weight, target=rows_of_mine)
    assert np.array_equal(by_array.coords.rows, rows_of_mine)
    by_set = voxloom.conv3d(x, weight, target=voxloom.CoordinateSet(rows_of_mine))
    by_tensor = voxloom.conv3d(x, weight, target=voxloom.SparseTensor(rows_of_mine, random_array(len(rows_of_mine), 1)))
    assert np.array_equal(by_set.features, by_array.features) and np.array_equal(by_tensor.features, by_set.features)
    with pytest.raises(ValueError, match=r"\[conv3d\].*stride"):
        voxloom.conv3d(x, weight, stride=2, target=voxloom.CoordinateSet(rows_of_mine))


def test_messages_name_the_operation(x):
    for name, call in (("subm_conv3d", voxloom.subm_conv3d), ("conv3d", voxloom.conv3d),
                       ("conv_transpose3d", voxloom.conv_transpose3d)):
        with pytest.raises(ValueError, match=rf"\[{name}\] weight \(5,4,6\) does not match"):
            call(voxloom.SparseTensor(x.coords.rows, x.features, stride=2), np.zeros((5, 4, 6), np.float32))
    with pytest.raises(ValueError, match=r"\[subm_conv3d\] a submanifold kernel must be odd"):
        voxloom.subm_conv3d(x, np.zeros((8, 4, 6), np.float32), kernel_size=2)
    with pytest.raises(ValueError, match=r"\[inverse_conv3d\] the input \(\d+ rows\) does not live on"):
        voxloom.inverse_conv3d(x, np.zeros((8, 4, 6), np.float32), None, voxloom.conv3d_map(x, kernel_size=2, stride=2))


def test_normalized_convolutions(rows, x):
    weight = random_array(27, 1, 4, 6)
    y = voxloom.normalized_subm_conv3d(x, weight)
    dense = brute_force_map(rows, rows, (3, 3, 3))
    square = reference_conv(np.ones_like(x.features), weight[:, 0] ** 2, dense)
    np.testing.assert_allclose(y.features, reference_conv(x.features, weight[:, 0], dense) / np.sqrt(square + 1e-8),
                               rtol=1e-4, atol=1e-4)
    assert voxloom.normalized_generative_conv_transpose3d(voxloom.pool3d(x), random_array(8, 1, 4, 2)).channels == 2


def test_pools_and_resampling(x):
    pooled = voxloom.pool3d(x)
    assert pooled.stride == (2, 2, 2)
    unpooled = voxloom.max_unpool3d(x, pooled)
    assert unpooled.coords == x.coords and np.isclose(unpooled.features.sum(), pooled.features.sum(), rtol=1e-4)
    up = voxloom.pool_transpose3d(pooled, target=x.coords)
    assert up.coords == x.coords
    fine = voxloom.trilinear_upsample3d(voxloom.SparseTensor(pooled.coords, np.ones_like(pooled.features)), target=x)
    np.testing.assert_allclose(fine.features, 1, rtol=1e-6)


def test_global_pool(x):
    batch = x.coords.rows[:, 0]
    for mode, function in (("sum", np.sum), ("avg", np.mean), ("max", np.max)):
        expected = np.stack([function(x.features[batch == b], axis=0) for b in range(2)])
        np.testing.assert_allclose(voxloom.global_pool(x, mode), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"\[global_pool\] batch 2 of 3 is empty: it has no maximum"):
        voxloom.global_pool(voxloom.SparseTensor(x.coords, x.features, 3), "max")


def test_joins(x):
    other = voxloom.SparseTensor(random_rows(seed=1), random_array(len(random_rows(seed=1)), 4, seed=1))
    by_place = [{tuple(r): f for r, f in zip(t.coords.rows.tolist(), t.features)} for t in (x, other)]
    total = x + other
    for row, value in zip(total.coords.rows.tolist(), total.features):
        np.testing.assert_allclose(value, sum(d.get(tuple(row), np.zeros(4, np.float32)) for d in by_place), rtol=1e-6)
    product = x * other
    assert {tuple(r) for r in product.coords.rows.tolist()} == set(by_place[0]) & set(by_place[1])
    assert np.array_equal(voxloom.maximum(x, x).features, x.features)
    joined = voxloom.cat([x, x, x])
    assert joined.channels == 12 and joined.coords == x.coords
    with pytest.raises(ValueError, match=r"\[cat\] expected at least one tensor, got none"):
        voxloom.cat([])


def test_selections(rows, x):
    inside = voxloom.crop(x, -2, 2)
    keep = (np.abs(rows[:, 1:]) <= 2).all(1)
    assert np.array_equal(inside.coords.rows, rows[keep]) and np.array_equal(inside.features, x.features[keep])
    assert np.array_equal(voxloom.prune(x, keep).features, inside.features)
    assert np.array_equal(voxloom.prune(x, [3, 1]).features, x.features[[3, 1]])
    assert np.array_equal(voxloom.reindex(x, inside.coords).features, inside.features)
    best = voxloom.topk(x, 1)
    largest = [np.where(rows[:, 0] == b, x.features[:, 0], -np.inf).argmax() for b in range(2)]
    assert best.tolist() == sorted(largest)
    with pytest.raises(ValueError, match=r"\[prune\] mask: expected shape"):
        voxloom.prune(x, np.ones(3, bool))


def test_dense_grids(rows, x):
    grid = voxloom.to_dense(x, -6, 5)
    assert grid.shape == (2, 12, 12, 12, 4)
    assert np.array_equal(grid[rows[:, 0], rows[:, 1] + 6, rows[:, 2] + 6, rows[:, 3] + 6], x.features)
    back = voxloom.from_dense(grid, -6)
    assert np.array_equal(voxloom.reindex(back, x.coords).features, x.features)


def test_points_and_voxels():
    points = np.random.default_rng(0).uniform(-5, 5, (500, 3)).astype(np.float32)
    features = random_array(500, 3)
    voxels = voxloom.voxelize(points, features, voxel_size=0.5)
    cells = np.floor(points.astype(np.float64) / 0.5).astype(np.int32)
    assert np.array_equal(voxels.tensor.coords.rows[voxels.row_of_point][:, 1:], cells) and voxels.dropped == 0
    mean = np.stack([features[voxels.row_of_point == r].mean(0) for r in range(voxels.tensor.rows)])
    np.testing.assert_allclose(voxels.tensor.features, mean, rtol=1e-5, atol=1e-6)
    read = voxloom.devoxelize(points, voxels.tensor, voxel_size=0.5)
    assert np.array_equal(read, voxels.tensor.features[voxels.row_of_point])
    counted = voxloom.voxelize(points, None, voxel_size=0.5, reduction="count")
    assert counted.tensor.features.sum() == 500
    merged = voxloom.sparse_from_points(np.column_stack([np.zeros(500, np.int32), cells]).astype(np.int32), features,
                                        "max")
    assert merged.tensor.coords.same_rows(voxels.tensor.coords)
    with pytest.raises(ValueError, match=r"\[voxelize\]"):
        voxloom.voxelize(np.full((1, 3), np.nan, np.float32), features[:1])
