#!/usr/bin/env python3
# usage: VENV/bin/python tests/checkpoint/make_spconv_networks.py
#
# Writes the files of tests/checkpoint/data/spconv_*.pth: small networks under the names of published ones, and
# what spconv 2.3.8's CPU wheel computes with them on a few voxels. VENV is made by
#   python3 -m venv --system-site-packages VENV && VENV/bin/pip install spconv==2.3.8
# over Debian 12's python3-torch. Each file holds {"state_dict": ..., "expected": ...}.
from pathlib import Path

import spconv.pytorch as spconv
import torch
from torch import nn

DATA = Path(__file__).resolve().parent / "data"


def norm(channels):
    return nn.BatchNorm1d(channels, eps=1e-3)


def unit(conv, channels):
    return spconv.SparseSequential(conv, norm(channels), nn.ReLU())


class Block(spconv.SparseModule):
    def __init__(self, inner, outer, key):
        super().__init__()
        self.conv1 = spconv.SubMConv3d(inner, outer, 3, bias=False, indice_key=key)
        self.bn1 = norm(outer)
        self.conv2 = spconv.SubMConv3d(outer, outer, 3, bias=False, indice_key=key)
        self.bn2 = norm(outer)
        self.proj = nn.Identity()
        if inner != outer:
            pointwise = spconv.SubMConv3d(inner, outer, 1, bias=False)
            self.proj = spconv.SparseSequential(pointwise, norm(outer))

    def forward(self, x):
        y = self.conv1(x)
        y = self.conv2(y.replace_feature(self.bn1(y.features).relu()))
        side = self.proj(x).features
        return y.replace_feature((self.bn2(y.features) + side).relu())


class UNet(nn.Module):
    """Pointcept's SpUNet by its names; the stages are `counts` blocks of `planes` channels."""

    def __init__(self, inputs, classes, stem, planes, counts):
        super().__init__()
        self.conv_input = unit(spconv.SubMConv3d(inputs, stem, 5, bias=False, indice_key="stem"), stem)
        self.down, self.enc = nn.ModuleList(), nn.ModuleList()
        self.up, self.dec = nn.ModuleList([None] * 4), nn.ModuleList([None] * 4)
        channels, skips = stem, []
        for level in range(4):
            skips.append(channels)
            width = planes[level]
            halving = spconv.SparseConv3d(channels, width, 2, 2, bias=False, indice_key=f"halve{level}")
            self.down.append(unit(halving, width))
            self.enc.append(self.stage(width, width, counts[level], f"rows{level + 1}"))
            channels = width
        for level in reversed(range(4)):
            width = planes[7 - level]
            back = spconv.SparseInverseConv3d(channels, width, 2, bias=False, indice_key=f"halve{level}")
            self.up[level] = unit(back, width)
            joined = width + skips[level]
            self.dec[level] = self.stage(joined, width, counts[7 - level], f"rows{level}")
            channels = width
        self.final = spconv.SubMConv3d(channels, classes, 1, bias=True)

    @staticmethod
    def stage(inner, outer, count, key):
        stage = spconv.SparseSequential()
        for b in range(count):
            stage.add_module(f"block{b}", Block(inner if b == 0 else outer, outer, key))
        return stage

    def forward(self, x):
        x = self.conv_input(x)
        skips = []
        for level in range(4):
            skips.append(x)
            x = self.enc[level](self.down[level](x))
        for level in reversed(range(4)):
            x = self.up[level](x)
            x = x.replace_feature(torch.cat((x.features, skips[level].features), 1))
            x = self.dec[level](x)
        return self.final(x)


class Second(nn.Module):
    """OpenPCDet's VoxelBackBone8x by its names."""

    def __init__(self, inputs, planes, outputs):
        super().__init__()
        subm = lambda a, b, key: unit(spconv.SubMConv3d(a, b, 3, bias=False, indice_key=key), b)
        self.conv_input = subm(inputs, planes[0], "1")
        self.conv1 = spconv.SparseSequential(subm(planes[0], planes[0], "1"))
        for stage in (2, 3, 4):
            a, b = planes[stage - 2], planes[stage - 1]
            padding = (0, 1, 1) if stage == 4 else 1
            halve = unit(spconv.SparseConv3d(a, b, 3, 2, padding, bias=False), b)
            rest = [subm(b, b, str(stage)) for _ in range(2)]
            setattr(self, f"conv{stage}", spconv.SparseSequential(halve, *rest))
        last = spconv.SparseConv3d(planes[3], outputs, (3, 1, 1), (2, 1, 1), bias=False)
        self.conv_out = unit(last, outputs)

    def forward(self, x):
        for name in ("conv_input", "conv1", "conv2", "conv3", "conv4", "conv_out"):
            x = getattr(self, name)(x)
        return x


class Layers(nn.Module):
    """Single convolutions, each on the same input."""

    def __init__(self):
        super().__init__()
        self.subm = spconv.SubMConv3d(3, 5, 3, bias=False)
        self.pointwise = spconv.SubMConv3d(3, 5, 1, bias=False)
        self.box = spconv.SubMConv3d(3, 2, (1, 3, 5), bias=False)

    def forward(self, x):
        return {name: layer(x).features for name, layer in self.named_children()}


def voxels(generator, shape, count, channels, batches=2):
    cells = torch.randperm(batches * shape[0] * shape[1] * shape[2], generator=generator)[:count]
    columns = []
    for size in reversed(shape):
        columns.insert(0, cells % size)
        cells = torch.div(cells, size, rounding_mode="floor")
    indices = torch.stack([cells, *columns], 1).int()
    features = torch.randn(count, channels, generator=generator)
    return spconv.SparseConvTensor(features, indices.contiguous(), shape, batches)


def fill(net, generator):
    for name, value in net.state_dict().items():
        if name.endswith("running_var") or (value.dim() == 1 and name.endswith("weight")):
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
        elif value.dtype.is_floating_point:
            value.copy_(torch.randn(value.shape, generator=generator) * 0.4)


def save(name, net, x, prefix="", **options):
    fill(net, options["generator"])
    net.eval()
    state = {prefix + key: value for key, value in net.state_dict().items()}
    y = net(x)
    expected = {"x_indices": x.indices, "x_features": x.features}
    if isinstance(y, dict):
        expected.update(y)
    else:
        expected.update({"y_indices": y.indices, "y_features": y.features})
    torch.save({"state_dict": state, "expected": expected}, DATA / name,
               _use_new_zipfile_serialization=False)


def main():
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        save("spconv_layers.pth", Layers(), voxels(generator, [4, 5, 6], 60, 3), generator=generator)
        unet = UNet(2, 3, 3, (2, 3, 2, 3, 3, 2, 3, 2), (2, 3, 4, 6, 2, 2, 2, 2))
        # Far from the grid's end, as Pointcept has it: spconv would cut the last odd planes off.
        x = voxels(generator, [12, 13, 11], 150, 2)
        x.spatial_shape = [32, 32, 32]
        save("spconv_spunet.pth", unet, x, "module.backbone.", generator=generator)
        second = Second(3, (2, 3, 4, 3), 4)
        save("spconv_second.pth", second, voxels(generator, [41, 16, 14], 220, 3), "backbone_3d.",
             generator=generator)


if __name__ == "__main__":
    main()
