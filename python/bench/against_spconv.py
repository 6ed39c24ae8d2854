#!/usr/bin/env python3
"""usage: python/bench/against_spconv.py SCENE.npy [--threads T] [--rounds N] [--only WORD]

voxloom.compat.spconv beside spconv 2.3.8's own path for CPUs, in one process, with the same code and state dicts: kernel
maps, layers, and a training step and a forward run of MinkUNet. SCENE.npy: (N, 4) ints, batch, x, y, z, each voxel once.
Milliseconds, the median of N rounds (3 unless told) after one that is not counted; the two take turns.

Wants what scripts/compare_spconv.py wants: spconv's wheel beside torch 1.13. Set OMP_NUM_THREADS to --threads: that is
spconv's own setting. On several threads spconv's products race (findings/spconv_cpu_race.sh): its times stand, its results
do not.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

import numpy as np
import spconv.pytorch as theirs
import spconv.pytorch.ops as their_ops
import torch

import voxloom
import voxloom.compat.spconv.pytorch as ours

LIBRARIES = {"spconv": theirs, "voxloom": ours}
their_ops.get_current_stream = lambda: 0  # its backward asks for a CUDA stream, on a CPU too


def scene(path):
    """Indices (N, 4) int32 from 0 on, in a random order, and the spatial shape."""
    rows = np.load(path).astype(np.int32)
    rows[:, 1:] -= rows[:, 1:].min(axis=0)
    shape = [int(extent) + 1 for extent in rows[:, 1:].max(axis=0)]
    return np.random.default_rng(0).permutation(rows), shape


class Block(torch.nn.Module):
    """Two submanifold layers and a residual."""

    def __init__(self, lib, inputs, outputs, key):
        super().__init__()
        self.first = lib.SubMConv3d(inputs, outputs, 3, bias=False, indice_key=key)
        self.second = lib.SubMConv3d(outputs, outputs, 3, bias=False, indice_key=key)
        self.norms = torch.nn.ModuleList(torch.nn.BatchNorm1d(outputs) for _ in range(2))
        self.shortcut = lib.SubMConv3d(inputs, outputs, 1, bias=False) if inputs != outputs else None

    def forward(self, x):
        y = self.first(x)
        y = self.second(y.replace_feature(torch.relu(self.norms[0](y.features))))
        kept = x.features if self.shortcut is None else self.shortcut(x).features
        return y.replace_feature(torch.relu(self.norms[1](y.features) + kept))


class MinkUNet(torch.nn.Module):
    """MinkUNet's shape out of spconv's layers."""

    def __init__(self, lib, blocks, planes, classes=20, inputs=4):
        super().__init__()
        self.stem = lib.SubMConv3d(inputs, 32, 5, bias=False, indice_key="stem")
        self.stem_norm = torch.nn.BatchNorm1d(32)
        self.down, self.encoders = torch.nn.ModuleList(), torch.nn.ModuleList()
        self.up, self.decoders = torch.nn.ModuleList(), torch.nn.ModuleList()
        width, skips = 32, []
        for level in range(4):
            skips.append(width)
            self.down.append(lib.SparseConv3d(width, width, 2, 2, bias=False, indice_key=f"down{level}"))
            self.encoders.append(self._stage(lib, blocks[level], width, planes[level], f"level{level}"))
            width = planes[level]
        for level in range(4):
            at = 3 - level
            self.up.append(lib.SparseInverseConv3d(width, planes[4 + level], 2, bias=False, indice_key=f"down{at}"))
            key = f"level{at - 1}" if at > 0 else "full"
            self.decoders.append(self._stage(lib, blocks[4 + level], planes[4 + level] + skips[at], planes[4 + level], key))
            width = planes[4 + level]
        self.head = torch.nn.Linear(width, classes)

    @staticmethod
    def _stage(lib, count, inputs, outputs, key):
        return torch.nn.Sequential(*(Block(lib, inputs if i == 0 else outputs, outputs, key) for i in range(count)))

    def forward(self, x):
        x = self.stem(x)
        x = x.replace_feature(torch.relu(self.stem_norm(x.features)))
        skips = []
        for down, encoder in zip(self.down, self.encoders):
            skips.append(x)
            x = encoder(down(x))
        for up, decoder in zip(self.up, self.decoders):
            x = up(x)
            x = decoder(x.replace_feature(torch.cat([x.features, skips.pop().features], dim=1)))
        return self.head(x.features)


class Measured:
    """Cases by name: what each library needs before a round, and what is measured."""

    def __init__(self, options):
        self.options = options

    def case(self, name, prepare, call):
        if self.options.only and self.options.only not in name:
            return
        times = {library: [] for library in LIBRARIES}
        for turn in range(self.options.rounds + 1):
            for library in LIBRARIES:
                state = prepare(library)
                start = time.perf_counter()
                call(library, state)
                if turn > 0:
                    times[library].append(1e3 * (time.perf_counter() - start))
        medians = {library: statistics.median(values) for library, values in times.items()}
        ratio = medians["spconv"] / medians["voxloom"]
        print(f"{name:44} {medians['spconv']:10.1f} {medians['voxloom']:10.1f} {ratio:7.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[2])
    parser.add_argument("scene")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    voxloom.set_threads(options.threads)
    rows, shape = scene(options.scene)
    batches = int(rows[:, 0].max()) + 1
    print(f"{len(rows)} voxels in {shape}, {options.threads} threads; torch {torch.__version__}")
    print(f"{'ms':44} {'spconv':>10} {'voxloom':>10} {'times':>7}")

    def fresh(library, channels):
        """Indices that no library has seen: nothing is kept from a round before."""
        features = torch.randn(len(rows), channels, generator=torch.Generator().manual_seed(0))
        return LIBRARIES[library].SparseConvTensor(features, torch.from_numpy(rows.copy()), shape, batches)

    def same_weights(make):
        """A module of each library, with one state dict, in the mode for training."""
        torch.manual_seed(0)
        modules = {library: make(LIBRARIES[library]) for library in LIBRARIES}
        modules["voxloom"].load_state_dict(modules["spconv"].state_dict())
        return modules

    measured = Measured(options)
    windows = {"submanifold 3": (3, 1, 1, True, False), "strided 3, stride 2": (3, 2, 1, False, False),
               "strided 2, stride 2": (2, 2, 0, False, False), "transposed 3, stride 2": (3, 2, 1, False, True)}
    for name, (kernel, stride, padding, submanifold, transposed) in windows.items():
        def pairs(library, x):
            lib = LIBRARIES[library]
            lib.ops.get_indice_pairs(x.indices, batches, shape, lib.ConvAlgo.Native, [kernel] * 3, [stride] * 3,
                                     [padding] * 3, [1] * 3, [0] * 3, submanifold, transposed)
        measured.case(f"map alone, {name}", lambda library: fresh(library, 1), pairs)

    for channels in (16, 32, 64):
        layers = same_weights(lambda lib: lib.SubMConv3d(channels, channels, 3, bias=False, indice_key="a"))
        def with_map(library):
            x = fresh(library, channels)
            layers[library](x)
            return x
        def run(library, x):
            with torch.no_grad():
                layers[library](x)
        measured.case(f"SubMConv3d 3, {channels} channels, map kept", with_map, run)
    for name, kernel, stride in (("3, stride 2", 3, 2), ("2, stride 2", 2, 2)):
        layers = same_weights(lambda lib: lib.SparseConv3d(32, 64, kernel, stride, kernel // 3, bias=False))
        measured.case(f"SparseConv3d {name}, 32 to 64, with its map", lambda library: fresh(library, 32), run)

    half = same_weights(lambda lib: MinkUNet(lib, (1,) * 8, (16, 32, 64, 128, 128, 64, 48, 48)))
    labels = torch.randint(0, 20, (len(rows),), generator=torch.Generator().manual_seed(1))

    def step(library, x):
        half[library].train()
        half[library].zero_grad()
        torch.nn.functional.cross_entropy(half[library](x), labels).backward()
    measured.case("MinkUNet14, half as wide: training step", lambda library: fresh(library, 4), step)

    def infer(library, x):
        with torch.no_grad():
            whole[library](x)
    if not options.only or options.only in "MinkUNet34C: forward":
        whole = same_weights(lambda lib: MinkUNet(lib, (2, 3, 4, 6, 2, 2, 2, 2), (32, 64, 128, 256, 256, 128, 96, 96)).eval())
        measured.case("MinkUNet34C: forward", lambda library: fresh(library, 4), infer)
    print(f"peak memory of both: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
