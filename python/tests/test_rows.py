"""voxloom.functional: products, pools and norms on numpy rows, against plain references."""

import numpy as np
import pytest

import voxloom
import voxloom.functional as F
from conftest import random_array, reference_conv


@pytest.fixture
def map(coords):
    return voxloom.forward_map(coords, voxloom.strided_support(coords, 2), voxloom.KernelSpec(3, 2))


def padded(x, dense, fill):
    return np.vstack([x, np.full((1, x.shape[1]), fill, x.dtype)])[dense]


def test_products_and_their_gradients(map):
    n_in, n_out = map.source.size, map.target.size
    x, weight, bias = random_array(n_in, 6), random_array(27, 6, 10, seed=1), random_array(10, seed=2)
    dense, dy = map.dense(), random_array(n_out, 10, seed=3)
    np.testing.assert_allclose(F.conv(x, weight, map, bias), reference_conv(x, weight, dense) + bias, rtol=1e-5,
                               atol=1e-5)
    np.testing.assert_allclose(
        F.conv_input_gradient(dy, weight, map),
        reference_conv(dy, weight.transpose(0, 2, 1), map.swapped().dense()), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(F.conv_weight_gradient(x, dy, map),
                               np.einsum("uki,uo->kio", padded(x, dense, 0), dy), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(F.conv_bias_gradient(dy), dy.sum(0), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("layout, shape", [("grouped", (27, 2, 3, 5)), ("output_major", (10, 3, 3, 3, 3))])
def test_weights_of_any_layout(map, layout, shape):
    x, weight, dy = random_array(map.source.size, 6), random_array(*shape, seed=1), random_array(map.target.size, 10)
    assert F.conv(x, weight, map, groups=2).shape == (map.target.size, 10)
    assert F.conv_weight_gradient(x, dy, map, groups=2, layout=layout).shape == shape


def test_without_a_map_each_row_meets_itself():
    x, weight = random_array(9, 4), random_array(5, 4, seed=1)
    np.testing.assert_allclose(F.conv(x, weight, None), x @ weight.T, rtol=1e-5, atol=1e-5)


def test_pools(map):
    x, dense = random_array(map.source.size, 5), map.dense()
    hit = (dense >= 0)[..., None]
    total, count = padded(x, dense, 0).sum(1), hit.sum(1)
    np.testing.assert_allclose(F.pool(x, map, "sum"), total, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(F.pool(x, map, "avg"), total / np.maximum(count, 1), rtol=1e-5, atol=1e-5)
    largest = np.where(count > 0, padded(x, dense, -np.inf).max(1), 0)
    assert np.array_equal(F.pool(x, map, "max"), largest)
    winners = F.max_winners(x, map)
    assert np.array_equal(np.where(winners >= 0, x[winners, np.arange(5)], 0), largest)


def test_pools_give_back_what_they_took(map):
    x, dy = random_array(map.source.size, 3), random_array(map.target.size, 3, seed=1)
    for mode in ("sum", "avg", "max"):  # <dy, pool(x)> is linear in x where the winners stay
        dx = F.pool_gradient(dy, map, mode, x)
        np.testing.assert_allclose((dy * F.pool(x, map, mode)).sum(), (dx * x).sum(), rtol=1e-3)


def test_segments():
    x, segments = random_array(40, 3), np.random.default_rng(0).integers(-1, 5, 40).astype(np.int32)
    for mode, function in (("sum", np.sum), ("mean", np.mean), ("max", np.max), ("first", lambda v, axis: v[0])):
        expected = np.stack([function(x[segments == s], axis=0) for s in range(5)])
        np.testing.assert_allclose(F.segment_reduce(x, segments, 5, mode), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"\[segment_reduce\] segments: row 0 has 7, there are 5"):
        F.segment_reduce(x, np.full(40, 7, np.int32), 5)


def test_take_rows():
    x = random_array(6, 2)
    rows = np.array([3, -1, 3], np.int32)
    assert np.array_equal(F.take_rows(x, rows, 9), np.stack([x[3], [9, 9], x[3]]))
    assert F.take_rows(x, np.empty(0, np.int32)).shape == (0, 2)
    with pytest.raises(ValueError, match=r"\[take_rows\] rows: 6 is no row of 6"):
        F.take_rows(x, np.array([6], np.int32))


def test_norms():
    x, scale, bias = random_array(50, 8) * 3 + 1, random_array(8, seed=1), random_array(8, seed=2)
    y, mean, variance = F.batch_norm_of_batch(x, scale, bias)
    np.testing.assert_allclose(mean, x.mean(0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(variance, x.var(0), rtol=1e-5)
    expected = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) * scale + bias
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(F.batch_norm(x, scale, bias, mean, variance), expected, rtol=1e-4, atol=1e-4)
    rectified, _, _ = F.batch_norm_of_batch(x, scale, bias, residual=x, relu=True)
    np.testing.assert_allclose(rectified, np.maximum(expected + x, 0), rtol=1e-4, atol=1e-4)
    row = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(F.layer_norm(x, scale, bias), row * scale + bias, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(F.rms_norm(x, scale), x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-5) * scale,
                               rtol=1e-4, atol=1e-4)
    parts = x.reshape(50, 2, 4)
    parts = (parts - parts.mean(2, keepdims=True)) / np.sqrt(parts.var(2, keepdims=True) + 1e-5)
    np.testing.assert_allclose(F.group_norm(x, scale, bias, 2), parts.reshape(50, 8) * scale + bias, rtol=1e-4,
                               atol=1e-4)


def test_elements():
    x = random_array(20, 4)
    assert np.array_equal(F.activate(x, "relu"), np.maximum(x, 0))
    np.testing.assert_allclose(F.activate(x, "leaky_relu", alpha=0.2), np.where(x > 0, x, 0.2 * x), rtol=1e-6)
    np.testing.assert_allclose(F.softmax(x).sum(1), 1, rtol=1e-6)
    dropped = F.dropout(x, 0.5, 3)
    assert np.array_equal(dropped, F.dropout(x, 0.5, 3)) and set(np.unique(dropped / x).round(3)) == {0, 2}
    with pytest.raises(ValueError, match=r"\[activate\] kind: expected one of 'relu',.*got 'swish'"):
        F.activate(x, "swish")


def test_losses():
    scores, labels = random_array(30, 4), np.random.default_rng(0).integers(0, 4, 30).astype(np.int32)
    log = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    np.testing.assert_allclose(F.cross_entropy(scores, labels), [-log[np.arange(30), labels].mean()], rtol=1e-5)
    assert F.lovasz_softmax(scores, labels).shape == (1,)
    with pytest.raises(ValueError, match=r"\[cross_entropy\] row 0 has label 4, there are 4 classes"):
        F.cross_entropy(scores, np.full(30, 4, np.int32))
