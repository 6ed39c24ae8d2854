#!/usr/bin/env python3
"""usage: python/bench/calls.py

What a call costs that computes next to nothing: one voxel, 8 channels. The best of 15 rounds, in microseconds. The same
calls from C++ cost 0.5 (softmax) to 2.5 (a 3x3x3 convolution with its map) microseconds.
"""

import time

import numpy as np
import torch

import voxloom
from voxloom import functional as F
from voxloom.torch import functional as with_gradients


def cost(call, rounds=15, calls=200):
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, (time.perf_counter() - start) / calls)
    return 1e6 * best


def main():
    coords = voxloom.CoordinateSet(np.zeros((1, 4), np.int32))
    map = voxloom.forward_map(coords, coords, voxloom.KernelSpec(1))
    x, weight, bias = np.ones((1, 8), np.float32), np.ones((1, 8, 8), np.float32), np.ones(8, np.float32)
    cube = np.ones((27, 8, 8), np.float32)
    xt, wt, bt = (torch.from_numpy(a) for a in (x, weight, bias))
    graph = [t.clone().requires_grad_() for t in (xt, wt, bt)]
    sparse = voxloom.SparseTensor(coords, x)
    for name, call in {
        "functional.conv, numpy": lambda: F.conv(x, weight, map, bias),
        "functional.conv, torch": lambda: F.conv(xt, wt, map, bt),
        "torch.functional.conv, with a gradient noted down": lambda: with_gradients.conv(
            graph[0], graph[1], map, graph[2]),
        "functional.softmax, numpy": lambda: F.softmax(x),
        "subm_conv3d, kernel 1, numpy": lambda: voxloom.subm_conv3d(sparse, weight, kernel_size=1),
        "subm_conv3d, kernel 3, numpy": lambda: voxloom.subm_conv3d(sparse, cube),
        "CoordinateSet.rows": lambda: coords.rows,
    }.items():
        print(f"{cost(call):6.1f} us  {name}")


if __name__ == "__main__":
    main()
