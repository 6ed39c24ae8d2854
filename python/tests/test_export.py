"""voxloom.torch.export: bundles of networks of ours and of the drop-ins, bit for bit, and what cannot be written."""

import inspect
import os
import subprocess

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import voxloom
import voxloom.compat.MinkowskiEngine as ME
import voxloom.compat.spconv.pytorch as spconv
import voxloom.compat.torchsparse as torchsparse
import voxloom.compat.torchsparse.nn as spnn
import voxloom.torch as vt
from conftest import random_rows
from voxloom.torch import models, nn


def settled(net, x, steps=2):
    """In eval(), with running statistics that are those of x."""
    for _ in range(steps):
        net(x)
    return net.eval()


def features(rows, channels=4, seed=0):
    return torch.randn(len(rows), channels, generator=torch.Generator().manual_seed(seed))


def positive(count, extent, axes=3, seed=0):
    """Unique rows from 0, in no order."""
    rng = np.random.default_rng(seed)
    return rng.permutation(np.unique(rng.integers(0, extent, (count, 1 + axes)) * [0, *[1] * axes], axis=0)).astype(np.int32)


# --- networks, in each library's words ---


class Spconv(torch.nn.Module):
    """A U-Net as Pointcept's SpUNet writes them."""

    def __init__(self):
        super().__init__()
        norm, sequential = torch.nn.BatchNorm1d, spconv.SparseSequential
        self.stem = sequential(spconv.SubMConv3d(4, 16, 5, padding=1, bias=False, indice_key="stem"), norm(16, eps=1e-3),
                               torch.nn.ReLU(inplace=True))
        self.down1 = sequential(spconv.SparseConv3d(16, 32, 2, stride=2, bias=False, indice_key="1"), norm(32),
                                torch.nn.ReLU())
        self.conv1 = spconv.SubMConv3d(32, 32, 3, padding=1, bias=False, indice_key="subm1")
        self.norm1 = norm(32)
        self.down2 = spconv.SparseConv3d(32, 32, 3, stride=2, padding=1, indice_key="2")
        self.pool = spconv.SparseMaxPool3d(2, 2, indice_key="pool", algo=spconv.ConvAlgo.MaskImplicitGemm)
        self.unpool = spconv.SparseInverseConv3d(32, 32, 2, indice_key="pool")
        self.up2 = sequential(spconv.SparseInverseConv3d(32, 32, 3, indice_key="2"), torch.nn.GELU())
        self.up1 = spconv.SparseInverseConv3d(64, 16, 2, indice_key="1")
        self.proj = spconv.SubMConv3d(32, 16, 1, bias=False)
        self.head = torch.nn.Linear(16, 5)

    def forward(self, x):
        x = self.stem(x)
        fine = x
        x = self.down1(x)
        side = x
        x = self.conv1(x)
        x = x.replace_feature(self.norm1(x.features))
        x = x.replace_feature(torch.relu(x.features + side.features))
        coarse = x
        x = self.up2(self.unpool(self.pool(self.down2(x))))
        x = x.replace_feature(torch.cat((x.features, coarse.features), dim=1))
        x = self.up1(x)
        x = self.proj(x.replace_feature(torch.cat([x.features, fine.features], 1)))
        return self.head(x.features)


class Encoder(torch.nn.Module):
    """Rows of another order than the graph's: only coordinates say which is which."""

    def __init__(self):
        super().__init__()
        self.body = spconv.SparseSequential(
            spconv.SparseConv3d(4, 8, 3, stride=2, padding=1), torch.nn.ReLU(), spconv.SparseConv3d(8, 8, (3, 1, 1), (2, 1, 1)),
            spconv.SparseConv3d(8, 8, 3))

    def forward(self, x):
        return self.body(x)


class Minkowski(torch.nn.Module):
    def __init__(self, dimension=3):
        super().__init__()
        d = {"dimension": dimension}
        self.conv0, self.norm0 = ME.MinkowskiConvolution(4, 16, kernel_size=3, **d), ME.MinkowskiBatchNorm(16)
        self.conv1, self.norm1 = ME.MinkowskiConvolution(16, 32, kernel_size=2, stride=2, **d), ME.MinkowskiBatchNorm(32)
        self.pool = ME.MinkowskiMaxPooling(2, 2, **d)
        self.conv2 = ME.MinkowskiConvolution(32, 32, kernel_size=3, dilation=2, **d)
        self.up2 = ME.MinkowskiConvolutionTranspose(32, 32, kernel_size=2, stride=2, **d)
        self.up1 = ME.MinkowskiConvolutionTranspose(64, 16, kernel_size=3, stride=2, **d)
        self.relu = ME.MinkowskiReLU(inplace=True)
        self.cross = ME.MinkowskiConvolution(32, 8, dimension=dimension, kernel_generator=ME.KernelGenerator(
            3, region_type=ME.RegionType.HYPER_CROSS, dimension=dimension))
        self.linear = ME.MinkowskiLinear(8, 5)

    def forward(self, x):
        fine = self.relu(self.norm0(self.conv0(x)))
        coarse = self.relu(self.norm1(self.conv1(fine)))
        deep = self.conv2(self.pool(coarse))
        up = ME.cat(self.up2(deep), coarse)
        return self.linear(self.cross(ME.cat(self.up1(up), fine)))


class Torchsparse(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.relu = spnn.Conv3d(4, 16, 3), spnn.BatchNorm(16), spnn.ReLU(True)
        self.down, self.deep = spnn.Conv3d(16, 16, 2, stride=2), spnn.Conv3d(16, 16, 3)
        self.up, self.head = spnn.Conv3d(16, 16, 2, stride=2, transposed=True), torch.nn.Linear(32, 5)

    def forward(self, x):
        fine = self.relu(self.norm(self.conv(x)))
        return self.head(torchsparse.cat([self.up(self.deep(self.down(fine))), fine]).feats)


class Ours(torch.nn.Module):
    """What the other networks have not."""

    def __init__(self):
        super().__init__()
        self.grouped = nn.SubmConv3d(4, 8, groups=2)
        self.reachable = nn.Conv3d(8, 8, 3, 2, 1, support="reachable", origin="corner", bounds=((-4, -4, -4), (5, 5, 5)))
        self.normalized = nn.NormalizedSubmConv3d(8, 8)
        self.up = nn.NormalizedConvTranspose3d(8, 8)
        self.layer, self.group, self.rms = nn.LayerNorm(8), nn.GroupNorm(8, 2), nn.RmsNorm(8)
        self.residual = nn.Residual(nn.SubmConv3d(8, 8), relu=True)
        self.inverse = nn.InverseConv3d(8, 8, 8)

    def forward(self, x):
        x = self.residual(self.rms(self.group(self.layer(self.grouped(x)))))
        coarse = self.normalized(self.reachable(x))
        up = self.up(coarse, target=x)
        x = voxloom.cat([voxloom.mul(up, x, join="left"), voxloom.activate(up, "silu")])
        pooled = voxloom.pool3d(x, mode="avg")
        both = voxloom.maximum(voxloom.trilinear_upsample3d(pooled, target=x), voxloom.pool_transpose3d(pooled, target=x))
        down = voxloom.conv3d_map(both, kernel_size=2, stride=2)
        half = voxloom.conv_on_map(both, torch.ones(8, 16, 8), None, down)
        back = self.inverse(half, down)
        unpooled = voxloom.max_unpool3d(back, voxloom.pool3d(back))
        return {"scores": voxloom.crop(unpooled, -3, 3), "whole": voxloom.global_pool(back, "max"),
                "soft": back.with_features(torch.softmax(back.features, 1))}


def spconv_input(seed=0):
    rows = positive(1200, 23, seed=seed)
    return spconv.SparseConvTensor(features(rows, seed=seed), torch.from_numpy(rows), [23, 23, 23], 1)


def minkowski_input(dimension=3):
    rows = positive(900, 24, dimension)
    rows[:, 1:] -= 12
    return ME.SparseTensor(features(rows), torch.from_numpy(rows))


def our_input():
    rows = random_rows(900, 7)
    return voxloom.SparseTensor(rows, features(rows))


def torchsparse_input():
    rows = positive(900, 20)
    return torchsparse.SparseTensor(features(rows), torch.from_numpy(rows), spatial_range=(1, 20, 20, 20))


CASES = {
    "minkunet": (lambda: models.MinkUNet(4, 5, 14, width=0.5), our_input),
    "ours": (Ours, our_input),
    "spconv": (Spconv, spconv_input),
    "spconv encoder": (Encoder, spconv_input),
    "minkowski": (Minkowski, minkowski_input),
    "minkowski 2d": (lambda: Minkowski(2), lambda: minkowski_input(2)),
    "torchsparse": (Torchsparse, torchsparse_input),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bundle_has_the_bits_of_the_run(case, tmp_path):
    make, example = CASES[case]
    torch.manual_seed(0)
    x = example()
    net = settled(make(), x)
    bundle = vt.export(net, x)
    assert bundle.agreement.is_exact and bundle.agreement.rows > 100, bundle.agreement
    bundle.save(tmp_path / "net.lattice")
    assert voxloom.verify_bundle(tmp_path / "net.lattice") == []
    assert {name.rpartition(".")[0] for name in bundle.weights} & {name for name, _ in net.named_modules()}
    results = voxloom.Model(tmp_path / "net.lattice", fuse=False)
    assert set(results.outputs) == ({"scores", "whole", "soft"} if case == "ours" else {"output"})


@pytest.mark.parametrize("case", ["minkunet", "spconv", "minkowski", "torchsparse"])
def test_packed_and_folded(case, tmp_path):
    make, example = CASES[case]
    torch.manual_seed(0)
    x = example()
    net = settled(make(), x)
    folded = vt.export(net, x, exact=False)
    assert folded.agreement.largest_difference < 1e-5 and "batch_norm" not in folded.text
    packed = vt.export(net, x, packed_bits=8, group_size=32)
    assert 0 < packed.agreement.largest_difference < 0.05
    assert any(name.endswith(".scales") for name in packed.weights)
    packed.save(tmp_path / "net.lattice")
    assert voxloom.verify_bundle(tmp_path / "net.lattice") == []
    if case == "minkunet":
        sizes = [sum(array.nbytes for array in bundle.weights.values()) for bundle in (packed, folded)]
        assert sizes[0] < 0.5 * sizes[1]


def test_other_scenes_than_the_example():
    """What was written down is the network, not the example."""
    torch.manual_seed(0)
    net = settled(Spconv(), spconv_input())
    model = voxloom.Model(vt.export(net, spconv_input()), fuse=False)
    for seed in (1, 2):
        x = spconv_input(seed)
        with torch.no_grad():
            wanted = net(x)
        found = model.run({"x_coords": x.indices, "x_features": x.features,
                           "x_active": np.array([len(x.indices)], np.int32)})["output"]
        assert torch.equal(torch.from_numpy(np.array(found.coords.rows)), x.indices)
        assert (found.features - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def test_only_ours_is_the_plain_run():
    """A network of the engine's operations alone runs the same inside and outside of export."""
    x = our_input()
    net = settled(models.MinkUNet(4, 5, 14, width=0.5), x)
    with torch.no_grad():
        wanted = net(x).features
    found = voxloom.Model(vt.export(net, x), fuse=False).run({
        "x_coords": x.coords.rows, "x_features": x.features, "x_active": np.array([x.rows], np.int32)})["output"]
    assert torch.equal(found.features, wanted)


def test_weights_keep_their_names():
    net = settled(models.MinkUNet(4, 5, 14, width=0.5), our_input())
    bundle = vt.export(net, our_input())
    state = {name for name, array in net.state_dict().items() if array.dtype == torch.float32}
    assert set(bundle.weights) == state


def test_on_points(tmp_path):
    """With a grid the bundle labels scans: a voxel's features are the mean of its points', as voxelize says."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-4, 4, (4000, 3)).astype(np.float32)
    intensity = rng.uniform(0, 1, (4000, 1)).astype(np.float32)
    x = voxloom.voxelize(points, torch.from_numpy(intensity), voxel_size=0.5).tensor
    net = settled(nn.Sequential(nn.SubmConv3d(1, 16), nn.BatchNorm(16), nn.ReLU(), nn.Linear(16, 3)), x)
    classes = [voxloom.LabelClass(name, (10 * i, 20, 30), (i,)) for i, name in enumerate(("road", "car", "tree"))]
    vt.export(net, x, grid=0.5).save(tmp_path / "net.lattice", classes=classes, features=["intensity"])
    labeller = voxloom.PointLabeller(tmp_path / "net.lattice")
    assert [c.name for c in labeller.classes] == ["road", "car", "tree"]
    labels = labeller.label(voxloom.Scan(points.astype(np.float64), {"intensity": intensity[:, 0]}))
    with torch.no_grad():
        best = net(x).features.argmax(1).numpy()
    wanted = best[voxloom.voxelize(points, intensity, voxel_size=0.5).row_of_point]
    assert (labels.classes == wanted).mean() > 0.999
    program = os.environ.get("VOXLOOM_PROGRAM")
    if not program:
        pytest.skip("VOXLOOM_PROGRAM is not set: voxloom segment is not run on the bundle")
    voxloom.write_scan(tmp_path / "scan.ply", voxloom.Scan(points.astype(np.float64), {"intensity": intensity[:, 0]}))
    for command in (["info"], ["verify"]):
        subprocess.run([program, *command, tmp_path / "net.lattice"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([program, "segment", tmp_path / "scan.ply", "--model", tmp_path / "net.lattice", "--out", tmp_path / "out",
                    "--no-pictures"], check=True, stdout=subprocess.DEVNULL)


# --- what cannot be written down ---


class Step(torch.nn.Module):
    def __init__(self, step):
        super().__init__()
        self.conv, self.step = nn.SubmConv3d(4, 8), step

    def forward(self, x):
        return self.step(self.conv(x))


def _fourier(y):
    spectrum = torch.fft.fft(y.features).real
    return y.with_features(spectrum + y.features)


def _branch(y):
    return y if y.features.max() > 0 else voxloom.activate(y, "relu")


def _in_place(y):
    y.features.mul_(2.0)
    return y


def _pruned(y):
    return voxloom.prune(y, np.arange(5, dtype=np.int32))


def _own_map(y):
    map = voxloom.KernelMap.from_pairs(y.coords, y.coords, 1, *(np.arange(3, dtype=np.int32),) * 2, np.zeros(3, np.int32))
    return voxloom.conv_on_map(y, torch.ones(1, 8, 8), None, map)


def _norm_of_batch(y):
    return y.with_features(torch.nn.functional.batch_norm(y.features, None, None, training=True))


def _other_order_of_norm(y):
    """torch.batch_norm takes weight and bias before the statistics."""
    weight, bias, mean, var = (torch.arange(8.0) + i for i in (1, 2, 3, 4))
    return y.with_features(torch.batch_norm(y.features, weight, bias, mean, var, False, 0.1, 1e-5, False))


def _other_names(y):
    half = torch.relu(input=y.features)
    return y.with_features(torch.cat([half, y.features], axis=1))


def _numpy(y):
    return y.with_features(torch.from_numpy(y.features.numpy()))


REFUSED = {"fft": _fourier, "__bool__": _branch, "mul": _in_place, "prune": _pruned, "conv": _own_map,
           "batch_norm": _norm_of_batch, "numpy": _numpy, "relu": _other_names}


@pytest.mark.parametrize("name", REFUSED)
def test_a_step_that_cannot_be_written_is_named_with_its_place(name):
    step = REFUSED[name]
    with pytest.raises(vt.ExportError) as caught:
        vt.export(Step(step).eval(), our_input())
    _, first = inspect.getsourcelines(step)
    line = next(first + i for i, text in enumerate(inspect.getsource(step).splitlines()) if i > 0 and "map =" not in text)
    message = str(caught.value)
    assert name in message and f"{__file__}:{line}" in message, message
    vt.export(Step(lambda y: y).eval(), our_input())  # the next one is not disturbed


def test_the_norm_whose_arguments_stand_in_another_order():
    torch.manual_seed(0)
    step, x = Step(_other_order_of_norm).eval(), our_input()
    with torch.no_grad():
        wanted = step(x).features
    found = voxloom.Model(vt.export(step, x), fuse=False).run(
        {"x_coords": x.coords.rows, "x_features": x.features, "x_active": np.array([len(wanted)], np.int32)})["output"]
    assert (torch.as_tensor(np.array(found.features)) - wanted).abs().max() <= 1e-4 * wanted.abs().max()


def test_weights_worked_out_on_the_way_are_not_taken_for_each_other():
    """Each is freed when the next is made, which often gets its address."""
    torch.manual_seed(0)

    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.randn(12, 1, 4, 4))

        def forward(self, x):
            for i in range(12):
                x = voxloom.subm_conv3d(x, self.w[i] * 0.5, kernel_size=1)
            return x

    assert vt.export(Scaled().eval(), our_input()).agreement.is_exact


def test_misuse():
    with pytest.raises(vt.ExportError, match="call eval"):
        vt.export(Step(lambda y: y), our_input())
    with pytest.raises(vt.ExportError, match="one sparse tensor, got 0"):
        vt.export(Step(lambda y: y).eval(), torch.ones(3, 4))
    with pytest.raises(vt.ExportError, match="torch.bfloat16"):
        rows = random_rows(30)
        vt.export(Step(lambda y: y).eval(), voxloom.SparseTensor(rows, features(rows).bfloat16()))
    with pytest.raises(vt.ExportError, match="does not follow"):
        vt.export(lambda x: torch.ones(3, 4), our_input())


def test_a_bundle_that_computes_something_else_is_refused():
    """A value from outside of the graph changes between the run and its check only if it was baked in wrongly."""
    x = our_input()
    calls = []

    class Casting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.SubmConv3d(4, 8)

        def forward(self, x):
            calls.append(1)
            with torch.autocast("cpu", torch.bfloat16):
                return self.conv(x)

    with pytest.raises(vt.ExportError):
        vt.export(Casting().eval(), x)
    assert calls == [1]
