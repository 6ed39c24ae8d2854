"""The torchsparse drop-in against the rules of torchsparse 2.1, worked out row by row in binary64."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import voxloom.compat.torchsparse as torchsparse  # noqa: E402
from voxloom.compat.torchsparse import PointTensor, SparseTensor  # noqa: E402
from voxloom.compat.torchsparse import nn as spnn  # noqa: E402
from voxloom.compat.torchsparse import tensor as ts_tensor  # noqa: E402
from voxloom.compat.torchsparse.backbones import SparseResNet21D, SparseResUNet42  # noqa: E402
from voxloom.compat.torchsparse.nn import functional as F  # noqa: E402
from voxloom.compat.torchsparse.utils import make_divisible, make_ntuple, tensor_cache  # noqa: E402
from voxloom.compat.torchsparse.utils.collate import sparse_collate, sparse_collate_fn  # noqa: E402
from voxloom.compat.torchsparse.utils.quantize import sparse_quantize  # noqa: E402

HASHMAP = F.conv_config.get_default_conv_config()
HASHMAP.kmap_mode = "hashmap"


def sites(shape=(7, 6, 8), batch=2, count=90, seed=0, low=0):
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(batch * int(np.prod(shape)))[:count]
    rows = np.stack(np.unravel_index(chosen, [batch, *shape]), 1).astype(np.int32)
    rows[:, 1:] += low
    return torch.from_numpy(rows)


def tensor(channels, **where):
    coords = sites(**where)
    return SparseTensor(torch.randn(len(coords), channels, generator=torch.Generator().manual_seed(1)), coords)


def digits(size):
    """The kernel's cells in torchsparse's order."""
    if np.prod(size) % 2:
        return [(x, y, z) for z in range(size[2]) for y in range(size[1]) for x in range(size[0])]
    return [(x, y, z) for x in range(size[0]) for y in range(size[1]) for z in range(size[2])]


def entries(in_rows, out_rows, size, stride, shift):
    """(in, out, k) with in = out * stride + digit + shift."""
    place = {tuple(row): i for i, row in enumerate(in_rows.tolist())}
    found = []
    for u, (batch, *at) in enumerate(out_rows.tolist()):
        for k, digit in enumerate(digits(size)):
            v = place.get((batch, *(a * s + d + o for a, s, d, o in zip(at, stride, digit, shift))))
            if v is not None:
                found.append((v, u, k))
    return found


def reached(in_rows, size, stride, padding, low, high):
    """Every site in [low, high) that a row reaches, in ascending order."""
    out = set()
    for batch, *at in in_rows.tolist():
        for digit in digits(size):
            moved = [a + p - d for a, p, d in zip(at, padding, digit)]
            if all(m % s == 0 for m, s in zip(moved, stride)):
                site = [m // s for m, s in zip(moved, stride)]
                if all(a <= c < b for c, a, b in zip(site, low, high)):
                    out.add((batch, *site))
    return np.array(sorted(out), np.int32).reshape(-1, 4)


def products(found, x, kernel, rows, bias=None):
    y = np.zeros((rows, kernel.shape[-1]))
    for v, u, k in found:
        y[u] += x[v] @ kernel[k]
    return y if bias is None else y + bias


def check_layer(layer, x, found, rows):
    """Values and gradients of a layer whose entries are known."""
    feats = x.feats.clone().requires_grad_()
    y = layer(x._on_same_sites(feats))
    kernel = layer.kernel.detach().double().numpy()
    bias = None if layer.bias is None else layer.bias.detach().double().numpy()
    source = x.feats.double().numpy()
    assert np.allclose(y.feats.detach().numpy(), products(found, source, kernel, rows, bias), atol=1e-5)
    dy = torch.randn(y.feats.shape, generator=torch.Generator().manual_seed(2))
    y.feats.backward(dy)
    dx, dw = np.zeros(source.shape), np.zeros(kernel.shape)
    for v, u, k in found:
        dx[v] += kernel[k] @ dy[u].double().numpy()
        dw[k] += np.outer(source[v], dy[u].double().numpy())
    assert np.allclose(feats.grad.numpy(), dx, atol=1e-5)
    assert np.allclose(layer.kernel.grad.numpy(), dw, atol=1e-4)
    return y


# --- convolutions ---


@pytest.mark.parametrize("size", [3, (3, 1, 5), 5, 2, 4, (3, 2, 1)])
def test_submanifold(size):
    x = tensor(3)
    layer = spnn.Conv3d(3, 4, size, bias=True)
    size = make_ntuple(size, 3)
    shift = [-(k - 1) // 2 if np.prod(size) % 2 else 0 for k in size]
    y = check_layer(layer, x, entries(x.coords, x.coords, size, (1, 1, 1), shift), len(x.coords))
    assert y.coords is x.coords and y.stride == (1, 1, 1)


@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [(2, 2, 0), (3, 2, 0), (3, 2, 1), (3, 3, 1), (4, 2, 1), ((1, 3, 1), (1, 2, 1), 0), ((2, 3, 3), (2, 1, 2), (0, 1, 1)),
     (1, 2, 0)],
)  # fmt: skip
def test_strided(size, stride, padding):
    x = tensor(3)
    layer = spnn.Conv3d(3, 4, size, stride, padding)
    size, stride, padding = make_ntuple(size, 3), make_ntuple(stride, 3), layer.padding
    high = [(int(g) + 2 * p - (k - 1)) // s + 1 for g, p, k, s in zip(x.coords[:, 1:].max(0).values, padding, size, stride)]
    out = reached(x.coords, size, stride, padding, (0, 0, 0), high)
    found = entries(x.coords, out, size, stride, [-p for p in padding])
    y = check_layer(layer, x, found, len(out))
    assert np.array_equal(y.coords.numpy(), out)
    assert y.stride == stride


def test_padding_keeps_the_length_of_odd_axes_without_stride():
    assert spnn.Conv3d(1, 1, (3, 4, 5), (1, 1, 2), 7).padding == (1, 7, 7)


def test_the_last_plane_is_lost_when_the_kernel_does_not_fit():
    coords = torch.tensor([[0, 0, 0, 0], [0, 4, 4, 4]], dtype=torch.int32)
    y = spnn.Conv3d(1, 1, 2, 2)(SparseTensor(torch.ones(2, 1), coords))
    assert y.coords.tolist() == [[0, 0, 0, 0]]


def test_kernels_stand_in_the_order_of_the_librarys_own_test():
    """As tests/python/test_single_layer_conv.py of torchsparse turns them for a dense convolution."""
    x = tensor(4, shape=(5, 5, 5), batch=1, count=100)
    dense = torch.zeros(1, 4, 5, 5, 5)
    dense[0, :, x.coords[:, 1].long(), x.coords[:, 2].long(), x.coords[:, 3].long()] = x.feats.t()
    for size, order in ((3, (4, 3, 2, 1, 0)), (2, (4, 3, 0, 1, 2)), (5, (4, 3, 2, 1, 0))):
        layer = spnn.Conv3d(4, 6, size)
        weight = layer.kernel.detach().reshape(size, size, size, 4, 6).permute(*order)
        padded = torch.nn.functional.pad(dense, (0, size - 1) * 3) if size % 2 == 0 else dense
        expected = torch.nn.functional.conv3d(padded, weight, padding=(size - 1) // 2 if size % 2 else 0)
        at = x.coords.long()
        assert torch.allclose(layer(x).feats, expected[at[:, 0], :, at[:, 1], at[:, 2], at[:, 3]], atol=1e-5)


def test_one_offset_is_a_product():
    x = tensor(3)
    layer = spnn.Conv3d(3, 5, 1, bias=True)
    assert layer.kernel.shape == (3, 5)
    assert torch.allclose(layer(x).feats, x.feats @ layer.kernel + layer.bias, atol=1e-6)
    assert spnn.Conv3d(3, 5, 1, 2).kernel.shape == (1, 3, 5)


def test_dilation_distinguishes_layers_and_changes_nothing():
    x = tensor(3)
    plain, spread = spnn.Conv3d(3, 4, 3), spnn.Conv3d(3, 4, 3, dilation=2)
    spread.load_state_dict(plain.state_dict())
    assert torch.equal(plain(x).feats, spread(x).feats)
    assert {key[3] for key in x.kmaps} == {(1, 1, 1), (2, 2, 2)}


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2)])
def test_transposed_goes_back(size, stride):
    x = tensor(3)
    down = spnn.Conv3d(3, 4, size, stride)(x)
    layer = spnn.Conv3d(4, 5, size, stride, transposed=True, bias=True)
    found = entries(x.coords, down.coords, make_ntuple(size, 3), (stride,) * 3, (0, 0, 0))
    detached = down._on_same_sites(down.feats.detach())
    y = check_layer(layer, detached, [(u, v, k) for v, u, k in found], len(x.coords))
    assert torch.equal(y.coords, x.coords) and y.stride == (1, 1, 1)
    with pytest.raises(ValueError, match="wants one of kernel size"):
        spnn.Conv3d(4, 5, 4, stride, transposed=True)(down)


def test_layers_share_the_maps_that_travel_with_tensors():
    x = tensor(3)
    y = spnn.Conv3d(3, 3, 3)(x)
    kept = x.kmaps[((1, 1, 1), (3, 3, 3), (1, 1, 1), (1, 1, 1))]
    spnn.Conv3d(3, 3, 3)(spnn.ReLU()(y))
    assert list(x.kmaps.values()) == [kept] and y._caches is x._caches
    assert kept["sizes"] == (90, 90) and kept["out_in_map"].shape == (90, 27)
    assert int(kept["nbsizes"].sum()) == len(kept["nbmaps"]) == int((kept["out_in_map"] >= 0).sum())
    for v, u in kept["nbmaps"][: int(kept["nbsizes"][0])].tolist():
        assert kept["out_in_map"][u, 0] == v
    with pytest.raises(KeyError):
        kept["reorder_loc"]


def test_maps_of_other_coordinates_are_not_taken():
    x = tensor(3)
    spnn.Conv3d(3, 3, 3)(x)
    x.C, x.F = x.C[:50], x.F[:50]
    with pytest.raises(ValueError, match="of other coordinates"):
        spnn.Conv3d(3, 3, 3)(x)


def test_the_other_kernel_map_mode():
    x = tensor(3)
    for size, stride, padding in ((2, 2, 0), (4, 1, 0), (3, 2, 0), (3, 2, 1)):
        layer = spnn.Conv3d(3, 4, size, stride, padding, config=HASHMAP)
        if stride == 1:
            out = x.coords.numpy()
        elif size == stride:
            rows = x.coords.numpy().copy()
            rows[:, 1:] //= stride
            out = np.unique(rows, axis=0)
        else:
            high = [(int(g) + 2 * padding - (size - 1)) // stride + 1 for g in x.coords[:, 1:].max(0).values]
            out = reached(x.coords, (size,) * 3, (stride,) * 3, (padding,) * 3, (0, 0, 0), high)
        found = entries(x.coords, out, (size,) * 3, (stride,) * 3, [-((size - 1) // 2)] * 3)
        fresh = SparseTensor(x.feats, x.coords)
        assert np.array_equal(check_layer(layer, fresh, found, len(out)).coords.numpy(), out)


def test_minkowskis_downsampling():
    config = HASHMAP.copy()
    config.downsample_mode = "minkowski"
    x = tensor(3)
    y = spnn.Conv3d(3, 4, 3, 2, config=config)(x)
    rows = x.coords.numpy().copy()
    rows[:, 1:] //= 2
    assert np.array_equal(y.coords.numpy(), np.unique(rows, axis=0))
    assert torch.equal(F.spdownsample(x.coords, 2, 3, downsample_mode="minkowski"), y.coords)
    with pytest.raises(AssertionError):
        F.spdownsample(x.coords, 2, 3, downsample_mode="other")


def test_a_global_configuration_counts_for_layers_without_one():
    x = tensor(3)
    layer = spnn.Conv3d(3, 4, 2, 2)
    assert len(layer(SparseTensor(x.feats, x.coords)).coords) < len(F.spdownsample(x.coords, 2, 2))
    F.conv_config.set_global_conv_config(HASHMAP)
    try:
        assert torch.equal(layer(SparseTensor(x.feats, x.coords)).coords, F.spdownsample(x.coords, 2, 2))
    finally:
        F.conv_config.clear_global_conv_config()
    F.set_kmap_mode("hashmap")  # kept, and read by nothing
    assert F.get_kmap_mode() == "hashmap" and F.conv_config.get_default_conv_config().kmap_mode == "hashmap_on_the_fly"
    F.set_kmap_mode("hashmap_on_the_fly")
    with pytest.raises(ValueError, match="kmap_mode"):
        spnn.Conv3d(3, 4, 2, 2, config={**HASHMAP, "kmap_mode": "grid"})(SparseTensor(x.feats, x.coords))


def test_ranges():
    x = tensor(3)
    ranged = SparseTensor(x.feats, x.coords, spatial_range=(2, 7, 6, 8))
    y = spnn.Conv3d(3, 4, 3, 2, 1)(ranged)
    assert y.spatial_range == (2, 4, 3, 4)
    out = reached(x.coords, (3, 3, 3), (2, 2, 2), (1, 1, 1), (0, 0, 0), (4, 3, 4))
    assert np.array_equal(y.coords.numpy(), out)
    assert y.dense().shape == (2, 4, 3, 4, 4)
    at = y.coords.long()
    assert torch.equal(y.dense()[at[:, 0], at[:, 1], at[:, 2], at[:, 3]], y.feats)
    with pytest.raises(AssertionError, match="spatial_range"):
        x.dense()
    with pytest.raises(IndexError):
        SparseTensor(x.feats, x.coords, spatial_range=(2, 7, 6, 7)).dense()


def test_negative_coordinates():
    x = tensor(3, low=-3)
    with pytest.raises(ValueError, match="set_allow_negative_coordinates"):
        spnn.Conv3d(3, 4, 3)(x)
    down = spnn.Conv3d(3, 4, 2, 2)(x)
    assert int(down.coords.min()) >= 0
    ts_tensor.set_allow_negative_coordinates(True)
    try:
        fresh = SparseTensor(x.feats, x.coords)
        check_layer(spnn.Conv3d(3, 4, 3), fresh, entries(x.coords, x.coords, (3, 3, 3), (1, 1, 1), (-1, -1, -1)), 90)
        y = spnn.Conv3d(3, 4, 2, 2)(SparseTensor(x.feats, x.coords))
        low, high = x.coords[:, 1:].min(0).values, x.coords[:, 1:].max(0).values
        bounds = [math.trunc((int(a) + 1) / 2) for a in low], [(int(b) - 1) // 2 + 1 for b in high]
        assert np.array_equal(y.coords.numpy(), reached(x.coords, (2,) * 3, (2,) * 3, (0,) * 3, *bounds))
    finally:
        ts_tensor.set_allow_negative_coordinates(False)


def test_generative():
    x = SparseTensor(torch.randn(3, 2), torch.tensor([[0, 0, 1, 2], [1, 3, 0, 0], [0, 2, 2, 2]], dtype=torch.int32),
                     stride=2, spatial_range=(2, 8, 8, 8))  # fmt: skip
    layer = spnn.Conv3d(2, 3, 2, 2, transposed=True, generative=True, config=HASHMAP)
    out = sorted({(b, *(2 * c + d for c, d in zip(at, digit))) for b, *at in x.coords.tolist() for digit in digits((2, 2, 2))})
    place = {tuple(site): u for u, site in enumerate(out)}
    found = []
    for v, (b, *at) in enumerate(x.coords.tolist()):
        for k, digit in enumerate(digits((2, 2, 2))):  # coords * stride = out + offset
            u = place.get((b, *(2 * c - d for c, d in zip(at, digit))))
            if u is not None:
                found.append((v, u, k))
    y = check_layer(layer, x, found, len(out))
    assert y.coords.tolist() == [list(site) for site in out] and y.stride == (1, 1, 1)
    with pytest.raises(ValueError, match="hashmap"):
        spnn.Conv3d(2, 3, 2, 2, transposed=True, generative=True)(x)
    with pytest.raises(AssertionError, match="spatial_range"):
        layer(SparseTensor(x.feats, x.coords, 2))
    with pytest.raises(AssertionError):
        spnn.Conv3d(2, 3, 2, 2, generative=True)


def test_tensors_without_rows():
    x = SparseTensor(torch.zeros(0, 3), torch.zeros(0, 4, dtype=torch.int32))
    assert spnn.Conv3d(3, 4, 3)(x).feats.shape == (0, 4)
    assert spnn.Conv3d(3, 4, 2, 2)(x).coords.shape == (0, 4)


# --- modules ---


def test_first_values_and_names():
    torch.manual_seed(3)
    layer = spnn.Conv3d(3, 4, 3, bias=True)
    torch.manual_seed(3)
    bound = 1 / math.sqrt(3 * 27)
    assert torch.equal(layer.kernel, torch.zeros(27, 3, 4).uniform_(-bound, bound))
    assert torch.equal(layer.bias, torch.zeros(4).uniform_(-bound, bound))
    assert list(layer.state_dict()) == ["kernel", "bias"]
    assert spnn.Conv3d(3, 4, 2, 2, transposed=True).kernel.abs().max() <= 1 / math.sqrt(4 * 8)
    shown = "3, 4, kernel_size=(2, 2, 2), stride=(2, 2, 2), bias=False, transposed=True"
    assert spnn.Conv3d(3, 4, 2, 2, transposed=True).extra_repr() == shown


def test_calls_as_in_the_version_before_are_taken_with_a_warning():
    with pytest.warns(UserWarning, match="as in torchsparse 2.0"):
        layer = spnn.Conv3d(3, 4, 2, 2, 1, False, True)  # stride, dilation, bias, transposed
    assert layer.transposed and layer.bias is None and layer.dilation == 1 and layer.padding == (0, 0, 0)


def test_modules_on_features():
    x = tensor(4)
    assert torch.equal(spnn.ReLU()(x).feats, x.feats.relu())
    assert torch.equal(spnn.LeakyReLU(0.1)(x).feats, torch.nn.functional.leaky_relu(x.feats, 0.1))
    assert torch.equal(spnn.SiLU()(x).feats, torch.nn.functional.silu(x.feats))
    assert torch.equal(F.relu(x, inplace=False).feats, x.feats.relu())
    norm, plain = spnn.BatchNorm(4), torch.nn.BatchNorm1d(4)
    assert torch.equal(norm(x).feats, plain(x.feats)) and norm.state_dict().keys() == plain.state_dict().keys()
    grouped = spnn.GroupNorm(2, 4)(x)
    for batch in (0, 1):
        rows = x.coords[:, 0] == batch
        expected = torch.nn.functional.group_norm(x.feats[rows].t()[None], 2)[0].t()
        assert torch.allclose(grouped.feats[rows], expected, atol=1e-6)
        assert torch.allclose(spnn.GlobalAvgPool()(x)[batch], x.feats[rows].mean(0), atol=1e-6)
        assert torch.equal(spnn.GlobalMaxPool()(x)[batch], x.feats[rows].max(0).values)
    cropped = spnn.SparseCrop((1, 0, 2), (5, 6, 7))(x)
    place = cropped.coords[:, 1:]
    assert (place >= torch.tensor([1, 0, 2])).all() and (place < torch.tensor([5, 6, 7])).all()
    assert len(place) == sum(1 <= a < 5 and 0 <= b < 6 and 2 <= c < 7 for _, a, b, c in x.coords.tolist())
    with pytest.raises(NotImplementedError, match="last column"):
        spnn.ToBEVReduction()


def test_operators():
    x = tensor(3)
    both = torchsparse.cat([x, x + x])
    assert torch.equal(both.feats, torch.cat([x.feats, 2 * x.feats], 1)) and both._caches is x._caches
    y = tensor(3, seed=5, count=40)
    total = torchsparse.generative_add(x, y)
    summed = {tuple(row): feats for row, feats in zip(x.coords.tolist(), x.feats)}
    for row, feats in zip(y.coords.tolist(), y.feats):
        summed[tuple(row)] = summed.get(tuple(row), 0) + feats
    assert [tuple(row) for row in total.coords.tolist()] == sorted(summed)
    assert torch.allclose(total.feats, torch.stack([summed[row] for row in sorted(summed)]))


def test_tensors_are_pairs_of_tensors():
    x = tensor(3)
    assert x.F is x.feats and x.C is x.coords and x.s == (1, 1, 1)
    x.F = x.F.clone()
    x.s = 2
    assert x.stride == (2, 2, 2) and x.half().feats.dtype == torch.float16 and x.cpu() is x and x.detach() is x
    points = PointTensor(torch.ones(2, 3), torch.zeros(2, 4)) + PointTensor(torch.ones(2, 3), torch.zeros(2, 4))
    assert torch.equal(points.F, 2 * torch.ones(2, 3)) and points.additional_features["counts"] == {}
    tensor_cache.set_tensor_cache_mode(tensor_cache.TensorCacheMode.GLOBAL_TENSOR_CACHE)
    try:
        assert tensor(3)._caches is tensor(3)._caches
    finally:
        tensor_cache.set_tensor_cache_mode(tensor_cache.TensorCacheMode.SEPARATE_TENSOR_CACHE)
        tensor_cache.clear_global_tensor_cache()


def test_networks_train():
    x = tensor(4, shape=(40, 40, 40), count=600)
    network = SparseResUNet42(in_channels=4, width_multiplier=0.25)
    outputs = network(x)
    assert [y.stride[0] for y in outputs] == [1, 2, 4, 8, 16, 8, 4, 2, 1]
    assert torch.equal(outputs[-1].coords, x.coords)
    outputs[-1].feats.square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    fresh = SparseTensor(x.feats, x.coords)
    assert [y.stride for y in SparseResNet21D()(fresh)][-1] == (8, 16, 8)


# --- points ---


def fnv(row):
    hashed = 14695981039346656037
    for number in row:
        hashed = ((hashed ^ (int(number) & 0xFFFFFFFF)) * 1099511628211) % 2**64
    return (hashed >> 60) ^ (hashed & 0xFFFFFFFFFFFFFFF)


def test_hashes():
    rows = torch.tensor([[0, 1, 2, 3], [-4, 5, -6, 7]], dtype=torch.int32)
    assert F.sphash(rows).tolist() == [fnv(row) for row in rows.tolist()]
    offsets = spnn.utils.get_kernel_offsets(2)
    hashed = F.sphash(rows, offsets)
    for k, offset in enumerate(offsets.tolist()):
        moved = [[a + d for a, d in zip(row[:3], offset)] + row[3:] for row in rows.tolist()]
        assert hashed[k].tolist() == [fnv(row) for row in moved]
    known = F.sphash(sites(count=50))
    asked = torch.cat([known.flip(0), torch.tensor([17])]).reshape(3, 17)
    assert F.sphashquery(asked, known).tolist() == [[*range(49, 32, -1)], [*range(32, 15, -1)], [*range(15, -1, -1), -1]]
    assert F.sphashquery(torch.tensor([4, 5]), torch.tensor([5, 5, 4])).tolist() == [2, 0]
    assert F.sphashquery(torch.tensor([4]), torch.zeros(0, dtype=torch.int64)).tolist() == [-1]
    with pytest.raises(AssertionError):
        F.sphash(rows.long())


def test_kernel_offsets():
    assert spnn.utils.get_kernel_offsets(3)[:4].tolist() == [[-1, -1, -1], [0, -1, -1], [1, -1, -1], [-1, 0, -1]]
    assert spnn.utils.get_kernel_offsets(2)[:3].tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert spnn.utils.get_kernel_offsets((1, 4, 1), stride=2)[:, 1].tolist() == [-2, 0, 2, 4]
    assert F.convert_transposed_out_in_map(torch.tensor([[1, -1], [0, 1]]), 2).tolist() == [[1, -1], [0, 1]]


def test_voxels_of_points_and_back():
    rng = np.random.default_rng(0)
    feats = torch.from_numpy(rng.standard_normal((30, 3)).astype(np.float32)).requires_grad_()
    voxel = torch.from_numpy(rng.integers(-1, 5, 30))
    counts = F.spcount(voxel.int(), 6)
    assert counts.tolist() == [int((voxel == v).sum()) for v in range(6)] and counts.dtype == torch.int32
    means = F.spvoxelize(feats, voxel, counts)
    assert means.shape == (6, 3) and (means[5] == 0).all()
    for v in range(5):
        assert torch.allclose(means[v], feats[voxel == v].mean(0), atol=1e-6)
    means.sum().backward()
    shares = torch.where(voxel < 0, torch.tensor(0.0), 1 / counts[voxel.clamp(min=0)].clamp(min=1))
    assert torch.allclose(feats.grad, shares[:, None].expand(-1, 3))

    corners = torch.from_numpy(rng.integers(-1, 6, (10, 8))).int()
    weights = torch.from_numpy(rng.random((10, 8)).astype(np.float32))
    table = means.detach().clone().requires_grad_()
    got = F.spdevoxelize(table, corners, weights)
    used = torch.where(corners < 0, torch.tensor(0.0), weights)
    expected = torch.einsum("nk,nkc->nc", used, table.detach()[corners.clamp(min=0).long()])
    assert torch.allclose(got, expected, atol=1e-6)
    got.sum().backward()
    total = torch.zeros(6).index_add(0, corners.clamp(min=0).long().reshape(-1), used.reshape(-1))
    assert torch.allclose(table.grad, total[:, None].expand(-1, 3), atol=1e-5)


@pytest.mark.parametrize("scale", [1, 4])
def test_trilinear_weights(scale):
    points = torch.from_numpy(np.random.default_rng(0).uniform(0, 9, (20, 4)).astype(np.float32))
    found = torch.from_numpy(np.random.default_rng(1).integers(-1, 5, (8, 20)))
    got = F.calc_ti_weights(points, found, scale)
    for n in range(20):
        part = [points[n, axis].item() / scale % 1 for axis in range(3)]
        raw = []
        for corner in range(8):
            bits = [corner >> (2 - axis) & 1 for axis in range(3)]
            raw.append(math.prod(p if bit else 1 - p for p, bit in zip(part, bits)) if found[corner, n] >= 0 else 0.0)
        assert np.allclose(got[:, n].numpy(), np.array(raw) / (sum(raw) + 1e-8), atol=1e-5)


def test_quantizes():
    points = np.random.default_rng(0).uniform(-3, 3, (200, 3))
    cells, index, inverse = sparse_quantize(points, 0.5, return_index=True, return_inverse=True)
    floored = np.floor(points / 0.5).astype(np.int32)
    assert np.array_equal(cells, np.unique(floored, axis=0)) and cells.dtype == np.int32
    assert np.array_equal(floored[index], cells) and np.array_equal(cells[inverse], floored)
    assert all(index[c] == np.nonzero(inverse == c)[0][0] for c in range(len(cells)))
    assert np.array_equal(sparse_quantize(points, (0.5, 0.5, 0.5)), cells)
    assert len(sparse_quantize(np.zeros((0, 3)))) == 0
    with pytest.raises(AssertionError):
        sparse_quantize(points, (1, 2))
    with pytest.raises(ValueError, match="far apart"):
        sparse_quantize(np.array([[-2e9] * 3, [2e9] * 3]))


def test_collates():
    scenes = [SparseTensor(np.ones((n, 2), np.float32) * n, np.full((n, 3), n, np.int32)) for n in (2, 3)]
    batch = sparse_collate(scenes)
    assert batch.coords.tolist() == [[0, 2, 2, 2]] * 2 + [[1, 3, 3, 3]] * 3 and batch.feats.shape == (5, 2)
    collated = sparse_collate_fn([{"x": s, "n": np.arange(2), "t": torch.ones(1), "d": {"k": k}} for k, s in enumerate(scenes)])
    assert collated["x"].coords.shape == (5, 4) and collated["n"].shape == (2, 2) and collated["d"] == {"k": [0, 1]}
    with pytest.raises(AssertionError):
        sparse_collate([scenes[0], SparseTensor(scenes[1].feats, scenes[1].coords, 2)])
    assert make_divisible(129, 128) == 256 and make_ntuple(torch.tensor([1, 2, 3]), 3) == (1, 2, 3)


def test_installs_under_the_librarys_own_name():
    code = """
import voxloom.compat
voxloom.compat.install("torchsparse")
import torchsparse, torchsparse.nn as spnn, torchsparse.nn.functional as F
from torchsparse import PointTensor, SparseTensor
from torchsparse.nn.utils import fapply, get_kernel_offsets
from torchsparse.utils.collate import sparse_collate_fn
from torchsparse.utils.quantize import sparse_quantize
from torchsparse.nn.modules.conv import Conv3d
torchsparse.backends.benchmark = True
assert torchsparse.__version__ == "2.1.0" and spnn.Conv3d is Conv3d
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
