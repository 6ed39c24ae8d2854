"""Random networks of MinkowskiEngine's layers, and what a library of that name makes of them.

`run` is given the library, so that the same case runs on MinkowskiEngine itself and on the drop-in.
scripts/compare_minkowski.py writes what MinkowskiEngine gives; some of it lies in data/minkowski_golden.npz. Rows are
sorted by coordinate: MinkowskiEngine's order is that of a hash table.
"""

from __future__ import annotations

import numpy as np
import torch

EXTENT = {1: 60, 2: 16, 3: 8, 4: 4}
KINDS = ["conv", "chain", "unet", "channelwise", "pool", "unpool", "global", "norms", "generative", "expand", "prune",
         "union", "interpolate", "field", "quantize", "on_coordinates"]


def sizes(rng, dimension, high):
    if rng.random() < 0.5:
        return int(rng.integers(1, high + 1))
    return [int(n) for n in rng.integers(1, high + 1, dimension)]


def rows_of(rng, dimension, repeat=0.0, step=1, batches=3):
    count = int(rng.integers(12, 60))
    rows = np.concatenate([rng.integers(0, batches, (count, 1)),
                           rng.integers(-2, EXTENT[dimension], (count, dimension))], 1)
    rows = np.unique(rows, axis=0)
    rows[:, 1:] *= step
    rows = rng.permutation(rows)
    rows[:6, 0] = rows[0, 0]  # a batch of several rows
    rows = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
    if repeat:
        rows = rows[rng.integers(0, len(rows), 2 * len(rows))]
    return torch.from_numpy(rows.astype(np.int32))


def sorted_rows(tensor):
    order = np.lexsort(tensor.C.numpy().T[::-1])
    return tensor.C.numpy()[order], tensor.F.detach().numpy()[order]


class Case:
    def __init__(self, ME, seed):
        self.ME, self.seed = ME, seed
        self.rng = np.random.default_rng(seed)
        self.dimension = int(self.rng.choice([1, 2, 2, 3, 3, 3, 4]))
        self.kind = KINDS[seed % len(KINDS)]
        self.channels = int(self.rng.integers(1, 9))
        self.results = {}
        self.leaves = []
        torch.manual_seed(seed)

    # --- parts ---

    def tensor(self, step=1, repeat=0.0, batches=3, **options):
        rows = rows_of(self.rng, self.dimension, repeat, step, batches)
        features = torch.from_numpy(self.rng.normal(size=(len(rows), self.channels)).astype(np.float32))
        features.requires_grad_()
        self.leaves.append(features)
        return self.ME.SparseTensor(features, rows, tensor_stride=step, **options)

    def conv(self, inputs, outputs, name="MinkowskiConvolution", size=None, stride=None, **options):
        size = sizes(self.rng, self.dimension, 4) if size is None else size
        stride = sizes(self.rng, self.dimension, 2) if stride is None else stride
        layer = getattr(self.ME, name)(inputs, outputs, kernel_size=size, stride=stride, dilation=options.pop(
            "dilation", sizes(self.rng, self.dimension, 2)), bias=bool(self.rng.random() < 0.5),
            dimension=self.dimension, **options)
        self.leaves += list(layer.parameters())
        return layer

    def keep(self, name, tensor):
        coords, features = sorted_rows(tensor)
        self.results[f"{name}.C"], self.results[f"{name}.F"] = coords, features
        self.results[f"{name}.stride"] = np.array(tensor.tensor_stride)
        return tensor

    def weigh(self, *tensors):
        """A scalar that does not depend on the rows' order."""
        total = 0.0
        for tensor in tensors:
            places = tensor.C.double() @ torch.linspace(0.3, 1.7, tensor.C.shape[1]).double()
            weights = torch.sin(places.unsqueeze(1) + torch.arange(tensor.F.shape[1])).float()
            total = total + (tensor.F * weights).sum()
        return total

    # --- kinds ---

    def run_conv(self):
        return [self.conv(self.channels, 5)(self.tensor(step=int(self.rng.integers(1, 3))))]

    def run_chain(self):
        x = self.tensor()
        return [self.conv(4, 3, size=1, stride=1)(self.conv(3, 4, stride=1)(self.conv(self.channels, 3)(x)))]

    def run_unet(self):
        x, stride = self.tensor(), sizes(self.rng, self.dimension, 2)
        down = self.conv(self.channels, 4, stride=stride)(x)
        if down.coordinate_map_key == x.coordinate_map_key:
            return [down]
        up = self.conv(4, 3, "MinkowskiConvolutionTranspose", stride=stride)(down)
        return [down, up, self.ME.cat(up, x) if up.coordinate_map_key == x.coordinate_map_key else up]

    def run_channelwise(self):
        layer = self.ME.MinkowskiChannelwiseConvolution(self.channels, sizes(self.rng, self.dimension, 4),
                                                        sizes(self.rng, self.dimension, 2), bias=True,
                                                        dimension=self.dimension)
        self.leaves += list(layer.parameters())
        return [layer(self.tensor())]

    def run_pool(self):
        x = self.tensor()
        name = str(self.rng.choice(["Sum", "Avg", "Max"]))
        size = int(self.rng.integers(1, 4))
        stride = size if self.rng.random() < 0.5 else int(self.rng.integers(1, size + 1))
        return [getattr(self.ME, f"Minkowski{name}Pooling")(size, stride, dimension=self.dimension)(x)]

    def run_unpool(self):
        x = self.tensor()
        down = self.ME.MinkowskiAvgPooling(2, 2, dimension=self.dimension)(x)
        size = int(self.rng.integers(2, 4))
        return [self.ME.MinkowskiPoolingTranspose(size, 2, dimension=self.dimension)(down)]

    def run_global(self):
        x = self.tensor(batches=2)  # of three and more MinkowskiEngine's CPU version mixes the rows
        name = str(self.rng.choice(["Sum", "Avg", "Max"]))
        pooled = getattr(self.ME, f"MinkowskiGlobal{name}Pooling")()(x)
        return [pooled, self.ME.MinkowskiBroadcastAddition()(x, pooled),
                self.ME.MinkowskiBroadcastMultiplication()(x, pooled)]

    def run_norms(self):
        x = self.tensor(batches=2)
        instance, batch = self.ME.MinkowskiInstanceNorm(self.channels), self.ME.MinkowskiBatchNorm(self.channels)
        self.leaves += [*instance.parameters(), *batch.parameters()]
        return [instance(x), self.ME.MinkowskiReLU()(batch(x))]

    def run_generative(self):
        x = self.tensor(step=4)
        layer = self.conv(self.channels, 3, "MinkowskiGenerativeConvolutionTranspose")
        return [layer(x)]

    def run_expand(self):
        return [self.conv(self.channels, 3, expand_coordinates=True, size=int(self.rng.integers(1, 4)))(self.tensor())]

    def run_prune(self):
        x = self.tensor()
        mask = (x.C.sum(1) % 3 != 0) | (torch.arange(len(x)) == 0)
        y = self.ME.MinkowskiPruning()(x, mask)
        return [y, self.conv(self.channels, 3)(y)]

    def run_union(self):
        a = self.tensor()
        b = self.tensor(coordinate_manager=a.coordinate_manager)
        combine = str(self.rng.choice(["__add__", "__sub__", "__mul__", "union"]))
        return [self.ME.MinkowskiUnion()(a, b) if combine == "union" else getattr(a, combine)(b)]

    def run_interpolate(self):
        x = self.tensor()
        points = np.concatenate([self.rng.integers(0, 3, (20, 1)),
                                 self.rng.uniform(-2, EXTENT[self.dimension], (20, self.dimension))], 1)
        points = torch.from_numpy(points.astype(np.float32))
        read = self.ME.MinkowskiInterpolation()(x, points)
        self.results["interpolated"] = read.detach().numpy()
        self.extra = read.sum()
        return [x]

    def run_field(self):
        points = np.concatenate([self.rng.integers(0, 2, (60, 1)), self.rng.uniform(-3, 5, (60, self.dimension))], 1)
        features = torch.from_numpy(self.rng.normal(size=(60, self.channels)).astype(np.float32)).requires_grad_()
        self.leaves.append(features)
        mode = self.ME.SparseTensorQuantizationMode.UNWEIGHTED_AVERAGE
        field = self.ME.TensorField(features, torch.from_numpy(points.astype(np.float32)), quantization_mode=mode)
        x = field.sparse()
        y = self.conv(self.channels, 3, stride=1)(x)
        back = y.slice(field)
        self.results["sliced"] = back.F.detach().numpy()
        self.extra = back.F.sum()
        return [x, y]

    def run_quantize(self):
        modes = self.ME.SparseTensorQuantizationMode
        mode = [modes.UNWEIGHTED_AVERAGE, modes.UNWEIGHTED_SUM, modes.RANDOM_SUBSAMPLE][int(self.rng.integers(3))]
        x = self.tensor(repeat=1.0, quantization_mode=mode)
        self.results["first"], self.results["inverse"] = x.unique_index.numpy(), x.inverse_mapping.numpy()
        return [x, self.conv(self.channels, 2)(x)]

    def run_on_coordinates(self):
        x = self.tensor()
        where = self.tensor(coordinate_manager=x.coordinate_manager)
        size = int(self.rng.integers(2, 5))
        return [self.conv(self.channels, 3, size=size, stride=1)(x, where),
                self.ME.MinkowskiAvgPooling(size, 1, dimension=self.dimension)(x, where)]


def run(ME, seed):
    """{name: array}: outputs, sorted by coordinate, and gradients of all leaves."""
    case = Case(ME, seed)
    case.extra = 0.0
    outputs = getattr(case, f"run_{case.kind}")()
    for i, tensor in enumerate(outputs):
        case.keep(f"out{i}", tensor)
    loss = case.weigh(*outputs) + case.extra
    gradients = torch.autograd.grad(loss, case.leaves, allow_unused=True)
    for i, gradient in enumerate(gradients):
        case.results[f"grad{i}"] = np.zeros(0) if gradient is None else gradient.numpy()
    return case.results
