"""Tensors, fields, coordinate managers and what moves between them, of the MinkowskiEngine drop-in."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minkowski_oracle as oracle  # noqa: E402
import voxloom.compat.MinkowskiEngine as ME  # noqa: E402
from test_compat_minkowski_layers import close, make_tensor  # noqa: E402

Mode = ME.SparseTensorQuantizationMode
DOUBLED = torch.IntTensor([[0, 1], [0, 1], [0, 2], [0, 2], [1, 0], [1, 0], [1, 1]])
VALUES = torch.FloatTensor([[0, 1, 2, 3, 5, 6, 7]]).T


# --- making them ---


@pytest.mark.parametrize("mode, expected", [
    (Mode.RANDOM_SUBSAMPLE, [0, 2, 5, 7]), (Mode.UNWEIGHTED_AVERAGE, [0.5, 2.5, 5.5, 7]),
    (Mode.UNWEIGHTED_SUM, [1, 5, 11, 7]), (Mode.MAX_POOL, [1, 3, 6, 7])])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_that_repeat(mode, expected, dtype):
    values = VALUES.clone().to(dtype).requires_grad_()
    x = ME.SparseTensor(values, DOUBLED, quantization_mode=mode)
    assert x.F.flatten().tolist() == expected
    assert oracle.tuples(x.C) == [(0, 1), (0, 2), (1, 0), (1, 1)]  # as they first appear
    assert torch.equal(DOUBLED[x.unique_index], x.C) and torch.equal(x.C[x.inverse_mapping], DOUBLED)
    x.F.sum().backward()
    share = {Mode.UNWEIGHTED_AVERAGE: 4, Mode.UNWEIGHTED_SUM: 7}.get(mode, 4)
    assert values.grad.sum() == share
    field = x.slice(x) if mode in (Mode.RANDOM_SUBSAMPLE, Mode.UNWEIGHTED_AVERAGE) else None
    assert field is None or field.F.flatten().tolist() == [expected[i] for i in (0, 0, 1, 1, 2, 2, 3)]


def test_rows_stay_where_the_caller_put_them():
    x = make_tensor(3, 2, 1)
    again = ME.SparseTensor(x.F, x.C)
    assert torch.equal(again.C, x.C) and torch.equal(again.F, x.F)
    assert torch.equal(x.coordinate_manager.get_coordinates(x.coordinate_map_key), x.C)
    again.F.add_(1)
    assert not torch.equal(again.F, x.F)  # the tensor's rows are its own


def test_many_rows_that_repeat_against_numpy():
    rng = np.random.default_rng(0)
    for dimension, low in itertools.product((1, 2, 3, 4, 5), (0, -3)):
        rows = np.concatenate([rng.integers(0, 2, (500, 1)), rng.integers(low, 3, (500, dimension))], 1)
        rows = rows.astype(np.int32)
        first, inverse = ME.utils.unique_coordinate_map(torch.from_numpy(rows))
        _, expected = np.unique(rows, axis=0, return_index=True)
        assert first.tolist() == sorted(expected)
        assert (rows[first][inverse] == rows).all()


def test_negative_batches_and_wild_rows_are_rows_too():
    rows = torch.IntTensor([[-7, 2**31 - 1, -(2**31), 5], [3, 0, 0, 1], [-7, 2**31 - 1, -(2**31), 5]])
    x = ME.SparseTensor(torch.ones(3, 1), rows, tensor_stride=4)
    assert oracle.tuples(x.C) == [(-7, 2**31 - 1, -(2**31), 5), (3, 0, 0, 1)]
    assert ME.MinkowskiConvolution(1, 1, 3, dimension=3)(x).F.shape == (2, 1)


def test_tensors_without_rows():
    x = ME.SparseTensor(torch.zeros(0, 3), torch.zeros(0, 4, dtype=torch.int32))
    for layer in (ME.MinkowskiConvolution(3, 2, 3, 2, dimension=3), ME.MinkowskiMaxPooling(2, 2, dimension=3),
                  ME.MinkowskiSumPooling(3, 2, dimension=3), ME.MinkowskiLinear(3, 2), ME.MinkowskiReLU()):
        assert len(layer(x)) == 0
    assert x.dense(torch.Size([2, 3, 4, 4, 4]))[0].shape == (2, 3, 4, 4, 4)
    assert len(ME.to_sparse(torch.zeros(2, 1, 3, 3))) == 0


def test_coordinates_that_are_no_int32_are_floored_with_a_word():
    with pytest.warns(UserWarning, match="implicitly converted"):
        x = ME.SparseTensor(torch.ones(2, 1), torch.tensor([[0.0, -0.5], [0.0, 1.5]]))
    assert oracle.tuples(x.C) == [(0, -1), (0, 1)]


def test_views_of_a_tensor():
    coords = torch.IntTensor([[2, 0], [0, 0], [0, 1], [0, 2], [2, 2]])
    x = ME.SparseTensor(torch.arange(5.0).unsqueeze(1), coords)
    assert [len(c) for c in x.decomposed_coordinates] == [3, 0, 2]
    assert [f.flatten().tolist() for f in x.decomposed_features] == [[1, 2, 3], [], [0, 4]]
    assert [rows.tolist() for rows in x.decomposition_permutations] == [[1, 2, 3], [], [0, 4]]
    assert x.coordinates_at(2).tolist() == [[0], [2]] and x.features_at(0).flatten().tolist() == [1, 2, 3]
    c, f = x.coordinates_and_features_at(2)
    assert c.tolist() == [[0], [2]] and f.flatten().tolist() == [0, 4]
    assert (x.D, x.dimension, len(x), x.shape, x.size(), x.dtype, x.tensor_stride) == (
        1, 1, 5, (5, 1), (5, 1), torch.float32, [1])
    assert x.double().dtype == torch.float64 and x.float().dtype == torch.float32
    assert "coordinate_map_key=coordinate map key:[1]" in repr(x)
    for name in ("C", "coordinates", "D", "dimension", "tensor_stride"):
        with pytest.raises(SyntaxError):
            setattr(x, name, 1)


def test_arithmetic():
    a = make_tensor(2, 3, 1)
    b = a._with(torch.rand_like(a.F) + 1)
    for name in ("add", "sub", "mul", "truediv"):
        operator = getattr(torch.Tensor, f"__{name}__")
        close(getattr(a, f"__{name}__")(b).F, operator(a.F, b.F).numpy())
        close(getattr(a, f"__{name}__")(2.0).F, operator(a.F, 2.0).numpy())
        close(getattr(a, f"__{name}__")(b.F).F, operator(a.F, b.F).numpy())
        own = a._with(a.F.clone())
        assert getattr(own, f"__i{name}__")(b) is own
        close(own.F, operator(a.F, b.F).numpy())
    close((a**2).F, (a.F**2).numpy())


@pytest.mark.parametrize("dimension", [1, 3, 4])
def test_arithmetic_over_the_union(dimension):
    a = make_tensor(dimension, 2, 1)
    b = make_tensor(dimension, 2, 2)
    b = ME.SparseTensor(b.F, b.C, coordinate_manager=a.coordinate_manager)
    mine, theirs = (dict(zip(oracle.tuples(t.C), t.F.tolist())) for t in (a, b))
    for name, combine in (("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("truediv", np.divide)):
        y = getattr(a, f"__{name}__")(b)
        assert oracle.tuples(y.C) == list(dict.fromkeys([*oracle.tuples(a.C), *oracle.tuples(b.C)]))
        expected = [combine(mine.get(c, [0, 0]), theirs[c]) if c in theirs else mine[c] for c in oracle.tuples(y.C)]
        close(y.F, np.array(expected))
    total = ME.MinkowskiUnion()(a, b, a)
    expected = [2 * np.array(mine.get(c, [0, 0])) + np.array(theirs.get(c, [0, 0])) for c in oracle.tuples(total.C)]
    close(total.F, np.array(expected))
    assert len({str(t.coordinate_map_key) for t in (y, total, a, b)}) == 4
    a.F.requires_grad_()
    ME.MinkowskiUnion()(a, b).F.sum().backward()
    assert torch.equal(a.F.grad, torch.ones_like(a.F))


def test_cat_and_statistics_of_tensors():
    a = make_tensor(3, 2, 1)
    b, c = a._with(torch.rand_like(a.F)), a._with(torch.rand_like(a.F))
    stacked = torch.stack([a.F, b.F, c.F])
    for tensors in ((a, b, c), ([a, b, c],)):
        assert torch.equal(ME.cat(*tensors).F, torch.cat([a.F, b.F, c.F], 1))
        close(ME.sum(*tensors).F, stacked.sum(0).numpy())
        close(ME.mean(*tensors).F, stacked.mean(0).numpy())
        close(ME.var(*tensors).F, stacked.var(0, unbiased=False).numpy())
    for stack, expected in ((ME.MinkowskiStackCat, torch.cat([a.F, a.F], 1)), (ME.MinkowskiStackSum, 2 * a.F),
                            (ME.MinkowskiStackMean, a.F), (ME.MinkowskiStackVar, torch.zeros_like(a.F))):
        close(stack(torch.nn.Identity(), torch.nn.Identity())(a).F, expected.numpy())


def test_dense():
    x = make_tensor(2, 2, 3, tensor_stride=2)
    low = torch.IntTensor([-8, -8])
    dense, least, stride = x.dense(min_coordinate=low)
    assert least.tolist() == [[-8, -8]] and stride.tolist() == [2, 2]
    for (batch, i, j), features in zip(oracle.tuples(x.C), x.F):
        assert torch.equal(dense[batch, :, (i + 8) // 2, (j + 8) // 2], features)
    assert (dense.abs().sum(1) > 0).sum() == len(x)
    assert x.dense(torch.Size([2, 9, 20, 20]), low, contract_stride=False)[0].shape == (2, 2, 20, 20)
    with pytest.raises(ValueError, match="negative value"):
        x.dense()
    positive = ME.SparseTensor(x.F, x.C - x.C.min(), tensor_stride=1)
    assert torch.equal(positive.dense()[0], positive.dense(min_coordinate=0)[0])
    sparse, _, _ = x.sparse(low, torch.IntTensor([10, 10]))
    assert torch.equal(sparse.to_dense()[:, :9, :9].permute(0, 3, 1, 2), x.dense(sparse_shape(x), low)[0])
    before = x.C.clone()
    x.sparse()
    assert torch.equal(x.C, before)


def sparse_shape(x):
    return torch.Size([2, x.F.shape[1], 9, 9])


def test_dense_to_sparse():
    cells = torch.rand(2, 3, 4, 5)
    cells[0, :, 1] = 0
    x = ME.to_sparse(cells)
    assert len(x) == 2 * 4 * 5 - 5
    assert torch.equal(x.dense(cells.shape)[0], cells)
    assert ME.to_sparse(cells, format="BXXC").F.shape[1] == 5
    everything = ME.MinkowskiToSparseTensor(False, ME.dense_coordinates(cells.shape))(cells)
    assert len(everything) == 40 and torch.equal(ME.MinkowskiToDenseTensor(cells.shape)(everything), cells)
    assert torch.equal(ME.MinkowskiToFeature()(x), x.F)
    assert len(ME.MinkowskiToSparseTensor()(cells)) == len(x)


# --- managers ---


def test_manager():
    manager = ME.CoordinateManager(D=1)
    key, (first, inverse) = manager.insert_and_map(DOUBLED, [1])
    assert torch.equal(DOUBLED[first][inverse], DOUBLED)
    assert key.get_key() == ([1], "") and key.get_coordinate_size() == 2 and key.is_key_set()
    other, _ = manager.insert_and_map(DOUBLED, [1])
    assert other != key and other.get_tensor_stride() == [1]
    assert manager.stride(key, 1) == key
    coarse = manager.stride(key, [4])
    assert sorted(oracle.tuples(manager.get_coordinates(coarse))) == [(0, 0), (1, 0)]
    assert manager.stride(key, 4) == coarse and manager.stride(key, 4, "mine").get_key() == ([4], "mine")
    assert manager.size(key) == 4 and torch.equal(manager.get_coordinates(1), manager.get_coordinates(key))
    rows, cells = manager.stride_map(key, coarse)
    assert rows.tolist() == [0, 1, 2, 3]
    assert [oracle.tuples(manager.get_coordinates(coarse))[c][0] for c in cells] == [0, 0, 1, 1]
    assert manager.origin().get_tensor_stride() == [0] and manager.number_of_unique_batch_indices() == 2
    batches, by_batch = manager.origin_map(key)
    assert batches.tolist() == [0, 1] and [r.tolist() for r in by_batch] == [[0, 1], [2, 3]]
    unused = manager.get_unique_coordinate_map_key([1])
    assert unused[0] == [1] and ME.CoordinateMapKey(*unused) not in (key, other)
    assert "CoordinateMapCPU:4x2" in repr(manager)


def test_negative_coordinates_are_floored():
    manager = ME.CoordinateManager(D=1)
    rows = torch.IntTensor([[0, c] for c in range(-3, 4)])
    key, _ = manager.insert_and_map(rows, 1)
    assert sorted(oracle.tuples(manager.get_coordinates(manager.stride(key, 2)))) == [(0, -4), (0, -2), (0, 0), (0, 2)]
    wide = torch.IntTensor([[0, 2**24 + 1], [0, 2**24 + 3]])  # where float32 has no odd numbers
    key, _ = manager.insert_and_map(wide, 1)
    assert oracle.tuples(manager.get_coordinates(manager.stride(key, 3))) == [(0, 2**24 - 1), (0, 2**24 + 2)]


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
@pytest.mark.parametrize("is_pool", [False, True])
@pytest.mark.parametrize("size, stride", [(3, 1), (3, 2), (2, 2), (4, 2)])
def test_kernel_maps(dimension, is_pool, size, stride):
    x = make_tensor(dimension, 1, 4)
    manager, key = x.coordinate_manager, x.coordinate_map_key
    coarse = manager.stride(key, stride)
    ins, outs = oracle.tuples(x.C), oracle.tuples(manager.get_coordinates(coarse))
    if is_pool and size == stride:
        expected = oracle.cells(ins, outs, [stride] * dimension)
    else:
        expected = oracle.entries(ins, outs, oracle.box([size] * dimension), [1] * dimension)
    found = manager.kernel_map(key, coarse, stride, size, is_pool=is_pool)
    assert {(i, o, k) for k, pairs in found.items() for i, o in pairs.t().tolist()} == set(expected)
    assert all(pairs.dtype == torch.int32 for pairs in found.values())
    swapped = manager.kernel_map(coarse, key, stride, size, is_transpose=True, is_pool=is_pool)
    assert {(o, i, k) for k, pairs in swapped.items() for i, o in pairs.t().tolist()} == set(expected)
    with pytest.warns(UserWarning, match="kernel_map"):
        assert manager.get_kernel_map(1, [stride] * dimension, stride, size).keys() == manager.kernel_map(
            1, [stride] * dimension, stride, size).keys()


def test_a_kernel_map_is_made_once():
    x = make_tensor(3, 1, 5)
    layers = [ME.MinkowskiConvolution(1, 1, 3, dimension=3).double() for _ in range(3)]
    y = layers[2](layers[1](layers[0](x)))
    assert y.coordinate_map_key == x.coordinate_map_key
    assert len(x.coordinate_manager._manager._kernel_maps) == 1


def test_shared_managers():
    try:
        ME.set_sparse_tensor_operation_mode(ME.SparseTensorOperationMode.SHARE_COORDINATE_MANAGER)
        assert ME.sparse_tensor_operation_mode() == ME.SparseTensorOperationMode.SHARE_COORDINATE_MANAGER
        a, b = make_tensor(2, 2, 1), make_tensor(2, 2, 2)
        assert a.coordinate_manager is b.coordinate_manager is ME.global_coordinate_manager()
        a.requires_grad_(True)
        (a + b).F.sum().backward()
        assert torch.equal(a.F.grad, torch.ones_like(a.F))
        ME.clear_global_coordinate_manager()
        assert ME.global_coordinate_manager() is None
    finally:
        ME.set_sparse_tensor_operation_mode(ME.SparseTensorOperationMode.SEPARATE_COORDINATE_MANAGER)
        ME.clear_global_coordinate_manager()
    assert make_tensor(2, 1).coordinate_manager is not make_tensor(2, 1).coordinate_manager


# --- rows that come and go ---


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pruning(dtype):
    x = make_tensor(3, 2, 6, dtype=dtype)
    x.F.requires_grad_()
    mask = torch.arange(len(x)) % 3 != 0
    y = ME.MinkowskiPruning()(x, mask)
    assert torch.equal(y.C, x.C[mask]) and torch.equal(y.F, x.F[mask])
    assert y.tensor_stride == x.tensor_stride and y.coordinate_map_key.get_key()[1].startswith("pruned")
    y.F.sum().backward()
    assert torch.equal(x.F.grad, mask.unsqueeze(1).to(dtype).expand_as(x.F))
    assert ME.MinkowskiPruning()(x, mask).coordinate_map_key != y.coordinate_map_key
    with pytest.warns(UserWarning, match="empty"):
        assert len(ME.MinkowskiPruning()(x, torch.zeros(len(x), dtype=torch.bool))) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mode", ["Sum", "Avg", "Max"])
def test_global_pools_and_broadcasts(mode, dtype):
    x = make_tensor(3, 2, 7, batches=3, dtype=dtype)
    y = getattr(ME, f"MinkowskiGlobal{mode}Pooling")()(x)
    assert oracle.tuples(y.C) == [(b, 0, 0, 0) for b in range(3)] and y.tensor_stride == [0, 0, 0]
    reduction = {"Sum": torch.sum, "Avg": torch.mean, "Max": torch.amax}[mode]
    rows = [reduction(x.F[x.C[:, 0] == b], 0) for b in range(3)]
    close(y.F, torch.stack(rows).double().numpy(), 1e-6)
    spread = torch.stack([rows[b] for b in x.C[:, 0]])
    for layer, expected in ((ME.MinkowskiBroadcast(), spread), (ME.MinkowskiBroadcastAddition(), x.F + spread),
                            (ME.MinkowskiBroadcastMultiplication(), x.F * spread),
                            (ME.MinkowskiBroadcastConcatenation(), torch.cat([x.F, spread], 1))):
        got = layer(x, y)
        assert got.coordinate_map_key == x.coordinate_map_key
        close(got.F, expected.double().numpy(), 1e-6)


def test_one_row_for_each_batch_is_no_special_case():
    x = ME.SparseTensor(torch.rand(2, 3), torch.IntTensor([[1, 5], [0, 3]]))
    y = ME.MinkowskiGlobalAvgPooling()(x)
    assert torch.equal(y.F, x.F[[1, 0]])


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
@pytest.mark.parametrize("tensor_stride", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_interpolation(dimension, tensor_stride, dtype):
    x = make_tensor(dimension, 2, 8, tensor_stride=tensor_stride, dtype=dtype)
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.integers(0, 2, (40, 1)), rng.uniform(-4, 4, (40, dimension)) * tensor_stride], 1)
    points[:5, 1:] = np.round(points[:5, 1:])
    points = torch.from_numpy(points).to(dtype)
    at = dict(zip(oracle.tuples(x.C), x.F.double().numpy()))
    expected = np.zeros((40, 2))
    for i, point in enumerate(points.double().numpy()):
        low = np.floor(point[1:] / tensor_stride) * tensor_stride
        for corner in itertools.product((0, tensor_stride), repeat=dimension):
            voxel = low + corner
            weight = np.prod(1 - np.abs(point[1:] - voxel) / tensor_stride)
            expected[i] += weight * at.get((int(point[0]), *voxel.astype(int)), np.zeros(2))
    y, (rows, samples), weights = ME.MinkowskiInterpolation(True, True)(x, points)
    close(y, expected, 1e-5)
    assert torch.equal(ME.MinkowskiInterpolation()(x, points), y)
    assert torch.equal(x.features_at_coordinates(points), y)
    again = torch.zeros_like(y).index_add_(0, samples.long(), x.F[rows.long()] * weights.unsqueeze(1))
    close(again, expected, 1e-5)
    assert torch.autograd.gradcheck(lambda f: ME.MinkowskiInterpolation()(x._with(f), points.double()),
                                    (x.F.double().requires_grad_(),), fast_mode=True)


# --- fields ---


@pytest.mark.parametrize("mode, expected", [
    (Mode.RANDOM_SUBSAMPLE, [0, 2, 5, 7]), (Mode.UNWEIGHTED_AVERAGE, [0.5, 2.5, 5.5, 7]),
    (Mode.UNWEIGHTED_SUM, [1, 5, 11, 7]), (Mode.MAX_POOL, [1, 3, 6, 7])])
def test_field_to_voxels_and_back(mode, expected):
    points = DOUBLED + torch.tensor([0, 0.25])
    field = ME.TensorField(VALUES, points, quantization_mode=mode)
    assert len(field) == 7 and torch.equal(field.C, points)
    x = field.sparse()
    assert x.F.flatten().tolist() == expected
    assert field.inverse_mapping(x.coordinate_map_key).tolist() == [0, 0, 1, 1, 2, 2, 3]
    if mode in (Mode.RANDOM_SUBSAMPLE, Mode.UNWEIGHTED_AVERAGE):
        back = x.slice(field)
        assert isinstance(back, ME.TensorField) and back.F.flatten().tolist() == [expected[i] for i in
                                                                                  (0, 0, 1, 1, 2, 2, 3)]
        both = x.cat_slice(field)
        assert torch.equal(both.F, torch.cat([back.F, field.F], 1))
    assert field.sparse(tensor_stride=2).tensor_stride == [2]


def test_slice_through_strides():
    """Each point reads its voxel, whatever the order of rows on the way."""
    rng = np.random.default_rng(0)
    points = torch.from_numpy(np.concatenate([rng.integers(0, 2, (300, 1)), rng.uniform(-9, 9, (300, 3))], 1)).float()
    field = ME.TensorField(torch.rand(300, 2), points)
    x = field.sparse()
    coarse = ME.MinkowskiSumPooling(2, 2, dimension=3)(ME.MinkowskiSumPooling(2, 2, dimension=3)(x))
    back = coarse.slice(field)
    at = dict(zip(oracle.tuples(coarse.C), coarse.F))
    voxels = oracle.strided([(int(p[0]), *np.floor(p[1:].numpy()).astype(int)) for p in points], [4] * 3)
    assert set(voxels) == set(at)
    for point, features in zip(points, back.F):
        cell = oracle.strided([(int(point[0]), *np.floor(point[1:].numpy()).astype(int))], [4] * 3)[0]
        assert torch.equal(at[cell], features)


def test_field_onto_a_map_that_is_there():
    field = ME.TensorField(VALUES, DOUBLED + torch.tensor([0, 0.5]))
    x = field.sparse()
    other = ME.TensorField(VALUES * 2, field.C, coordinate_manager=field.coordinate_manager)
    y = other.sparse(coordinate_map_key=x.coordinate_map_key)
    assert y.coordinate_map_key == x.coordinate_map_key and torch.equal(y.F, 2 * x.F)
    assert other.inverse_mapping(x.coordinate_map_key).tolist() == [0, 0, 1, 1, 2, 2, 3]
    rows, points = field.coordinate_manager.field_to_sparse_map(field.coordinate_field_map_key, x.coordinate_map_key)
    assert rows.tolist() == [0, 0, 1, 1, 2, 2, 3] and points.tolist() == list(range(7))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_splat_and_interpolate(dtype):
    points = torch.tensor([[0, 0.25, 1.5], [0, 3.0, 2.0], [1, -0.5, 0.75]])
    features = torch.tensor([[1.0], [2.0], [4.0]], dtype=dtype)
    field = ME.TensorField(features, points)
    x = field.splat()
    at = {c: f.item() for c, f in zip(oracle.tuples(x.C), x.F)}
    assert at[0, 0, 1] == pytest.approx(0.75 * 0.5) and at[0, 3, 2] == pytest.approx(2)
    assert sum(at.values()) == pytest.approx(7)
    assert ME.TensorField is type(x.interpolate(field))
    assert x.interpolate(field).F[1].item() == pytest.approx(2)


def test_fields_through_layers():
    field = ME.TensorField(torch.rand(50, 3), torch.rand(50, 4).mul(4).floor() + torch.rand(50, 4) * 0.5)
    network = torch.nn.Sequential(ME.MinkowskiLinear(3, 8), ME.MinkowskiBatchNorm(8), ME.MinkowskiReLU(),
                                  ME.MinkowskiToSparseTensor(), ME.MinkowskiConvolution(8, 4, 3, 2, dimension=3))
    assert network(field).F.shape[1] == 4
    pooled = ME.MinkowskiGlobalMaxPooling()(field)
    batch = field.C[:, 0].int()
    close(pooled.F, np.stack([field.F[batch == b].amax(0).numpy() for b in torch.unique(batch)]))
    assert torch.equal((field + field).F, 2 * field.F) and torch.equal((field * 2).F, 2 * field.F)
    assert torch.equal(ME.cat(field, field).F, torch.cat([field.F] * 2, 1))
    assert sum(len(f) for f in field.decomposed_features) == 50
