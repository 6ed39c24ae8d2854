#!/usr/bin/env python3
# usage: tests/checkpoint/make_checkpoints.py
#
# Writes the files of tests/checkpoint/data that torch.save makes (Debian 12's python3-torch 1.13):
# torch_files_test.cpp knows their values. Run it when they should hold something more.
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).resolve().parent / "data"


def numbers(*shape, dtype=torch.float32):
    count = int(np.prod(shape))
    return (torch.arange(count) - 2).reshape(shape).to(dtype)


def kinds():
    table = OrderedDict()
    for dtype in ("float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8"):
        table[dtype] = numbers(2, 3, dtype=getattr(torch, dtype))
    table["uint8"] = torch.arange(6).reshape(2, 3).to(torch.uint8)
    table["bool"] = torch.tensor([True, False, True])
    table["complex64"] = torch.zeros(2, dtype=torch.complex64)
    table["scalar"] = torch.tensor(7)
    table["empty"] = torch.zeros(0, 4)
    table["parameter"] = torch.nn.Parameter(numbers(3))
    whole = numbers(4, 5)
    table["transposed"] = whole.t()
    table["part"] = whole[1:3, ::2]
    table["tied"] = whole
    table["permuted"] = numbers(2, 3, 4).permute(2, 0, 1)
    return table


def training_state():
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        for i, value in enumerate(net.state_dict().values()):
            value.copy_(torch.full_like(value, i))
    state = OrderedDict(("module." + k, v) for k, v in net.state_dict().items())
    state._metadata = net.state_dict()._metadata
    return {
        "epoch": 3,
        "model_state": state,
        "optimizer_state": optimizer.state_dict(),
        "best": np.float64(0.5),
        "counts": Counter({"car": 2}),
        "size": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "flags": [True, None, 1.5, -3, 1 << 40, 1 << 90, ("a", b"b")],
    }


def main():
    DATA.mkdir(exist_ok=True)
    stream = {"_use_new_zipfile_serialization": False}
    torch.save(kinds(), DATA / "kinds.pth")
    torch.save(kinds(), DATA / "kinds_protocol4.pth", pickle_protocol=4)
    torch.save(kinds(), DATA / "kinds_stream.pth", **stream)
    torch.save(training_state(), DATA / "training.pth")
    torch.save(training_state(), DATA / "training_stream.pth", **stream)
    torch.save(torch.nn.Linear(2, 2), DATA / "whole_module.pth")
    module = torch.jit.script(torch.nn.Linear(2, 2))
    module.save(str(DATA / "torchscript.pth"))


if __name__ == "__main__":
    main()
