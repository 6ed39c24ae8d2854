#!/usr/bin/env python3
"""usage: python/bench/training_step.py SCENE.npy [--threads N] [--repeat N] [--cpu]

A training step of MinkUNet14 (width 0.5, 12 classes) in torch on voxloom, on (N,4) int32 voxels: the network, loss, clip
and update of `voxloom bench train --scene SCENE.npy`, whose row `step` this is to be compared with. Prints the medians
in milliseconds; with --cpu of processor time, which others on the machine do not disturb.
"""

import argparse
import statistics
import time

import numpy as np
import torch

import voxloom
from voxloom.torch import functional as F
from voxloom.torch.models import MinkUNet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    voxloom.set_threads(options.threads)
    torch.set_num_threads(options.threads or voxloom.available_threads())
    torch.manual_seed(0)
    coords = voxloom.CoordinateSet(np.load(options.scene))
    x = voxloom.SparseTensor(coords, torch.rand(coords.size, 3) * 2 - 1)
    labels = torch.randint(0, 12, (coords.size,), dtype=torch.int32)
    net = MinkUNet(classes=12, depth=14, width=0.5)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    times = {"forward": [], "backward": [], "update": [], "step": []}
    for _ in range(options.repeat + 2):
        start = clock()
        loss = F.cross_entropy(net(x).features, labels)
        forward = clock()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        backward = clock()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimizer.step()
        end = clock()
        for name, took in zip(times, (forward - start, backward - forward, end - backward, end - start)):
            times[name].append(1e3 * took)
    for name, all_of in times.items():
        print(f"{name:9} {statistics.median(all_of[2:]):8.1f} ms")  # the first two build maps and memory


if __name__ == "__main__":
    main()
