"""Convolutions and pools of the MinkowskiEngine drop-in against their definition in float64."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minkowski_oracle as oracle  # noqa: E402
import voxloom.compat.MinkowskiEngine as ME  # noqa: E402

EXTENT = {1: 40, 2: 9, 3: 5, 4: 3, 5: 3}
SHAPES = [
    # dimension, kernel size, stride, dilation
    (1, 3, 1, 1), (1, 2, 2, 1), (1, 5, 3, 2), (2, 3, 1, 1), (2, 3, 2, 1), (2, [3, 2], [1, 2], [2, 1]), (2, 4, 2, 1),
    (3, 3, 1, 1), (3, 3, 2, 1), (3, 2, 2, 1), (3, 5, 1, 1), (3, 3, 3, 2), (3, [1, 3, 5], [2, 1, 3], [1, 2, 1]),
    (3, [2, 3, 4], 1, 1), (3, 1, 2, 1), (4, 3, 1, 1), (4, 2, 2, 1), (4, 3, 2, 1), (5, 2, 2, 1),
]


def listed(value, dimension):
    return [value] * dimension if isinstance(value, int) else value


def make_tensor(dimension, channels, seed=0, batches=2, tensor_stride=1, dtype=torch.float64, most=60):
    """A random tensor, rows in random order, negative coordinates among them."""
    rng = np.random.default_rng(seed)
    extent = EXTENT[dimension]
    cells = np.stack(np.meshgrid(np.arange(batches), *[np.arange(extent)] * dimension, indexing="ij"), -1)
    cells = cells.reshape(-1, dimension + 1)
    rows = rng.permutation(len(cells))[: min(most, max(3, len(cells) // 3))]
    coords = cells[rows].astype(np.int32)
    coords[:, 1:] -= extent // 2
    coords[:, 1:] *= tensor_stride
    features = torch.from_numpy(rng.normal(size=(len(coords), channels))).to(dtype)
    return ME.SparseTensor(features, torch.from_numpy(coords), tensor_stride=tensor_stride)


def close(got, expected, tolerance=1e-12):
    np.testing.assert_allclose(got.detach().double().numpy(), expected, rtol=tolerance, atol=tolerance)


def by_definition(x, layer, out, is_transpose=False):
    """The layer's output rows at the coordinates of `out`."""
    g = layer.kernel_generator
    fine = out.tensor_stride if is_transpose else x.tensor_stride
    scale = [d * s for d, s in zip(g.kernel_dilation, fine)]
    pairs = oracle.entries(oracle.tuples(x.C), oracle.tuples(out.C), oracle.box(g.kernel_size), scale, is_transpose)
    kernel = layer.kernel.detach().double().numpy()
    kernel = kernel[None] if kernel.ndim == 2 else kernel
    y = oracle.conv(x.F.detach().double().numpy(), kernel, pairs, len(out))
    return y if layer.bias is None else y + layer.bias.detach().double().numpy()


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 2e-5)])
@pytest.mark.parametrize("dimension, size, stride, dilation", SHAPES)
@pytest.mark.parametrize("tensor_stride", [1, 4])
def test_convolution(dimension, size, stride, dilation, tensor_stride, dtype, tolerance):
    x = make_tensor(dimension, 3, 1, tensor_stride=tensor_stride, dtype=dtype)
    layer = ME.MinkowskiConvolution(3, 5, size, stride, dilation, bias=True, dimension=dimension).to(dtype)
    y = layer(x)
    steps = listed(stride, dimension)
    assert y.tensor_stride == [tensor_stride * s for s in steps]
    if layer.use_mm:
        assert y.coordinate_map_key == x.coordinate_map_key
    else:
        expected = oracle.strided(oracle.tuples(x.C), y.tensor_stride)
        assert sorted(oracle.tuples(y.C)) == sorted(expected)
        assert len(set(oracle.tuples(y.C))) == len(y)
    close(y.F, by_definition(x, layer, y), tolerance)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 2e-5)])
@pytest.mark.parametrize("dimension, size, stride, dilation", [s for s in SHAPES if s[2] != 1])
def test_transposed_onto_the_map_of_the_encoder(dimension, size, stride, dilation, dtype, tolerance):
    x = make_tensor(dimension, 3, 2, dtype=dtype)
    down = ME.MinkowskiConvolution(3, 4, size, stride, dilation, dimension=dimension).to(dtype)
    up = ME.MinkowskiConvolutionTranspose(4, 2, size, stride, dilation, bias=True, dimension=dimension).to(dtype)
    coarse = down(x)
    y = up(coarse)
    if not up.use_mm:
        assert y.coordinate_map_key == x.coordinate_map_key
    close(y.F, by_definition(coarse, up, y, True), tolerance)


@pytest.mark.parametrize("dimension, size, stride, dilation", SHAPES)
def test_generative_transposed(dimension, size, stride, dilation):
    stride = listed(stride, dimension)
    x = make_tensor(dimension, 2, 3, tensor_stride=int(np.lcm.reduce(stride)))
    layer = ME.MinkowskiGenerativeConvolutionTranspose(2, 3, size, stride, dilation, dimension=dimension).double()
    y = layer(x)
    assert y.tensor_stride == [t // s for t, s in zip(x.tensor_stride, stride)]
    if not layer.use_mm:
        scale = [d * s for d, s in zip(listed(dilation, dimension), y.tensor_stride)]
        reached = {oracle.shifted(c, o, scale) for c in oracle.tuples(x.C)
                   for o in oracle.box(listed(size, dimension))}
        assert sorted(reached) == sorted(oracle.tuples(y.C))
    close(y.F, by_definition(x, layer, y, True))


@pytest.mark.parametrize("dimension, size, stride", [(1, 3, 2), (2, 3, 1), (2, 3, 2), (3, 2, 2), (3, 3, 1), (4, 2, 2)])
def test_expanded_coordinates(dimension, size, stride):
    x = make_tensor(dimension, 2, 4)
    layer = ME.MinkowskiConvolution(2, 3, size, stride, expand_coordinates=True, dimension=dimension).double()
    y = layer(x)
    offsets = oracle.box([size] * dimension)
    reached = {oracle.shifted(c, o, [1] * dimension) for c in oracle.tuples(x.C) for o in offsets}
    expected = [c for c in reached if all(v % stride == 0 for v in c[1:])]
    assert sorted(expected) == sorted(oracle.tuples(y.C))
    close(y.F, by_definition(x, layer, y))


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_cross_and_listed_offsets(dimension):
    x = make_tensor(dimension, 2, 5)
    listed_offsets = [[(i * (a + 2)) % 5 - 2 for a in range(dimension)] for i in range(4)]
    shapes = [({"region_type": ME.RegionType.HYPER_CROSS, "kernel_size": 5}, oracle.cross([5] * dimension)),
              ({"region_type": ME.RegionType.CUSTOM, "region_offsets": torch.IntTensor(listed_offsets)},
               [tuple(o) for o in listed_offsets])]
    for options, offsets in shapes:
        generator = ME.KernelGenerator(dilation=2, dimension=dimension, **options)
        layer = ME.MinkowskiConvolution(2, 3, kernel_generator=generator, dimension=dimension).double()
        assert generator.kernel_volume == len(offsets) == layer.kernel.shape[0]
        y = layer(x)
        pairs = oracle.entries(oracle.tuples(x.C), oracle.tuples(y.C), offsets, [2] * dimension)
        close(y.F, oracle.conv(x.F.numpy(), layer.kernel.detach().numpy(), pairs, len(y)))


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 2e-5)])
@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("dimension, size, stride, dilation", SHAPES)
def test_channelwise(dimension, size, stride, dilation, channels, dtype, tolerance):
    x = make_tensor(dimension, channels, 6, dtype=dtype)
    layer = ME.MinkowskiChannelwiseConvolution(channels, size, stride, dilation, bias=True, dimension=dimension)
    layer = layer.to(dtype)
    y = layer(x)
    scale = listed(dilation, dimension)
    pairs = oracle.entries(oracle.tuples(x.C), oracle.tuples(y.C), oracle.box(listed(size, dimension)), scale)
    expected = np.zeros((len(y), channels)) + layer.bias.detach().double().numpy()
    for i, o, k in pairs:
        expected[o] += x.F[i].double().numpy() * layer.kernel[k].detach().double().numpy()
    close(y.F, expected, tolerance)


POOLS = {"sum": ME.MinkowskiSumPooling, "avg": ME.MinkowskiAvgPooling, "max": ME.MinkowskiMaxPooling}


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("mode", ["sum", "avg", "max"])
@pytest.mark.parametrize("dimension, size, stride, dilation", SHAPES)
def test_pools(dimension, size, stride, dilation, mode, dtype, tolerance):
    x = make_tensor(dimension, 3, 7, dtype=dtype)
    y = POOLS[mode](size, stride, dilation, dimension=dimension)(x)
    steps, sizes = listed(stride, dimension), listed(size, dimension)
    ins, outs = oracle.tuples(x.C), oracle.tuples(y.C)
    if steps == sizes:  # then the pool is over cells, which for odd sizes are not centred
        pairs = oracle.cells(ins, outs, steps)
    else:
        pairs = oracle.entries(ins, outs, oracle.box(sizes), listed(dilation, dimension))
    close(y.F, oracle.pool(x.F.double().numpy(), pairs, len(y), mode), tolerance)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("dimension, size, stride", [(1, 2, 2), (2, 2, 2), (2, 3, 2), (3, 2, 2), (3, 3, 2), (4, 2, 2)])
@pytest.mark.parametrize("expand", [False, True])
def test_unpooling_adds_up(dimension, size, stride, expand, dtype, tolerance):
    x = make_tensor(dimension, 3, 8, dtype=dtype)
    coarse = ME.MinkowskiSumPooling(stride, stride, dimension=dimension)(x)
    up = ME.MinkowskiPoolingTranspose(size, stride, expand_coordinates=expand, dimension=dimension)
    y = up(coarse)
    assert (y.coordinate_map_key == x.coordinate_map_key) == (not expand)
    ins, outs = oracle.tuples(coarse.C), oracle.tuples(y.C)
    if size == stride:
        pairs = [(o, i, k) for i, o, k in oracle.cells(outs, ins, [stride] * dimension)]
    else:
        pairs = oracle.entries(ins, outs, oracle.box([size] * dimension), [1] * dimension, True)
    close(y.F, oracle.pool(coarse.F.double().numpy(), pairs, len(y), "sum"), tolerance)


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_output_on_given_coordinates(dimension):
    x = make_tensor(dimension, 2, 9)
    other = make_tensor(dimension, 1, 10)
    on_other = ME.SparseTensor(other.F, other.C, coordinate_manager=x.coordinate_manager)
    layer = ME.MinkowskiConvolution(2, 3, 3, dimension=dimension).double()
    for where in (on_other, on_other.coordinate_map_key):
        y = layer(x, where)
        assert y.coordinate_map_key == on_other.coordinate_map_key
        close(y.F, by_definition(x, layer, y))
    by_tensor = layer(x, other.C)
    assert torch.equal(by_tensor.C, other.C)
    assert by_tensor.tensor_stride == [0] * dimension  # MinkowskiEngine's, which hands on expand_coordinates there
    close(by_tensor.F, by_definition(x, layer, y))
    pooled = ME.MinkowskiSumPooling(3, 1, dimension=dimension)(x, other.C)
    assert pooled.tensor_stride == [1] * dimension


def test_kernel_of_one_offset_is_a_matrix():
    layer = ME.MinkowskiConvolution(3, 5, 1, dimension=3)
    assert layer.kernel.shape == (3, 5) and layer.use_mm
    assert ME.MinkowskiConvolution(3, 5, 1, stride=2, dimension=3).kernel.shape == (1, 3, 5)
    assert ME.MinkowskiConvolution(3, 5, 1, stride=2, dimension=1).kernel.shape == (3, 5)  # sic
    assert list(ME.MinkowskiConvolution(3, 5, 3, bias=True, dimension=2).state_dict()) == ["kernel", "bias"]


def test_first_values_are_uniform_within_the_fan():
    for layer, n in ((ME.MinkowskiConvolution(8, 64, 3, bias=True, dimension=3), 8 * 27),
                     (ME.MinkowskiConvolutionTranspose(8, 64, 3, bias=True, dimension=3), 64 * 27),
                     (ME.MinkowskiGenerativeConvolutionTranspose(8, 64, 2, bias=True, dimension=3), 64 * 8)):
        bound = n**-0.5
        for values in (layer.kernel, layer.bias):
            assert values.abs().max() <= bound
            assert values.abs().max() > 0.9 * bound
    torch.manual_seed(3)
    expected = torch.empty(9, 2, 3).uniform_(-(18**-0.5), 18**-0.5)
    torch.manual_seed(3)
    assert torch.equal(ME.MinkowskiConvolution(2, 3, 3, dimension=2).kernel, expected)


# --- gradients ---


def gradients(x, layer, run=None):
    """Of a random weighting of the output, by the features and the parameters."""
    features = x.F.detach().clone().requires_grad_()
    y = (run or layer)(x._with(features))
    weighting = torch.from_numpy(np.random.default_rng(0).normal(size=tuple(y.F.shape))).to(y.F.dtype)
    (y.F * weighting).sum().backward()
    return [features.grad, *(p.grad for p in layer.parameters())]


LAYERS = {
    "conv": lambda d: ME.MinkowskiConvolution(2, 3, 3, 2, bias=True, dimension=d),
    "conv even": lambda d: ME.MinkowskiConvolution(2, 3, 2, 1, bias=True, dimension=d),
    "conv 1": lambda d: ME.MinkowskiConvolution(2, 3, 1, bias=True, dimension=d),
    "expanded": lambda d: ME.MinkowskiConvolution(2, 3, 3, expand_coordinates=True, dimension=d),
    "channelwise": lambda d: ME.MinkowskiChannelwiseConvolution(2, 3, 2, bias=True, dimension=d),
    "generative": lambda d: ME.MinkowskiGenerativeConvolutionTranspose(2, 3, 2, 2, dimension=d),
    "sum": lambda d: ME.MinkowskiSumPooling(3, 2, dimension=d),
    "avg": lambda d: ME.MinkowskiAvgPooling(3, 2, dimension=d),
    "max": lambda d: ME.MinkowskiMaxPooling(3, 2, dimension=d),
    "avg of cells": lambda d: ME.MinkowskiAvgPooling(2, 2, dimension=d),
    "max of cells": lambda d: ME.MinkowskiMaxPooling(2, 2, dimension=d),
    "unpool": lambda d: ME.MinkowskiPoolingTranspose(2, 2, dimension=d),
    "global avg": lambda d: ME.MinkowskiGlobalAvgPooling(),
    "global max": lambda d: ME.MinkowskiGlobalMaxPooling(),
    "instance norm": lambda d: ME.MinkowskiInstanceNorm(2),
    "stable instance norm": lambda d: ME.MinkowskiStableInstanceNorm(2),
    "batch norm": lambda d: ME.MinkowskiBatchNorm(2),
    "linear": lambda d: ME.MinkowskiLinear(2, 3),
    "sinusoidal": lambda d: ME.MinkowskiSinusoidal(2, 3),
}


@pytest.mark.parametrize("dimension", [2, 3, 4])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name, dimension):
    """In float64 against differences, in float32 against float64."""
    torch.manual_seed(0)
    layer = LAYERS[name](dimension).double()
    x = make_tensor(dimension, 2, 11, tensor_stride=2 if name in ("generative", "unpool") else 1, most=12)
    assert torch.autograd.gradcheck(lambda f: layer(x._with(f)).F, (x.F.clone().requires_grad_(),), fast_mode=True)
    exact = gradients(x, layer)
    layer.zero_grad(set_to_none=True)
    single = gradients(x._with(x.F.float()), layer.float())
    for got, expected in zip(single, exact):
        torch.testing.assert_close(got.double(), expected, rtol=1e-4, atol=1e-4)


def test_gradients_of_parameters_against_differences():
    torch.manual_seed(0)
    for layer in (ME.MinkowskiConvolution(2, 3, 3, 2, bias=True, dimension=2).double(),
                  ME.MinkowskiChannelwiseConvolution(2, 3, bias=True, dimension=2).double()):
        x = make_tensor(2, 2, 12, most=12)

        def run(kernel, bias, layer=layer, x=x):
            copy = type(layer).__new__(type(layer))
            copy.__dict__ = {**layer.__dict__, "_parameters": {"kernel": kernel, "bias": bias}}
            return copy(x).F

        assert torch.autograd.gradcheck(run, (layer.kernel, layer.bias), fast_mode=True)


def test_half_precision_beyond_minkowski():
    x = make_tensor(3, 4, 13, dtype=torch.float32)
    layer = ME.MinkowskiConvolution(4, 4, 3, dimension=3)
    exact = layer(x).F
    for dtype in (torch.float16, torch.bfloat16):
        y = layer.to(dtype)(x._with(x.F.to(dtype))).F
        assert y.dtype == dtype
        torch.testing.assert_close(y.float(), exact, rtol=0.05, atol=0.05)
        layer.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).F.dtype == torch.bfloat16


def test_the_same_bits_twice():
    x = make_tensor(3, 8, 14, dtype=torch.float32)
    layer = ME.MinkowskiConvolution(8, 8, 3, 2, dimension=3)
    again = ME.SparseTensor(x.F, x.C)
    first, second = layer(x), layer(again)
    assert torch.equal(first.C, second.C) and torch.equal(first.F, second.F)
