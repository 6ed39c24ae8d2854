"""Checkpoints of other libraries as bundles, and `python -m voxloom compare`, by networks in spconv's words."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import voxloom
from conftest import SOURCE
from voxloom import parity
from voxloom.__main__ import main

DATA = SOURCE / "tests" / "checkpoint" / "data"

# The networks that tests/checkpoint/make_spconv_networks.py has, with its weights, on the drop-in.
SCRIPT = """
import sys
import numpy as np, torch
import voxloom, voxloom.compat
voxloom.compat.install("spconv")
sys.path.insert(0, {folder!r})
import make_spconv_networks as published
import spconv.pytorch as spconv

saved = torch.load({file!r})
net = published.{network}
net.load_state_dict({{name.rpartition({prefix!r})[2]: value for name, value in saved["state_dict"].items()}})
net.eval()

def inputs():
    return saved["expected"]["x_indices"], saved["expected"]["x_features"]

@torch.no_grad()
def run(coords, features):
    assert coords.dtype == np.int32 and features.dtype == np.float32
    batches = int(coords[:, 0].max()) + 1
    return net(spconv.SparseConvTensor(torch.from_numpy(features), torch.from_numpy(coords), {shape}, batches))
"""
UNET = dict(network="UNet(2, 3, 3, (2, 3, 2, 3, 3, 2, 3, 2), (2, 3, 4, 6, 2, 2, 2, 2))", prefix="backbone.",
            shape=[32, 32, 32])
SECOND = dict(network="Second(3, (2, 3, 4, 3), 4)", prefix="backbone_3d.", shape=[41, 16, 14])


def script(folder, name, **network):
    path = folder / "network.py"
    path.write_text(SCRIPT.format(folder=str(DATA.parent), file=str(DATA / name), **network), encoding="utf-8")
    return path


def compare(*arguments):
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(voxloom.__file__))}
    return subprocess.run([sys.executable, "-m", "voxloom", "compare", *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=False, env=environment)


def test_import_has_the_report_of_the_library(tmp_path):
    net = voxloom.import_checkpoint(DATA / "spconv_spunet.pth", "spunet")
    report = net.report
    assert (report.library, report.axes, report.prefix) == ("spconv", "xyz", "backbone.")
    assert report.used > 100 and report.unused == [] and "state_dict" in report.unwrapped
    net.save(tmp_path / "net.lattice")
    assert voxloom.verify_bundle(tmp_path / "net.lattice") == []
    tensors = voxloom.read_checkpoint(DATA / "spconv_spunet.pth")
    assert tensors[report.prefix + "final.weight"].shape == (3, 1, 1, 1, 2)
    assert {"spunet", "minkunet34c", "voxelbackbone8x"} <= set(voxloom.importable_networks())
    other = voxloom.import_checkpoint(DATA / "spconv_second.pth", "voxelbackbone8x", from_library="spconv", axes="zyx",
                                      prefix="backbone_3d.", spatial_shape=[41, 16, 14])
    assert other.report.axes == "zyx"


@pytest.mark.parametrize("options, message", [
    (dict(network="unet"), "unet"), (dict(network="spunet", axes="yxz"), "expected one of 'xyz', 'zyx', got 'yxz'"),
    (dict(network="spunet", pointwise="run"), "'as_declared', 'as_run', got 'run'"),
    (dict(network="spunet", from_library="caffe"), "caffe"), (dict(network="minkunet34c"), "none of the checkpoint")])
def test_what_cannot_be_imported(options, message):
    with pytest.raises(ValueError, match=message):
        voxloom.import_checkpoint(DATA / "spconv_spunet.pth", **options)


def test_no_such_file():
    with pytest.raises(voxloom.FormatError, match="no such file"):
        voxloom.import_checkpoint(DATA / "nothing.pth", "spunet")


def test_compare_finds_the_same(tmp_path):
    pytest.importorskip("torch")
    voxloom.import_checkpoint(DATA / "spconv_spunet.pth", "spunet").save(tmp_path / "unet.lattice")
    result = compare(tmp_path / "unet.lattice", "--with", script(tmp_path, "spconv_spunet.pth", **UNET))
    assert result.returncode == 0 and "rows compared        150\n" in result.stdout, result.stdout + result.stderr
    assert "the same, but for rounding" in result.stdout


def test_the_page_for_those_who_come_runs(tmp_path):
    """docs/coming_from.md, with a module of the original network beside it."""
    torch = pytest.importorskip("torch")
    page = (SOURCE / "docs" / "coming_from.md").read_text(encoding="utf-8")
    convert, network = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    state = torch.load(DATA / "spconv_spunet.pth")["state_dict"]
    state = {name.rpartition("backbone.")[2]: value for name, value in state.items()}
    torch.save({"state_dict": state}, tmp_path / "spunet.pth")
    (tmp_path / "my_networks.py").write_text(
        f"import sys\nimport voxloom.compat\nvoxloom.compat.install('spconv')\nsys.path.insert(0, {str(DATA.parent)!r})\n"
        "import make_spconv_networks as published\n"
        "def SpUNet(inputs, classes):\n"
        "    return published.UNet(inputs, classes, 3, (2, 3, 2, 3, 3, 2, 3, 2), (2, 3, 4, 6, 2, 2, 2, 2))\n",
        encoding="utf-8")
    (tmp_path / "convert.py").write_text(convert, encoding="utf-8")
    (tmp_path / "network.py").write_text(network, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(voxloom.__file__))}
    for command in (["convert.py"], ["-m", "voxloom", "compare", "spunet.lattice", "--with", "network.py"]):
        result = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300,
                                check=False, env=environment)
        assert result.returncode == 0, result.stdout + result.stderr
    said = [line.split()[0] for line in page.splitlines() if line.startswith(("    rows compared", "    largest", "    mean"))]
    assert said == [line.split()[0] for line in result.stdout.splitlines()[:3]]
    print(result.stdout)


def test_compare_turns_axes(tmp_path):
    pytest.importorskip("torch")
    net = voxloom.import_checkpoint(DATA / "spconv_second.pth", "voxelbackbone8x", spatial_shape=[41, 16, 14])
    net.save(tmp_path / "second.lattice")
    network = script(tmp_path, "spconv_second.pth", **SECOND)
    assert compare(tmp_path / "second.lattice", "--with", network, "--axes", "zyx").returncode == 0
    wrong = compare(tmp_path / "second.lattice", "--with", network)
    assert wrong.returncode == 1 and "NOT the same" in wrong.stdout


def test_compare_says_what_differs(tmp_path):
    pytest.importorskip("torch")
    declared = voxloom.import_checkpoint(DATA / "spconv_spunet.pth", "spunet", pointwise="as_declared")
    declared.save(tmp_path / "unet.lattice")
    network = script(tmp_path, "spconv_spunet.pth", **UNET)
    result = compare(tmp_path / "unet.lattice", "--with", network)
    assert result.returncode == 1 and "NOT the same" in result.stdout, result.stdout
    arrays = dict(zip(("x_coords", "x_features"), parity.made_up_scene(2, 800, 30)))
    voxloom.write_safetensors(tmp_path / "inputs.safetensors", arrays)
    result = compare(tmp_path / "unet.lattice", "--with", network, "--inputs", tmp_path / "inputs.safetensors")
    assert f"rows compared        {len(arrays['x_coords'])}\n" in result.stdout, result.stdout + result.stderr
    assert main(["compare", str(tmp_path / "none.lattice"), "--with", str(network)]) == 2


@pytest.fixture
def relu(tmp_path):
    """The bundle of max(x, 0) on two channels."""
    torch = pytest.importorskip("torch")
    import voxloom.torch

    rows = np.zeros((3, 4), np.int32)
    rows[:, 1] = range(3)
    return voxloom.torch.export(lambda x: voxloom.activate(x, "relu"), voxloom.SparseTensor(rows, torch.ones(3, 2)))


def test_rows_and_values_are_told_apart(relu):
    coords, features = parity.made_up_scene(2, 500, 30)
    same = parity.compare(relu, lambda c, x: (c, np.maximum(x, 0)), coords, features)
    assert same.is_within(0) and same.rows == len(coords) and same.same_best == 1
    shuffled = np.random.default_rng(0).permutation(len(coords))
    same = parity.compare(relu, lambda c, x: (c[shuffled], np.maximum(x, 0)[shuffled]), coords, features)
    assert same.is_within(0)

    def wrong(c, x):
        y = np.maximum(x, 0)
        y[7] += 0.5 * y.max()
        return y

    off = parity.compare(relu, wrong, coords, features)
    assert off.row == tuple(coords[7]) and not off.is_within(0.1) and off.largest_difference > 0.3
    fewer = parity.compare(relu, lambda c, x: (c[5:], np.maximum(x, 0)[5:]), coords, features)
    assert (fewer.missing, fewer.extra, fewer.rows) == (0, 5, len(coords) - 5) and not fewer.is_within(1)
    moved = parity.compare(relu, lambda c, x: (c + [0, 1000, 0, 0], np.maximum(x, 0)), coords, features)
    assert moved.rows == 0 and moved.missing == len(coords) and not moved.is_within(1)
    nan = parity.compare(relu, lambda c, x: (c, np.maximum(x, 0) * np.nan), coords, features)
    assert not nan.is_within(1)


@pytest.mark.parametrize("run, message", [
    (lambda c, x: "text", "expected a sparse tensor"), (lambda c, x: (c, x[:, :1]), "gives 2 channels"),
    (lambda c, x: (c[:, :3], x), r"expected \(N,4\) integers")])
def test_what_run_gives_is_checked(relu, run, message):
    with pytest.raises(ValueError, match=message):
        parity.compare(relu, run, *parity.made_up_scene(2, 100, 30))
    with pytest.raises(ValueError, match="got 'yzx'"):
        parity.compare(relu, run, *parity.made_up_scene(2, 100, 30), axes="yzx")


def test_tensors_of_every_library(relu):
    torch = pytest.importorskip("torch")
    import voxloom.compat.MinkowskiEngine as ME
    import voxloom.compat.spconv.pytorch as spconv
    import voxloom.compat.torchsparse as torchsparse

    coords, features = parity.made_up_scene(2, 300, 30)
    makers = [
        lambda c, x: voxloom.SparseTensor(c, np.maximum(x, 0)),
        lambda c, x: spconv.SparseConvTensor(torch.from_numpy(x).relu(), torch.from_numpy(c), [30] * 3, 1),
        lambda c, x: ME.SparseTensor(torch.from_numpy(x).relu(), torch.from_numpy(c) * torch.tensor([1, 2, 2, 2]).int(),
                                     tensor_stride=2),
        lambda c, x: torchsparse.SparseTensor(torch.from_numpy(x).relu(), torch.from_numpy(c), 2),
    ]
    for make in makers:
        assert parity.compare(relu, make, coords, features).is_within(0)
