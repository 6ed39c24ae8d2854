"""The spconv drop-in against what spconv 2.3.8 computed on a GPU: the golden data of the spconv-triton project, which
lies in $VOXLOOM_SHARED_DIR/conformance/spconv_gpu (skipped without it). Rows are compared by coordinate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import voxloom.compat.spconv.pytorch as spconv  # noqa: E402
from voxloom.compat.spconv.pytorch import functional  # noqa: E402
from voxloom.compat.spconv.pytorch.core import scatter_nd  # noqa: E402
from voxloom.compat.spconv.pytorch.tables import AddTableMisaligned  # noqa: E402

FOLDER = Path(os.environ.get("VOXLOOM_SHARED_DIR", ""), "conformance", "spconv_gpu")
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no golden data of a GPU under VOXLOOM_SHARED_DIR")


def cases(*kinds: str) -> list[Any]:
    found = []
    for name in ("golden_misc", "golden_proto", "golden_net"):
        file = FOLDER / f"{name}.pt"
        if file.exists():
            found += [case for case in torch.load(file)["cases"] if case["kind"] in kinds]
    return [pytest.param(case, id=case["id"]) for case in found]


def sparse(given: dict[str, Any]) -> spconv.SparseConvTensor:
    return spconv.SparseConvTensor(given["features"].clone(), given["indices"], given["spatial_shape"], given["batch_size"])


def built(spec: dict[str, Any]) -> torch.nn.Module:
    if spec["cls"] == "SparseSequential":
        return spconv.SparseSequential(*[built(child) for child in spec["children"]])
    name = spec["cls"]
    layer = getattr(torch.nn, name[3:])(**spec["ctor"]) if name.startswith("nn.") else getattr(spconv, name)(**spec["ctor"])
    with torch.no_grad():
        for parameter, value in spec["params"].items():
            getattr(layer, parameter).copy_(value)
    return layer


def ascending(indices: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.lexsort(indices.numpy().T[::-1]).copy())


def check_output(got: spconv.SparseConvTensor, expected: dict[str, Any]) -> None:
    ours, theirs = ascending(got.indices), ascending(expected["out_indices"])
    assert torch.equal(got.indices[ours], expected["out_indices"][theirs])
    assert got.spatial_shape == expected.get("out_spatial_shape", got.spatial_shape)
    error = (got.features[ours].float() - expected["out_features"][theirs].float()).abs().max()
    assert error <= expected["atol_out"]


def check_gradients(network: torch.nn.Module, x: torch.Tensor, y: spconv.SparseConvTensor, expected: dict[str, Any]) -> None:
    dy = torch.empty_like(y.features)
    dy[ascending(y.indices)] = expected["grad_out"][ascending(expected["out_indices"])]
    y.features.backward(dy)
    assert (x.grad.float() - expected["grad_input"].float()).abs().max() <= expected["atol_grad_input"]
    for name, parameter in network.named_parameters():
        want = expected["grad_params"][name]
        assert (parameter.grad.float() - want["grad"].float()).abs().max() <= want["atol"], name


@pytest.mark.parametrize("case", cases("dense", "from_dense", "scatter_nd"))
def test_dense(case: dict[str, Any]) -> None:
    expected = case["expect"]
    if case["kind"] == "dense":
        assert torch.equal(sparse(case["input"]).dense(), expected["dense_cf"])
        assert torch.equal(sparse(case["input"]).dense(channels_first=False), expected["dense_cl"])
    elif case["kind"] == "from_dense":
        got = spconv.SparseConvTensor.from_dense(case["dense"])
        assert torch.equal(got.indices, expected["indices"]) and torch.equal(got.features, expected["features"])
        assert got.spatial_shape == expected["spatial_shape"] and got.batch_size == expected["batch_size"]
    else:
        assert torch.equal(scatter_nd(case["indices"], case["updates"], case["shape"]), expected["out"])


@pytest.mark.parametrize("case", cases("pipeline"))
def test_layers_forward_and_backward(case: dict[str, Any]) -> None:
    network = torch.nn.Sequential(*[built(spec) for spec in case["layers"]]).train(case["training"])
    x = sparse(case["input"])
    x.features.requires_grad_()
    y = network(x)
    check_output(y, case["expect"])
    check_gradients(network, x.features, y, case["expect"])


@pytest.mark.parametrize("case", cases("tables"))
def test_tables(case: dict[str, Any]) -> None:
    x = sparse(case["input"])
    branches = [built(spec)(x) for spec in case["branch_specs"]]
    check_output(getattr(spconv, case["table"])()(branches), case["expect"])


@pytest.mark.parametrize("case", cases("sparse_add"))
def test_sums(case: dict[str, Any]) -> None:
    inputs = [sparse(given) for given in case["inputs"]]
    if case["fn"] == "add_table_misaligned":
        check_output(AddTableMisaligned()(inputs), case["expect"])
    else:
        check_output(getattr(functional, case["fn"])(*inputs), case["expect"])


@pytest.mark.parametrize("case", cases("init"))
def test_first_values_are_the_same_draws(case: dict[str, Any]) -> None:
    torch.manual_seed(case["seed"])
    layer = getattr(spconv, case["cls"])(**case["ctor"])
    assert torch.equal(layer.weight, case["expect"]["weight"])
    assert layer.weight_shape == case["expect"]["weight_shape"]
    if case["expect"]["bias"] is None:
        assert layer.bias is None
    else:
        assert torch.equal(layer.bias, case["expect"]["bias"])


@pytest.mark.parametrize("case", cases("state_dict_keys", "repr"))
def test_names(case: dict[str, Any]) -> None:
    layer = getattr(spconv, case["cls"])(**case["ctor"])
    if case["kind"] == "repr":
        assert layer.extra_repr() == case["expect"]["extra_repr"]
    else:
        shapes = {name: list(value.shape) for name, value in layer.state_dict().items()}
        assert shapes == case["expect"]["shapes"]


class Norm(torch.nn.BatchNorm1d):
    """In float32: torch 1.13 has none for float16 on a CPU."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parameters = (self.running_mean.float(), self.running_var.float(), self.weight.float(), self.bias.float())
        return torch.nn.functional.batch_norm(x.float(), *parameters, True, self.momentum, self.eps).to(x.dtype)


class Ramp(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float().relu().to(x.dtype)


class UNet(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = spconv.SparseSequential(
            spconv.SubMConv3d(6, 16, 3, bias=False, indice_key="s"), Norm(16), Ramp(),
            spconv.SubMConv3d(16, 16, 3, bias=False, indice_key="s"),
        )  # fmt: skip
        self.down = spconv.SparseConv3d(16, 32, 3, stride=2, padding=1, bias=False, indice_key="d")
        self.mid = spconv.SparseSequential(spconv.SubMConv3d(32, 32, 3, bias=False), Norm(32), Ramp())
        self.up = spconv.SparseInverseConv3d(32, 16, 3, indice_key="d", bias=False)
        self.head = spconv.SubMConv3d(32, 8, 1)

    def forward(self, x: spconv.SparseConvTensor) -> spconv.SparseConvTensor:
        fine = self.stem(x)
        up = self.up(self.mid(self.down(fine)))
        return self.head(up.replace_feature(torch.cat([up.features, fine.features], 1)))


@pytest.mark.parametrize("case", cases("net"))
def test_networks_forward_and_backward(case: dict[str, Any]) -> None:
    network = UNet().to(getattr(torch, case["dtype"]))
    network.load_state_dict(case["state_dict"])
    x = sparse(case["input"])
    x.features.requires_grad_()
    y = network(x)
    assert y.features.dtype == getattr(torch, case["dtype"])
    check_output(y, case["expect"])
    check_gradients(network, x.features, y, case["expect"])
