"""The spconv drop-in: against what spconv 2.3.8 gave (data/spconv_golden.npz), and the rules that its users lean on."""

from __future__ import annotations

import copy
import math
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import spconv_cases as cases  # noqa: E402

import voxloom.compat.spconv.pytorch as spconv  # noqa: E402
from voxloom.compat.spconv import constants  # noqa: E402
from voxloom.compat.spconv.pytorch import functional  # noqa: E402
from voxloom.compat.spconv.pytorch.core import ImplicitGemmIndiceData, IndiceData  # noqa: E402
from voxloom.compat.spconv.pytorch.hash import HashTable  # noqa: E402
from voxloom.compat.spconv.pytorch.spatial import RemoveDuplicate  # noqa: E402
from voxloom.compat.spconv.pytorch.tables import AddTableMisaligned  # noqa: E402
from voxloom.compat.spconv.pytorch.utils import PointToVoxel, gather_features_by_pc_voxel_id  # noqa: E402
from voxloom.compat.spconv.utils import Point2VoxelCPU3d  # noqa: E402

GOLDEN = cases.golden(str(Path(__file__).parent / "data" / "spconv_golden.npz"))


def sites(shape: list[int], batch: int = 2, count: int = 60, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(batch * int(np.prod(shape)))[:count]
    return torch.from_numpy(np.stack(np.unravel_index(chosen, [batch, *shape]), 1).astype(np.int32))


def tensor(shape: list[int], channels: int, batch: int = 2, count: int = 60, seed: int = 0) -> spconv.SparseConvTensor:
    indices = sites(shape, batch, count, seed)
    generator = torch.Generator().manual_seed(seed)
    return spconv.SparseConvTensor(torch.randn(len(indices), channels, generator=generator), indices, shape, batch)


# --- what spconv itself gave ---


@pytest.mark.parametrize("place", range(len(GOLDEN)))
def test_gives_what_spconv_gave(place: int) -> None:
    case, expected = GOLDEN[place]
    got = cases.run(spconv, case, expected["data"])
    assert cases.differences(got, expected, tolerance=0) == [], case


def test_golden_data_has_every_kind_of_layer() -> None:
    kinds = {name[:-2] for case, _ in GOLDEN for name, _ in case["layers"]}
    axes = {case["axes"] for case, _ in GOLDEN}
    assert {"SubMConv", "SparseConv", "SparseConvTranspose", "SparseInverseConv", "SparseMaxPool"} <= kinds
    assert axes == {1, 2, 3, 4}


def test_the_comparison_sees_a_difference() -> None:
    case, expected = GOLDEN[0]
    got = cases.run(spconv, case, expected["data"])
    moved = dict(got, indices=got["indices"][::-1])
    assert cases.differences(moved, expected) == ["indices in another order"]
    louder = dict(got, y=got["y"] + 1)
    assert cases.differences(louder, expected, tolerance=1e-9)[0].startswith("y: differs")


# --- parameters ---


def test_weights_are_output_major_and_start_with_spconvs_draws() -> None:
    torch.manual_seed(5)
    layer = spconv.SubMConv3d(3, 4, 3)
    torch.manual_seed(5)
    bound = math.sqrt(3) * math.sqrt(2 / 6) / math.sqrt(3 * 27)
    weight = torch.empty(4, 3, 3, 3, 3).uniform_(-bound, bound)
    bias = torch.empty(4).uniform_(-1 / math.sqrt(81), 1 / math.sqrt(81))
    assert torch.allclose(layer.weight, weight, rtol=1e-6)
    assert torch.equal(layer.bias, bias)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_a_layer_of_one_offset_takes_its_buffer_for_a_matrix() -> None:
    x = tensor([5, 5, 5], 6)
    layer = spconv.SubMConv3d(6, 4, 1)
    expected = x.features @ layer.weight.detach().reshape(6, 4) + layer.bias
    assert torch.allclose(layer(x).features, expected, atol=1e-6)
    assert not torch.allclose(layer(x).features, x.features @ layer.weight.detach().reshape(4, 6).T + layer.bias)


@pytest.mark.parametrize("saved", ["RSCK", "RSKC"])
@pytest.mark.parametrize("kernel", [1, 3])
def test_weights_of_older_versions_load_as_they_ran(saved: str, kernel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "SAVED_WEIGHT_LAYOUT", saved)
    x = tensor([5, 4, 6], 3)
    shape = (kernel,) * 3 + ((3, 2) if saved == "RSCK" else (2, 3))
    old = torch.randn(shape)
    layer = spconv.SubMConv3d(3, 2, kernel, bias=False)
    layer.load_state_dict({"weight": old})
    centre = old[(kernel // 2,) * 3]
    alone = spconv.SparseConvTensor(x.features[:1], x.indices[:1], x.spatial_shape, 2)
    if saved == "RSCK":
        assert torch.allclose(layer(alone).features, alone.features @ centre, atol=1e-6)
    elif kernel > 1:
        assert torch.allclose(layer(alone).features, alone.features @ centre.T, atol=1e-6)


def test_records_the_most_voxels() -> None:
    layer = spconv.SparseConv3d(2, 2, 3, 2, 1, record_voxel_count=True)
    assert "max_num_voxels_during_training" in layer.state_dict()
    rows = len(layer(tensor([8, 8, 8], 2)).indices)
    layer(tensor([8, 8, 8], 2, count=3))
    assert layer.get_max_num_voxels().item() == rows
    del (state := layer.state_dict())["max_num_voxels_during_training"]
    layer.load_state_dict(state)
    assert layer.get_max_num_voxels().item() == 0
    assert spconv.SubMConv3d(2, 2, 3).get_max_num_voxels() is None


def test_shows_itself_as_spconv_does() -> None:
    shown = "4, 8, kernel_size=[3, 3, 3], stride=[2, 2, 2], padding=[1, 1, 1], dilation=[1, 1, 1], output_padding=[0, 0, 0]"
    layer = spconv.SparseConv3d(4, 8, 3, 2, 1, bias=False)
    assert layer.extra_repr() == f"{shown}, bias=False, algo=ConvAlgo.MaskImplicitGemm"
    assert spconv.SubMConv3d(2, 2, 5).algo == spconv.ConvAlgo.Native  # 125 offsets
    assert spconv.SubMConv3d(2, 2, 5, large_kernel_fast_algo=True).algo == spconv.ConvAlgo.MaskImplicitGemm


# --- keys ---


def test_submanifold_layers_share_a_key() -> None:
    x = tensor([6, 6, 6], 3)
    first = spconv.SubMConv3d(3, 3, 3, indice_key="a")
    y = first(x)
    assert "a" not in x.indice_dict
    assert spconv.SubMConv3d(3, 3, 3, indice_key="a")(y).find_indice_pair("a") is y.find_indice_pair("a")
    for other, message in (
        (spconv.SubMConv3d(3, 3, 1 + 4, indice_key="a"), "kernel size"),
        (spconv.SubMConv3d(3, 3, 3, dilation=2, indice_key="a"), "dilation"),
    ):
        with pytest.raises(ValueError, match=message):
            other(y)
    with pytest.raises(ValueError, match="number of indices"):
        first(spconv.SparseConvTensor(x.features[:5], x.indices[:5], x.spatial_shape, 2, indice_dict=y.indice_dict))
    with pytest.raises(ValueError, match="spatial shape"):
        first(spconv.SparseConvTensor(x.features, x.indices, [7, 6, 6], 2, indice_dict=y.indice_dict))
    with pytest.raises(AssertionError, match="only submanifold"):
        spconv.SparseConv3d(3, 3, 3, indice_key="a")(y)
    with pytest.raises(AssertionError, match="same algo"):
        spconv.SubMConv3d(3, 3, 3, indice_key="a", algo=spconv.ConvAlgo.Native)(y)


def test_inverse_layers_want_a_regular_layers_key() -> None:
    x = tensor([6, 6, 6], 3)
    inverse = spconv.SparseInverseConv3d(3, 3, 3, indice_key="a")
    with pytest.raises(AssertionError, match="no layer before"):
        inverse(x)
    with pytest.raises(AssertionError, match="regular layer"):
        inverse(spconv.SubMConv3d(3, 3, 3, indice_key="a")(x))
    down = spconv.SparseConv3d(3, 3, 3, 2, 1, indice_key="a")(x)
    back = inverse(down)
    assert torch.equal(back.indices, x.indices)
    assert back.spatial_shape == [6, 6, 6]
    with pytest.raises(ValueError, match="kernel size"):
        spconv.SparseInverseConv3d(3, 2, 2, indice_key="a")(down)
    with pytest.raises(ValueError, match="spatial shape"):
        inverse(back)
    with pytest.raises(AssertionError, match="only submanifold"):
        spconv.SparseConv3d(3, 3, 3, 2, 1, indice_key="a")(down)


def test_pairs_can_be_read_in_both_encodings() -> None:
    x = tensor([6, 6, 6], 3)
    native = spconv.SparseConv3d(3, 3, 3, 2, 1, indice_key="a", algo=spconv.ConvAlgo.Native)(x)
    data = native.find_indice_pair("a")
    assert isinstance(data, IndiceData)
    assert data.indice_pairs.shape == (2, 27, len(x.indices))
    weight = torch.randn(5, 3, 3, 3, 3)
    counts, rows = data.indice_pair_num, len(native.indices)
    expected = functional.indice_conv(x.features, weight, data.indice_pairs, counts, rows)
    table = data.indice_pairs.clone()  # of the caller's own, as far as the drop-in knows
    assert torch.equal(functional.indice_conv(x.features, weight, table, counts, rows), expected)

    implicit = spconv.SparseConv3d(3, 3, 3, 2, 1, indice_key="a")(x)
    data = implicit.find_indice_pair("a")
    assert isinstance(data, ImplicitGemmIndiceData)
    assert data.pair_fwd.shape == (27, rows) and data.pair_bwd.shape == (27, len(x.indices))
    got = functional.implicit_gemm(x.features, weight, data.pair_fwd.clone(), data.pair_bwd, [], [], [], [], rows, [], True, False)
    assert torch.equal(got, expected)
    assert int(counts.sum()) == int((data.pair_fwd >= 0).sum()) == int((data.pair_bwd >= 0).sum())


def test_the_same_window_on_the_same_indices_costs_its_pairs_once() -> None:
    x = tensor([6, 6, 6], 3)
    layer = spconv.SparseConv3d(3, 3, 3, 2, 1)
    first = layer(x)
    assert layer(x).indices is first.indices
    first.indices[:] = 0  # somebody's own business
    again = layer(x)
    assert again.indices is not first.indices
    assert len(torch.unique(again.indices, dim=0)) == len(again.indices)


def test_writing_to_the_input_indices_is_seen() -> None:
    x = tensor([6, 6, 6], 1, batch=1, count=2)
    x.indices[:] = torch.tensor([[0, 0, 0, 0], [0, 5, 5, 5]])
    layer = spconv.SubMConv3d(1, 1, 3, bias=False)
    apart = layer(x).features.clone()
    x.indices[1] = torch.tensor([0, 0, 0, 1])
    assert not torch.allclose(layer(x).features, apart)


# --- tensors ---


def test_what_does_not_fit_is_refused() -> None:
    x = tensor([4, 4, 4], 2)
    with pytest.raises(AssertionError, match="int32"):
        spconv.SparseConvTensor(x.features, x.indices.long(), [4, 4, 4], 2)
    with pytest.raises(AssertionError, match="one length per axis"):
        spconv.SparseConvTensor(x.features, x.indices, [4, 4], 2)
    with pytest.raises(ValueError, match="replace_feature"):
        x.features = x.features
    with pytest.raises(AssertionError, match="input channels"):
        spconv.SubMConv3d(3, 3, 3)(x)
    with pytest.raises(RuntimeError, match="odd"):
        spconv.SubMConv3d(2, 2, 2)(x)
    with pytest.raises(RuntimeError, match="no room"):
        spconv.SparseConv3d(2, 2, 3, 1)(tensor([2, 4, 4], 2, count=20))
    with pytest.raises(RuntimeError, match="no room"):
        spconv.SubMConv3d(2, 2, 3)(spconv.SparseConvTensor(x.features, x.indices, [4, 0, 4], 2))
    with pytest.raises(AssertionError, match="groups"):
        spconv.SubMConv3d(2, 2, 3, groups=2)
    with pytest.raises(ValueError, match="batch indices"):
        spconv.SubMConv3d(2, 2, 3)(spconv.SparseConvTensor(x.features, x.indices, [4, 4, 4], 1))
    with pytest.raises(ValueError, match="inside the spatial shape"):
        spconv.SubMConv3d(2, 2, 3)(spconv.SparseConvTensor(x.features, x.indices, [4, 4, 3], 2))
    twice = spconv.SparseConvTensor(torch.ones(2, 2), torch.zeros(2, 4, dtype=torch.int32), [4, 4, 4], 1)
    with pytest.raises(ValueError):
        spconv.SubMConv3d(2, 2, 3)(twice)
    with pytest.raises(NotImplementedError, match="floating point"):
        spconv.SubMConv3d(2, 2, 3)(x.replace_feature(torch.quantize_per_tensor(x.features, 0.1, 0, torch.qint8)))


def test_tensors_without_rows_go_through() -> None:
    empty = spconv.SparseConvTensor(torch.zeros(0, 3), torch.zeros(0, 4, dtype=torch.int32), [6, 6, 6], 1)
    network = spconv.SparseSequential(
        spconv.SubMConv3d(3, 4, 3), torch.nn.BatchNorm1d(4), spconv.SparseConv3d(4, 5, 3, 2, 1, indice_key="d"),
        spconv.SparseMaxPool3d(2), spconv.SparseConvTranspose3d(5, 2, 2, 2),
    )  # fmt: skip
    y = network(empty)
    nothing = spconv.SparseConv3d(3, 4, 3, 2, 1, indice_key="e")(empty).find_indice_pair("e")
    assert nothing.pair_fwd.shape == (27, 0) and nothing.pair_bwd.shape == (27, 0)
    window = ([3] * 3, [2] * 3, [1] * 3, [1] * 3, [0] * 3)
    _, table, counts = spconv.ops.get_indice_pairs(empty.indices, 1, [6, 6, 6], spconv.ConvAlgo.Native, *window)
    assert table.shape == (2, 27, 0) and counts.sum() == 0
    assert y.features.shape == (0, 2) and y.indices.shape == (0, 4)
    assert y.dense().abs().sum() == 0


def test_dense_and_back() -> None:
    x = tensor([4, 5, 3], 2)
    dense = x.dense()
    assert dense.shape == (2, 2, 4, 5, 3)
    back = spconv.SparseConvTensor.from_dense(dense.movedim(1, -1))
    order = np.lexsort(x.indices.numpy().T[::-1])
    assert torch.equal(back.indices, x.indices[order]) and torch.equal(back.features, x.features[order])
    assert torch.equal(spconv.ToDense()(x), dense)
    outside = spconv.SparseConvTensor(x.features, x.indices, [4, 5, 2], 2)
    with pytest.raises(IndexError):
        outside.dense()


def test_copies_keep_what_they_should() -> None:
    x = spconv.SubMConv3d(2, 2, 3, indice_key="a")(tensor([4, 4, 4], 2))
    replaced = x.replace_feature(torch.relu(x.features))
    assert replaced.indices is x.indices and replaced.indice_dict is x.indice_dict
    chosen = x.select_by_index(torch.arange(5))
    assert chosen.indice_dict == {} and "a" in x.indice_dict and len(chosen.indices) == 5
    assert torch.equal((x + x).features, 2 * x.features)
    assert torch.equal((x + x.features).features, 2 * x.features)
    assert torch.equal(x.minus().features, -x.features)
    assert spconv.RemoveGrid()(x).grid is None


def test_pickles_and_deep_copies() -> None:
    x = spconv.SubMConv3d(2, 2, 3, indice_key="a")(tensor([4, 4, 4], 2))
    layer = spconv.SubMConv3d(2, 2, 3, indice_key="a")
    again = pickle.loads(pickle.dumps(layer))
    assert torch.equal(again(x).features, layer(x).features)
    plain = pickle.loads(pickle.dumps(tensor([4, 4, 4], 2)))
    assert torch.equal(layer(plain).indices, plain.indices)
    assert torch.equal(copy.deepcopy(layer)(x).features, layer(x).features)


# --- modules ---


def test_sequences() -> None:
    x = tensor([4, 4, 4], 2)
    named = spconv.SparseSequential(OrderedDict(a=spconv.SubMConv3d(2, 3, 3), b=torch.nn.ReLU()))
    assert list(dict(named.named_children())) == ["a", "b"]
    by_word = spconv.SparseSequential(first=spconv.SubMConv3d(2, 3, 3))
    by_word.add(torch.nn.ReLU())
    assert list(dict(by_word.named_children())) == ["first", "1"]
    assert len(by_word) == 2 and isinstance(by_word[-1], torch.nn.ReLU)
    with pytest.raises(IndexError):
        by_word[2]
    with pytest.raises(ValueError, match="already"):
        spconv.SparseSequential(torch.nn.ReLU(), **{"0": torch.nn.ReLU()})
    assert (by_word(x).features >= 0).all()
    nested = spconv.SparseSequential(by_word, spconv.SparseBatchNorm(3), spconv.SparseReLU(), spconv.ToDense(), torch.nn.Flatten())
    assert nested(x).shape == (2, 3 * 64)
    spconv.assign_name_for_sparse_modules(nested)
    assert by_word[0]._sparse_unique_name == "0.first"
    from voxloom.compat.spconv.pytorch.modules import is_sparse_conv, is_spconv_module

    assert is_spconv_module(by_word) and is_spconv_module(spconv.SparseReLU()) and not is_spconv_module(torch.nn.ReLU())
    assert is_sparse_conv(by_word[0]) and not is_sparse_conv(by_word)
    assert spconv.Identity()(x) is x


def test_tables() -> None:
    x = tensor([4, 4, 4], 2)
    other = x.replace_feature(torch.randn(x.features.shape))
    assert torch.equal(spconv.JoinTable()([x, other]).features, torch.cat([x.features, other.features], 1))
    assert torch.equal(spconv.AddTable()([x, other]).features, x.features + other.features)
    both = spconv.ConcatTable().add(spconv.Identity()).add(spconv.SubMConv3d(2, 3, 3))(x)
    assert both[0] is x and both[1].features.shape == (60, 3)
    with pytest.raises(AssertionError, match="same indices"):
        spconv.AddTable()([x, x.select_by_index(torch.arange(3))])


def test_sums_over_different_indices() -> None:
    x, y = tensor([4, 4, 4], 2, seed=1), tensor([4, 4, 4], 2, seed=2)
    for total in (functional.sparse_add(x, y), functional.sparse_add_hash_based(x, y), AddTableMisaligned()([x, y])):
        assert torch.allclose(total.dense(), x.dense() + y.dense())
        assert len(torch.unique(total.indices, dim=0)) == len(total.indices)
        assert total.indice_dict == {}
    kept = spconv.SubMConv3d(2, 2, 3, indice_key="a")(x)
    assert "a" in functional.sparse_add(kept, x.select_by_index(torch.arange(4))).indice_dict
    with pytest.raises(AssertionError):
        functional.sparse_add(x, tensor([4, 4, 5], 2))


def test_removes_duplicates() -> None:
    x = tensor([4, 4, 4], 2, count=10)
    twice = spconv.SparseConvTensor(torch.cat([x.features, -x.features]), torch.cat([x.indices, x.indices]), [4, 4, 4], 2)
    once = RemoveDuplicate()(twice)
    assert torch.equal(once.indices, x.indices) and torch.equal(once.features, x.features)


# --- pools ---


def by_loop(x: spconv.SparseConvTensor, kernel: int, stride: int, padding: int) -> dict[tuple[int, ...], list[int]]:
    """The rows under each window that has one."""
    met: dict[tuple[int, ...], list[int]] = {}
    extents = [(n + 2 * padding - kernel) // stride + 1 for n in x.spatial_shape]
    for row, (batch, *at) in enumerate(x.indices.tolist()):
        for out in np.ndindex(*extents):
            if all(0 <= a + padding - o * stride < kernel for a, o in zip(at, out)):
                met.setdefault((batch, *out), []).append(row)
    return met


def test_max_pools_follow_their_algorithm() -> None:
    x = tensor([5, 5, 5], 3)
    met = by_loop(x, 2, 2, 1)
    true = spconv.SparseMaxPool3d(2, 2, 1)(x)
    native = spconv.SparseMaxPool3d(2, 2, 1, algo=spconv.ConvAlgo.Native)(x)
    assert true.spatial_shape == [3, 3, 3] and {tuple(row) for row in true.indices.tolist()} == set(met)
    for at, y, from_zero in zip(true.indices.tolist(), true.features, native.features):
        greatest = x.features[met[tuple(at)]].max(dim=0).values
        assert torch.equal(y, greatest) and torch.equal(from_zero, greatest.clamp(min=0))


def test_equal_maxima_get_the_whole_gradient_each() -> None:
    indices = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=torch.int32)
    features = torch.tensor([[1.0, -1.0], [1.0, -2.0], [0.0, -1.0]], requires_grad=True)
    x = spconv.SparseConvTensor(features, indices, [2, 2, 2], 1)
    spconv.SparseMaxPool3d(2)(x).features.backward(torch.tensor([[3.0, 5.0]]))
    assert torch.equal(features.grad, torch.tensor([[3.0, 5.0], [3.0, 0.0], [0.0, 5.0]]))
    features.grad = None
    spconv.SparseMaxPool3d(2, algo=spconv.ConvAlgo.Native)(x).features.backward(torch.tensor([[3.0, 5.0]]))
    assert torch.equal(features.grad, torch.tensor([[3.0, 0.0], [3.0, 0.0], [0.0, 0.0]]))


def test_mean_pools_count_what_is_there() -> None:
    x = tensor([5, 5, 5], 3)
    features = x.features.requires_grad_()
    met = by_loop(x, 3, 2, 1)
    y = spconv.SparseAvgPool3d(3, 2, 1)(x)
    for at, row in zip(y.indices.tolist(), y.features):
        assert torch.allclose(row, features[met[tuple(at)]].mean(dim=0), atol=1e-6)
    y.features.sum().backward()
    expected = torch.zeros(len(features))
    for rows in met.values():
        expected[rows] += 1 / len(rows)
    assert torch.allclose(features.grad, expected[:, None].expand(-1, 3), atol=1e-6)
    with pytest.raises(AssertionError, match="at most 32"):
        spconv.SparseAvgPool3d((4, 4, 4))


def test_pools_leave_their_pairs_for_inverse_layers() -> None:
    x = tensor([6, 6, 6], 3)
    pooled = spconv.SparseMaxPool3d(3, 2, 1, indice_key="p")(x)
    back = spconv.SparseInverseConv3d(3, 4, 3, indice_key="p")(pooled)
    assert torch.equal(back.indices, x.indices)
    with pytest.raises(ValueError, match="already"):
        spconv.SparseMaxPool3d(3, 2, 1, indice_key="p")(pooled)


def test_global_pools() -> None:
    x = tensor([4, 4, 4], 3)
    batch = x.indices[:, 0]
    greatest = torch.stack([x.features[batch == b].max(dim=0).values for b in (0, 1)])
    assert torch.equal(spconv.SparseGlobalMaxPool()(x), greatest)
    first = torch.stack([x.features[batch == b, 0].mean() for b in (0, 1)])
    assert torch.allclose(spconv.SparseGlobalAvgPool()(x), first)
    table, counts = spconv.ops.global_pool_rearrange(x.indices, 2)
    for b in (0, 1):
        assert torch.equal(table[b, : counts[b]].long(), torch.nonzero(batch == b).reshape(-1))
    with pytest.raises(IndexError):
        spconv.SparseGlobalMaxPool()(spconv.SparseConvTensor(x.features, x.indices, [4, 4, 4], 3))


# --- types of numbers ---


def test_doubles_give_what_a_dense_product_gives() -> None:
    x = tensor([5, 5, 5], 2)
    layer = spconv.SparseConv3d(2, 3, 3, 2, 1, bias=False).double()
    doubles = x.replace_feature(x.features.double())
    dense = torch.nn.functional.conv3d(doubles.dense(), layer.weight.movedim(-1, 1), stride=2, padding=1)
    assert torch.allclose(layer(doubles).dense(), dense, atol=1e-12)
    features = doubles.features.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda f: layer(doubles.replace_feature(f)).features, (features,))
    pooled = spconv.SparseMaxPool3d(2)(doubles)
    assert torch.equal(pooled.features.float(), spconv.SparseMaxPool3d(2)(x).features)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_features(dtype: torch.dtype) -> None:
    x = tensor([5, 5, 5], 8)
    layer = spconv.SparseConv3d(8, 8, 3, 2, 1)
    exact = layer.to(dtype).float()(x.replace_feature(x.features.to(dtype).float()))
    got = layer.to(dtype)(x.replace_feature(x.features.to(dtype)))
    assert got.features.dtype == dtype
    assert torch.allclose(got.features.float(), exact.features, rtol=2e-2, atol=1e-2)
    narrow = x.replace_feature(x.features.to(dtype).requires_grad_())
    for algo in spconv.ConvAlgo:
        pooled = spconv.SparseMaxPool3d(2, algo=algo)(narrow).features
        wide = spconv.SparseMaxPool3d(2, algo=algo)(x.replace_feature(narrow.features.detach().float())).features
        assert torch.equal(pooled.float(), wide)
        pooled.backward(torch.ones_like(pooled))


# --- voxel generators ---


def voxels_by_loop(points: np.ndarray, size: list[float], low: list[float], grid: list[int], most: int, each: int):  # type: ignore[no-untyped-def]
    """(cell (z, y, x) -> rows of points, in the order of the cells' first points; the voxel of each point)."""
    cells: dict[tuple[int, ...], list[int]] = {}
    ids = []
    for row, point in enumerate(points):
        at = tuple(float(np.floor((point[a] - np.float32(low[a])) / np.float32(size[a]))) for a in (2, 1, 0))
        inside = all(0 <= c < n for c, n in zip(at, grid))  # not for what is not a number
        if not inside or (at not in cells and len(cells) == most):
            ids.append(-1)
            continue
        rows = cells.setdefault(at, [])
        ids.append(list(cells).index(at))
        if len(rows) < each:
            rows.append(row)
    return cells, ids


@pytest.mark.parametrize("most", [500, 12])
def test_points_to_voxels(most: int) -> None:
    points = np.random.default_rng(0).uniform(-1.1, 1.1, (400, 5)).astype(np.float32)
    points[7, 1] = np.nan
    size, limits = [0.5, 0.4, 1.0], [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]
    generator = PointToVoxel(size, limits, 5, most, 3)
    assert generator.grid_size == [2, 5, 4]
    cells, ids = voxels_by_loop(points, size, limits[:3], generator.grid_size, most, 3)
    voxels, indices, counts, of_point = generator.generate_voxel_with_id(torch.from_numpy(points), empty_mean=True)
    assert [tuple(row) for row in indices.tolist()] == list(cells)
    assert of_point.tolist() == ids
    for rows, voxel, count in zip(cells.values(), voxels, counts):
        assert int(count) == len(rows)
        assert torch.equal(voxel[: len(rows)], torch.from_numpy(points[rows]))
        mean = torch.from_numpy(points[rows]).mean(dim=0).expand(3 - len(rows), -1)
        assert torch.allclose(voxel[len(rows) :], mean, atol=1e-6)
    labels = gather_features_by_pc_voxel_id(torch.arange(len(voxels)), of_point, -5)
    assert labels.tolist() == [-5 if at == -1 else at for at in ids]

    from voxloom.compat.spconv._cumm import tensorview as tv

    on_host = Point2VoxelCPU3d(size, limits, 5, most, 3).point_to_voxel(tv.from_numpy(points))
    assert np.array_equal(on_host[1].numpy(), indices.numpy()) and np.array_equal(on_host[2].numpy_view(), counts.numpy())


def test_places_are_kept_on_request() -> None:
    generator = PointToVoxel([1.0] * 3, [0.0] * 3 + [2.0] * 3, 3, 4, 2)
    generator(torch.full((2, 3), 0.5))
    kept, _, counts = generator(torch.full((1, 3), 1.5), clear_voxels=False)
    assert kept[0].tolist() == [[1.5] * 3, [0.5] * 3] and counts.tolist() == [1]
    with pytest.raises(NotImplementedError, match="CPU"):
        PointToVoxel([1.0] * 3, [0.0] * 3 + [2.0] * 3, 3, 4, 2, device=torch.device("cuda:0"))


def test_hash_table() -> None:
    table = HashTable(torch.device("cpu"), torch.int64, torch.int32)
    table.insert(torch.tensor([5, 3, 9]), torch.tensor([50, 30, 90], dtype=torch.int32))
    values, missing = table.query(torch.tensor([9, 4, 3]))
    assert values[[0, 2]].tolist() == [90, 30] and missing.tolist() == [False, True, False]
    assert table.insert_exist_keys(torch.tensor([3, 4]), torch.tensor([1, 2], dtype=torch.int32)).tolist() == [0, 1]
    assert table.assign_arange_().item() == 3
    keys, values, count = table.items()
    assert keys.tolist() == [3, 5, 9] and values.tolist() == [0, 1, 2] and count.item() == 3
