"""Norms, activations, utilities and whole modules of the MinkowskiEngine drop-in."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import voxloom.compat.MinkowskiEngine as ME  # noqa: E402
from test_compat_minkowski_layers import close, make_tensor  # noqa: E402


# --- norms, activations ---


def test_batch_norm_is_torchs():
    x = make_tensor(3, 4, 9, dtype=torch.float32)
    ours, theirs = ME.MinkowskiBatchNorm(4, momentum=0.3), torch.nn.BatchNorm1d(4, momentum=0.3)
    assert list(ours.state_dict()) == ["bn." + name for name in theirs.state_dict()]
    for _ in range(3):
        torch.testing.assert_close(ours(x).F, theirs(x.F))
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()["bn." + name], value)
    torch.testing.assert_close(ours.eval()(x).F, theirs.eval()(x.F))
    cumulative, expected = ME.MinkowskiBatchNorm(4, momentum=None), torch.nn.BatchNorm1d(4, momentum=None)
    for scale in (1, 2, 3):
        cumulative(x * scale), expected(x.F * scale)
    torch.testing.assert_close(cumulative.bn.running_var, expected.running_var)
    with pytest.raises(ValueError, match="more than 1 value"):
        ours.train()(ME.SparseTensor(torch.ones(1, 4), torch.zeros(1, 4, dtype=torch.int32)))


def test_sync_batch_norm_of_one_process():
    x = make_tensor(3, 4, 9, dtype=torch.float32)
    network = torch.nn.Sequential(ME.MinkowskiBatchNorm(4), torch.nn.Sequential(ME.MinkowskiBatchNorm(4)))
    expected = network(x).F
    for norm in network.modules():
        if isinstance(norm, ME.MinkowskiBatchNorm):
            norm.bn.reset_running_stats()
    converted = ME.MinkowskiSyncBatchNorm.convert_sync_batchnorm(network)
    assert sum(isinstance(m, ME.MinkowskiSyncBatchNorm) for m in converted.modules()) == 2
    torch.testing.assert_close(converted(x).F, expected)
    assert converted.eval()(x).F.shape == expected.shape


@pytest.mark.parametrize("layer", [ME.MinkowskiInstanceNorm, ME.MinkowskiStableInstanceNorm])
def test_instance_norms(layer):
    x = make_tensor(3, 4, 10)
    y = layer(4).double()(x)
    for batch in range(2):
        rows = x.F[x.C[:, 0] == batch]
        eps = 1e-6 if layer is ME.MinkowskiStableInstanceNorm else 1e-8
        expected = (rows - rows.mean(0)) / (rows.var(0, unbiased=False) + eps).sqrt()
        torch.testing.assert_close(y.F[x.C[:, 0] == batch], expected)


@pytest.mark.parametrize("name", [
    "ELU", "Hardshrink", "Hardsigmoid", "Hardtanh", "Hardswish", "LeakyReLU", "LogSigmoid", "PReLU", "ReLU", "ReLU6",
    "SELU", "CELU", "GELU", "Sigmoid", "SiLU", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink"])
def test_activations(name):
    x = make_tensor(2, 3, 11)
    field = ME.TensorField(x.F, x.C)
    layer, expected = getattr(ME, f"Minkowski{name}")().double(), getattr(torch.nn, name)().double()(x.F)
    assert torch.equal(layer(x).F, expected) and layer(x).coordinate_map_key == x.coordinate_map_key
    assert torch.equal(layer(field).F, expected) and isinstance(layer(field), ME.TensorField)


def test_functional():
    from voxloom.compat.MinkowskiEngine import MinkowskiFunctional as MF

    x = make_tensor(2, 3, 12)
    assert torch.equal(MF.relu(x).F, x.F.relu())
    assert torch.equal(MF.leaky_relu(x, 0.2).F, torch.nn.functional.leaky_relu(x.F, 0.2))
    assert torch.equal(MF.dropout(x, 0.5, training=False).F, x.F)
    weight, bias = torch.rand(4, 3).double(), torch.rand(4).double()
    torch.testing.assert_close(MF.linear(x, weight, bias).F, x.F @ weight.T + bias)
    target = torch.zeros(len(x), dtype=torch.long)
    assert torch.equal(MF.cross_entropy(x, target), torch.nn.functional.cross_entropy(x.F, target))


def test_sparse_matrices():
    rows, cols = torch.IntTensor([0, 0, 1, 3, 0]), torch.IntTensor([1, 2, 2, 0, 1])
    vals, mat = torch.rand(5), torch.rand(3, 4, requires_grad=True)
    dense = torch.zeros(4, 3).index_put_((rows.long(), cols.long()), vals, accumulate=True)
    torch.testing.assert_close(ME.spmm(rows, cols, vals, torch.Size([4, 3]), mat), dense @ mat)
    y = ME.MinkowskiSPMMFunction.apply(rows, cols, vals, torch.Size([4, 3]), mat)
    y.sum().backward()
    torch.testing.assert_close(mat.grad, dense.sum(0).unsqueeze(1).expand(3, 4))
    mean = ME.MinkowskiSPMMAverageFunction.apply(rows, cols, torch.Size([4, 3]), mat)
    torch.testing.assert_close(mean[0], (2 * mat[1] + mat[2]) / 3)
    entries = torch.IntTensor([0, 1, 2, 0])
    best = ME.MinkowskiDirectMaxPoolingFunction.apply(entries, torch.IntTensor([0, 0, 2, 2]), mat, 3)
    torch.testing.assert_close(best[2], torch.maximum(mat[2], mat[0]))


# --- utilities ---


def test_quantization():
    rng = np.random.default_rng(0)
    points, features = rng.normal(size=(200, 3)) * 3, rng.normal(size=(200, 2))
    labels = rng.integers(0, 3, 200).astype(np.int32)
    for convert in (lambda a: a, torch.from_numpy):
        voxels, f, l, index, inverse = ME.utils.sparse_quantize(
            convert(points), convert(features), convert(labels), return_index=True, return_inverse=True,
            quantization_size=0.7)
        expected = np.floor(points / 0.7).astype(np.int32)
        assert isinstance(voxels, torch.Tensor) and voxels.dtype == torch.int32
        assert (voxels.numpy()[inverse] == expected).all()
        assert (np.asarray(f) == features[index]).all() and (np.asarray(l) == labels[index]).all()
        assert (np.diff(index) > 0).all()
    first, inverse = ME.utils.sparse_quantize(points, return_maps_only=True, return_index=True, return_inverse=True)
    assert len(inverse) == 200
    by_axis = ME.utils.sparse_quantize(points, quantization_size=[1, 2, 3])
    assert len(by_axis) == len(np.unique(np.floor(points / [1, 2, 3]), axis=0))
    assert len(ME.utils.sparse_quantize(points)) == len(np.unique(np.floor(points), axis=0))
    assert len(np.unique(ME.utils.ravel_hash_vec(expected))) == len(np.unique(expected, axis=0))
    prime, start, modulus = 1099511628211, 14695981039346656037, 2**64
    expected = ((((start * prime) % modulus) ^ 3) * prime % modulus) ^ 7
    assert ME.utils.fnv_hash_vec(np.array([[3, 7]])).tolist() == [expected]


def test_quantized_labels_agree_or_are_ignored():
    from voxloom.compat.MinkowskiEngine.utils.quantization import quantize_label

    coords = np.array([[0, 0], [0, 0], [0, 1], [0, 1]], np.int32)
    labels = np.array([1, 2, 3, 3], np.int32)
    for convert in (lambda a: a, torch.from_numpy):
        first, inverse, agreed = quantize_label(convert(coords), convert(labels), -100)
        assert first.tolist() == [0, 2] and inverse.tolist() == [0, 0, 1, 1] and agreed.tolist() == [-100, 3]


def test_collation():
    clouds = [np.array([[0.5, -0.5]]), np.array([[1, 2], [3, 4]])]
    feats, labels = [np.ones((1, 2), np.float32), np.zeros((2, 2), np.float32)], [np.array([1]), np.array([2, 3])]
    assert ME.utils.batched_coordinates(clouds).tolist() == [[0, 0, -1], [1, 1, 2], [1, 3, 4]]
    assert ME.utils.batched_coordinates(clouds, torch.float32)[0].tolist() == [0, 0.5, -0.5]
    coords, f, l = ME.utils.sparse_collate(clouds, feats, labels)
    assert coords.dtype == torch.int32 and f.shape == (3, 2) and l.tolist() == [1, 2, 3]
    data = list(zip(clouds, feats, labels))
    assert len(ME.utils.batch_sparse_collate(data)[0]) == 3
    assert len(ME.utils.SparseCollation(limit_numpoints=2)(data)[0]) == 1
    assert len(ME.utils.SparseCollation()(data)[0]) == 3


def test_kaiming_normal():
    torch.manual_seed(0)
    kernel = torch.empty(27, 64, 32)
    ME.utils.kaiming_normal_(kernel, mode="fan_out", nonlinearity="relu")
    assert kernel.std().item() == pytest.approx((2 / (32 * 27)) ** 0.5, rel=0.02)
    matrix = torch.empty(256, 16)  # (C_in, C_out), which counts as (C_out, C_in)
    ME.utils.kaiming_normal_(matrix, mode="fan_out", nonlinearity="relu")
    assert matrix.std().item() == pytest.approx((2 / 256) ** 0.5, rel=0.05)


def test_blocks_and_summary(capsys):
    x = make_tensor(3, 4, 13, dtype=torch.float32)
    from voxloom.compat.MinkowskiEngine.modules.resnet_block import BasicBlock, Bottleneck
    from voxloom.compat.MinkowskiEngine.modules.senet_block import SEBasicBlock, SEBottleneck

    down = torch.nn.Sequential(ME.MinkowskiConvolution(4, 16, 1, dimension=3), ME.MinkowskiBatchNorm(16))
    for block in (BasicBlock(4, 4, dimension=3), SEBasicBlock(4, 4, reduction=2, D=3),
                  Bottleneck(4, 4, downsample=down, dimension=3), SEBottleneck(4, 4, downsample=down, D=3)):
        y = block(x)
        y.F.sum().backward()
        assert (y.F >= 0).all() and all(p.grad is not None for p in block.parameters())
    total, trainable = ME.utils.summary(BasicBlock(4, 4, dimension=3), x)
    assert total == trainable == 2 * 27 * 16 + 2 * 8
    assert "MinkowskiConvolution-1" in capsys.readouterr().out


def test_state_dicts_load_and_copy():
    import copy
    import io
    import pickle

    network = torch.nn.Sequential(ME.MinkowskiConvolution(2, 3, 3, bias=True, dimension=3), ME.MinkowskiBatchNorm(3),
                                  ME.MinkowskiLinear(3, 4))
    assert list(network.state_dict())[:3] == ["0.kernel", "0.bias", "1.bn.weight"]
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    network.load_state_dict(torch.load(file))
    x = make_tensor(3, 2, 14, dtype=torch.float32)
    expected = network(x).F
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        torch.testing.assert_close(other(x).F, expected)


def test_tensors_pickle_and_copy():
    import copy
    import pickle

    x = make_tensor(3, 2, 15, dtype=torch.float32)
    layer = ME.MinkowskiConvolution(2, 3, 3, 2, dimension=3)
    expected = layer(x)
    field = pickle.loads(pickle.dumps(ME.TensorField(x.F, x.C)))
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), field.sparse()):
        assert other.coordinate_manager is not x.coordinate_manager
        y = layer(other)
        assert torch.equal(y.C, expected.C) and torch.equal(y.F, expected.F)


def test_no_warnings_on_import_and_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ME.MinkowskiConvolution(1, 1, 3, dimension=2)(make_tensor(2, 1, dtype=torch.float32))
