"""Gradients, modules and everything of torch that must go on working. Skipped without torch."""

import copy
import io
import os
import subprocess

import numpy as np
import pytest

import voxloom
from conftest import random_array, random_rows, run_script

torch = pytest.importorskip("torch", reason="torch is not installed: voxloom.torch is not tested")

from voxloom.torch import functional as F  # noqa: E402
from voxloom.torch import models, nn  # noqa: E402


def tensor(*shape, seed=0, grad=True):
    return torch.from_numpy(random_array(*shape, seed=seed)).requires_grad_(grad)


@pytest.fixture
def x(rows):
    return voxloom.SparseTensor(rows, tensor(len(rows), 4))


@pytest.fixture
def map(coords):
    return voxloom.forward_map(coords, voxloom.strided_support(coords, 2), voxloom.KernelSpec(3, 2))


# --- the same bits as the C++ tape ---


def reference_network():
    """As reference.cpp builds it."""
    body = nn.Sequential(nn.SubmConv3d(8, 8, groups=2, bias=False), nn.BatchNorm(8), nn.Tanh())
    return nn.Sequential(
        nn.SubmConv3d(4, 8), nn.BatchNorm(8), nn.ReLU(), nn.Conv3d(8, 16, 2, 2), nn.BatchNorm(16), nn.GELU(),
        nn.ConvTranspose3d(16, 8), nn.LayerNorm(8), nn.SiLU(), nn.NormalizedSubmConv3d(8, 8), nn.GroupNorm(8, 2),
        nn.LeakyReLU(), nn.Pool3d("max", 3, 2), nn.TrilinearUpsample3d(), nn.RmsNorm(8), nn.Pool3d("avg"),
        nn.PoolTranspose3d(), nn.Residual(body), nn.Linear(8, 5))


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    """A folder with what the C++ library computed."""
    program = os.environ.get("VOXLOOM_PYTHON_REFERENCE")
    if program is None:
        pytest.skip("VOXLOOM_PYTHON_REFERENCE is not set: run through ctest to compare with the C++ tape")
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([program, str(folder)], check=True, timeout=300)
    return folder


NETWORKS = {"layers": reference_network,
            "minkunet": lambda: models.MinkUNet(in_channels=4, classes=5, depth=14, width=0.25)}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("threads", [1, 0])
def test_a_training_step_has_the_bits_of_the_cpp_tape(references, name, threads):
    expected, _ = voxloom.read_safetensors(references / f"{name}.safetensors")

    def same(key, found):
        assert np.array_equal(expected[key], found.detach().numpy()), key

    net = NETWORKS[name]()
    state = {key[len("parameter."):]: torch.from_numpy(value) for key, value in expected.items()
             if key.startswith("parameter.")}
    net.load_state_dict(state)
    features = torch.from_numpy(expected["features"]).requires_grad_()
    voxloom.set_threads(threads)
    try:
        y = net(voxloom.SparseTensor(expected["rows"], features))
        labels = torch.arange(y.rows) % 6 - 1
        loss = F.cross_entropy(y.features, labels, label_smoothing=0.1) + F.lovasz_softmax(y.features, labels)
        loss.backward()
    finally:
        voxloom.set_threads(0)
    assert np.array_equal(y.coords.rows, expected["y.rows"])
    same("y", y.features)
    same("loss", loss)
    same("gradient.features", features.grad)
    for parameter_name, parameter in net.named_parameters():
        same("gradient." + parameter_name, parameter.grad)
    for buffer_name, buffer in net.named_buffers():
        same("moved." + buffer_name, buffer)
    net.eval()
    with torch.no_grad():
        found = net(voxloom.SparseTensor(expected["rows"], features)).features.numpy()
    # Inference in C++ may fold norms into weights: the same function, not the same bits.
    np.testing.assert_allclose(found, expected["inference"], rtol=1e-4, atol=1e-5)


# --- gradients, one by one, against differences ---


def check_gradients(function, *inputs, wiggle=1e-2, tolerance=2e-2):
    """Directional derivatives of a weighted sum of function(*inputs), by central differences in float32."""
    result = function(*inputs)
    weights = torch.randn_like(result)
    gradients = torch.autograd.grad((result * weights).sum(), [t for t in inputs if t.requires_grad])
    wanted = [t for t in inputs if t.requires_grad]
    assert len(wanted) == len(gradients) > 0
    for place, (t, gradient) in enumerate(zip(wanted, gradients)):
        direction = torch.randn_like(t)
        ends = []
        for sign in (1, -1):
            moved = [i.detach() + sign * wiggle * direction if i is t else i.detach() for i in inputs]
            ends.append((function(*moved).double() * weights.double()).sum())
        slope = float((ends[0] - ends[1]) / (2 * wiggle))
        scale = float(gradient.norm() * direction.norm()) + 1e-3
        assert abs(slope - float((gradient * direction).sum())) < tolerance * scale, f"input {place}"


def test_gradients_of_products(map):
    n = map.source.size
    torch.manual_seed(0)
    check_gradients(lambda x, w, b: F.conv(x, w, map, b), tensor(n, 4), tensor(27, 4, 6, seed=1), tensor(6, seed=2))
    check_gradients(lambda x, w: F.conv(x, w, map, groups=2), tensor(n, 4), tensor(27, 2, 2, 3, seed=1))
    check_gradients(lambda x, w: F.conv(x, w, map.swapped()), tensor(map.target.size, 4), tensor(27, 4, 6, seed=1))
    check_gradients(lambda x, w: F.conv(x, w, None), tensor(n, 4), tensor(6, 4, seed=1))
    check_gradients(lambda x, w: F.conv(x, w, map, groups=4), tensor(n, 4), tensor(27, 4, seed=1))
    check_gradients(lambda x, w: F.conv(x, w, map), tensor(n, 4), tensor(6, 3, 3, 3, 4, seed=1))


def test_gradients_of_reductions(map):
    n = map.source.size
    torch.manual_seed(0)
    segments = np.random.default_rng(0).integers(-1, 9, n).astype(np.int32)
    rows = np.array([3, 3, -1, 0], np.int32)
    for mode in ("sum", "avg", "max"):
        check_gradients(lambda x: F.pool(x, map, mode), tensor(n, 3), wiggle=1e-3)
    for mode in ("sum", "mean", "max", "first"):
        check_gradients(lambda x: F.segment_reduce(x, segments, 9, mode), tensor(n, 3), wiggle=1e-3)
    check_gradients(lambda x: F.take_rows(x, rows), tensor(n, 3))
    fixed = tensor(n, 3, grad=False)
    check_gradients(lambda p: F.max_unpool(fixed, p, map), tensor(map.target.size, 3))


def test_gradients_of_norms_and_elements():
    torch.manual_seed(0)
    x, scale, bias = tensor(60, 8), tensor(8, seed=1), tensor(8, seed=2)
    mean, variance = torch.zeros(8), torch.ones(8)
    check_gradients(lambda x, s, b: F.batch_norm(x, s, b, mean, variance), x, scale, bias)
    check_gradients(lambda x, s, b: F.batch_norm_of_batch(x, s, b)[0], x, scale, bias)
    check_gradients(lambda x, s, r: F.batch_norm_of_batch(x, s, None, residual=r, relu=True)[0], x, scale,
                    tensor(60, 8, seed=3), wiggle=1e-3)
    check_gradients(lambda x, s, b: F.layer_norm(x, s, b), x, scale, bias)
    check_gradients(lambda x, s, b: F.group_norm(x, s, b, 2), x, scale, bias)
    check_gradients(lambda x, s: F.rms_norm(x, s), x, scale)
    for kind in ("relu", "sigmoid", "gelu", "silu", "leaky_relu", "tanh", "softplus"):
        check_gradients(lambda x: F.activate(x, kind), x, wiggle=1e-3)
    check_gradients(F.softmax, x)
    check_gradients(lambda x: F.dropout(x, 0.3, 5), x)


def test_gradients_of_what_the_tape_notes_down(coords):
    torch.manual_seed(0)
    other = voxloom.CoordinateSet(random_rows(seed=1))
    a, b = tensor(coords.size, 3), tensor(other.size, 3, seed=1)
    for op in ("add", "sub", "mul", "maximum", "minimum"):
        for join in ("inner", "outer"):
            check_gradients(lambda a, b: F.binary(op, a, b, coords, other, join)[1], a, b, wiggle=1e-3)
    check_gradients(lambda a, b: F.cat([a, b], [coords, other], "outer")[1], a, b)
    check_gradients(lambda a: F.reindex(a, coords, other), a)
    check_gradients(lambda a: F.to_dense(a, coords, -6, 5), a)
    points = torch.rand(200, 3) * 10 - 5
    check_gradients(lambda a: F.devoxelize(points, coords, a, interpolation="linear"), a)
    check_gradients(lambda a, w, b: F.normalized_subm_conv(a, w, b, coords, kernel_size=3), a,
                    tensor(27, 1, 3, 4, seed=1), tensor(4, seed=2))
    labels = torch.arange(coords.size) % 3
    check_gradients(lambda a: F.cross_entropy(a, labels), a)
    check_gradients(lambda a: F.lovasz_softmax(a, labels), a, wiggle=1e-3)


def test_operations_on_sparse_tensors_have_gradients(x):
    for y in (voxloom.pool3d(x), voxloom.global_pool(x), x + x, x * x, voxloom.cat([x, x]), voxloom.crop(x, -2, 2),
              voxloom.activate(x, "relu"), voxloom.trilinear_upsample3d(voxloom.pool3d(x)),
              voxloom.to_dense(x, -6, 5)):
        features = y.features if isinstance(y, voxloom.SparseTensor) else y
        (gradient,) = torch.autograd.grad(features.pow(2).sum(), x.features)
        assert gradient.shape == x.features.shape and gradient.abs().sum() > 0
    points = torch.rand(100, 3)
    features = tensor(100, 2)
    voxels = voxloom.voxelize(points, features, voxel_size=0.2).tensor
    voxloom.devoxelize(points, voxels, voxel_size=0.2).sum().backward()
    np.testing.assert_allclose(features.grad, 1, rtol=1e-5)
    assert not voxloom.topk(x, 3).requires_grad


# --- who wants a gradient ---


def test_features_or_weights_alone(map):
    n = map.source.size
    for wants in ((True, False, False), (False, True, False), (False, False, True), (True, True, True)):
        inputs = [tensor(n, 4, grad=wants[0]), tensor(27, 4, 6, grad=wants[1]), tensor(6, grad=wants[2])]
        y = F.conv(inputs[0], inputs[1], map, inputs[2])
        y.sum().backward()
        assert [t.grad is not None for t in inputs] == list(wants)
    assert not F.conv(*(t.detach() for t in inputs[:2]), map).requires_grad
    with torch.no_grad():
        assert not F.conv(inputs[0], inputs[1], map).requires_grad


def test_gradients_that_are_not_contiguous(map):
    x, weight = tensor(map.source.size, 4), tensor(27, 4, 6)
    F.conv(x, weight, map).sum().backward()  # dy is expanded
    expected = x.grad.clone()
    x.grad = None
    wide = tensor(4, map.source.size).detach()
    y = F.conv(wide.t().requires_grad_(), weight, map)  # neither are the features
    y.t().contiguous().sum().backward()
    F.conv(x, weight, map).sum().backward()
    assert torch.equal(x.grad, expected)


def test_a_graph_that_is_kept_can_be_walked_twice(x):
    for y in (voxloom.subm_conv3d(x, tensor(27, 4, 3)), x * x):  # a product, and one that the tape notes down
        total = y.features.sum()
        first = torch.autograd.grad(total, x.features, retain_graph=True)[0]
        again = torch.autograd.grad(total, x.features)[0]
        assert torch.equal(first, again)


def test_second_derivatives_are_refused(x):
    weight = tensor(27, 4, 3)
    for y in (voxloom.subm_conv3d(x, weight), x * x):
        (gradient,) = torch.autograd.grad(y.features.sum(), x.features, create_graph=True)
        with pytest.raises(RuntimeError, match=r"\[(subm_conv3d|mul)\] second derivatives are not worked out"):
            gradient.sum().backward()


def test_writing_over_what_a_gradient_needs_is_noticed(x):
    features = x.features.detach().clone()
    weight = tensor(27, 4, 3)
    y = voxloom.subm_conv3d(voxloom.SparseTensor(x.coords, features), weight).features
    features.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_checkpoints_of_torch(x):
    from torch.utils.checkpoint import checkpoint

    weight = tensor(27, 4, 4)
    plain = torch.autograd.grad(voxloom.subm_conv3d(x, weight).features.sum(), weight)[0]
    run = lambda f: voxloom.subm_conv3d(x.with_features(f), weight).features  # noqa: E731
    again = torch.autograd.grad(checkpoint(run, x.features, use_reentrant=False).sum(), weight)[0]
    assert torch.equal(plain, again)


# --- types ---


def test_bfloat16_autocast(x):
    conv = nn.SubmConv3d(4, 8)
    expected = conv(x).features
    with torch.autocast("cpu", torch.bfloat16):
        y = nn.Sequential(conv, nn.BatchNorm(8), nn.ReLU())(x)
        assert conv(x).features.dtype == torch.bfloat16 and y.dtype == torch.bfloat16
    y.features.float().pow(2).sum().backward()
    assert conv.weight.grad.dtype == torch.float32 and conv.weight.grad.abs().sum() > 0
    with torch.autocast("cpu", torch.bfloat16):
        np.testing.assert_allclose(conv(x).features.float().detach(), expected.detach(), rtol=5e-2, atol=5e-2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_stored_in_two_bytes(x, dtype):
    half = voxloom.SparseTensor(x.coords, x.features.detach().to(dtype).requires_grad_())
    y = voxloom.subm_conv3d(half, tensor(27, 4, 4).to(dtype))
    for z in (y, voxloom.pool3d(y), voxloom.pool3d(y, mode="avg"), y + half, nn.LayerNorm(4)(y)):
        assert z.dtype == dtype
        z.features.float().sum().backward(retain_graph=True)
    assert half.features.grad.dtype == dtype


def test_wrong_tensors_are_value_errors(x, map):
    with pytest.raises(ValueError, match=r"\[sparse_tensor\] features: expected float32, float16 or bfloat16, got torch.float64"):
        voxloom.SparseTensor(x.coords, x.features.double())
    with pytest.raises(ValueError, match=r"\[conv\] x: expected a tensor on the CPU, got one on meta"):
        F.conv(torch.empty(3, 4, device="meta"), tensor(27, 4, 6), map)
    with pytest.raises(ValueError, match=r"\[conv\]"):
        F.conv(x.features.bfloat16(), tensor(27, 4, 6), map)


# --- modules ---


def test_modules_are_torch_modules(x):
    torch.manual_seed(3)
    net = nn.Sequential(nn.SubmConv3d(4, 8), nn.BatchNorm(8), torch.nn.ReLU(), nn.GlobalPool())
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"]
    assert net[0].weight.shape == (27, 1, 4, 8) and net[0].weight.abs().max() <= (27 * 4) ** -0.5
    net.eval()
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other = nn.Sequential(nn.SubmConv3d(4, 8), nn.BatchNorm(8), torch.nn.ReLU(), nn.GlobalPool()).eval()
    assert not torch.equal(other(x), net(x))
    other.load_state_dict(torch.load(file))
    assert torch.equal(other(x), net(x)) and torch.equal(copy.deepcopy(net)(x), net(x))
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    try:
        whole = torch.load(file, weights_only=False)
    except TypeError:  # before torch 1.13 had the option
        whole = torch.load(file)
    assert torch.equal(whole(x), net(x))
    seen = []
    net[0].register_forward_hook(lambda module, inputs, output: seen.append(output.channels))
    net(x)
    assert seen == [8] and "SubmConv3d(4, 8" in repr(net)


def test_wrong_modules_are_refused():
    with pytest.raises(ValueError, match=r"\[nn.Conv3d\] 3 -> 4 channels do not split into 2 groups"):
        nn.Conv3d(3, 4, groups=2)
    with pytest.raises(ValueError, match=r"\[nn.SubmConv3d\] needs at least one channel, got 0 -> 4"):
        nn.SubmConv3d(0, 4)
    with pytest.raises(ValueError, match=r"\[nn.Dropout\] the probability should lie in \[0, 1\), got 1.0"):
        nn.Dropout(1.0)


def test_every_module_runs_both_ways(x):
    torch.manual_seed(0)
    half = nn.Conv3d(4, 4, 2, 2)
    map = voxloom.conv3d_map(x, kernel_size=2, stride=2)
    inverse = nn.InverseConv3d(4, 4, 8)
    up = nn.GenerativeConvTranspose3d(4, 4)
    results = [
        inverse(half(x), map), up(half(x)), nn.NormalizedConvTranspose3d(4, 4)(half(x), x),
        nn.NormalizedGenerativeConvTranspose3d(4, 4)(half(x)), nn.Residual(nn.SubmConv3d(4, 4), nn.Linear(4, 4))(x),
        nn.Dropout(0.5)(x), nn.Sigmoid()(x), nn.Softplus()(x), nn.RmsNorm(4)(x),
        nn.Conv3d(4, 4, support="reachable", bounds=((0, 0, 0), (3, 3, 3)))(x),
        nn.Conv3d(4, 4, offsets=[(0, 0, 0), (4, 0, 0)])(x)]
    for y in results:
        assert torch.autograd.grad(y.features.pow(2).sum(), x.features, retain_graph=True)[0].abs().sum() > 0
    assert nn.Dropout(0.5).eval()(x) is x


def test_training_with_an_optimizer(x):
    torch.manual_seed(0)
    net = nn.Sequential(nn.SubmConv3d(4, 16), nn.BatchNorm(16), nn.ReLU(), nn.SubmConv3d(16, 2))
    labels = (x.coords.rows[:, 1] > 0).astype(np.int64)
    optimizer = torch.optim.AdamW(net.parameters(), 0.02)
    data = x.detach()
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(data).features, torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
    accuracy = (net(data).features.argmax(1).numpy() == labels).mean()
    assert accuracy > 0.9


# --- processes ---

NETWORK = """
import numpy as np, torch, voxloom
from voxloom.torch import nn
def rows(seed):
    rng = np.random.default_rng(seed)
    return np.unique(np.column_stack([np.zeros(2000, int), rng.integers(0, 12, (2000, 3))]), axis=0).astype(np.int32)
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.SubmConv3d(3, 8), nn.ReLU(), nn.Conv3d(8, 8, 2, 2), nn.GlobalPool())
def batch(seed):
    r = rows(seed)
    return voxloom.SparseTensor(r, torch.from_numpy(np.random.default_rng(seed).normal(size=(len(r), 3)).astype("f4")))
"""


def test_distributed_data_parallel_over_gloo(tmp_path):
    if not torch.distributed.is_available():
        pytest.skip("this torch is built without torch.distributed")
    script = tmp_path / "ddp.py"
    script.write_text(NETWORK + """
import sys, torch.distributed as dist, torch.multiprocessing as mp
def work(rank, store):
    dist.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=2)
    net = torch.nn.parallel.DistributedDataParallel(network())
    net(batch(rank)).pow(2).sum().backward()
    alone = [network() for _ in range(2)]
    for seed, one in enumerate(alone): one(batch(seed)).pow(2).sum().backward()
    for p, a, b in zip(net.parameters(), alone[0].parameters(), alone[1].parameters()):
        assert torch.allclose(p.grad, (a.grad + b.grad) / 2, rtol=1e-5, atol=1e-6)
    dist.destroy_process_group()
if __name__ == "__main__":
    mp.spawn(work, (sys.argv[1],), nprocs=2)
    print("done")
""")
    result = subprocess.run([os.sys.executable, str(script), str(tmp_path / "store")], capture_output=True, text=True,
                            timeout=300, check=False)
    assert result.stdout.strip() == "done", result.stdout + result.stderr


def test_workers_of_a_data_loader():
    run_script(NETWORK + """
class Data(torch.utils.data.Dataset):
    def __len__(self): return 8
    def __getitem__(self, i): return voxloom.pool3d(batch(i)).features.sum(0)
network()(batch(0)).sum().backward()     # the parent has used its threads
expected = [Data()[i] for i in range(8)]
loader = torch.utils.data.DataLoader(Data(), batch_size=None, num_workers=2)
assert all(torch.equal(a, b) for a, b in zip(loader, expected))
""", timeout=300)
