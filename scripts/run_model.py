#!/usr/bin/env python3
"""Runs a published network, unmodified, from its own package, on the sparse library that is asked for.

usage: run_model.py MODEL LIBRARY OUT.npz

MODEL: spunet, second or minkunet. LIBRARY: spconv, torchsparse or MinkowskiEngine, as voxloom's drop-in, or with
"real-" before it the library itself, where it is installed. Weights and voxels depend on the model alone; OUT gets the
output and the size of the first layer's gradient. scripts/test_models.sh fetches the packages and compares.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import time
from types import ModuleType
from typing import Any

import numpy as np
import torch


def bare(*names: str) -> None:
    """Packages whose __init__ is passed over: it would import what these models do not use."""
    for name in names:
        package = ModuleType(name)
        parent, _, last = name.rpartition(".")
        folders = sys.modules[parent].__path__ if parent else None
        spec = importlib.machinery.PathFinder.find_spec(name, folders)
        package.__path__ = list(spec.submodule_search_locations)  # type: ignore[union-attr]
        package.__spec__ = spec
        sys.modules[name] = package
        if parent:
            setattr(sys.modules[parent], last, package)


def standing_in(name: str, **given: Any) -> ModuleType:
    """A module of the given names, where the models import but do not use one."""
    module = ModuleType(name)
    vars(module).update(given)
    sys.modules[name] = module
    return module


def unused(name: str) -> Any:
    def refuse(*_: Any, **__: Any) -> Any:
        raise NotImplementedError(name)

    return refuse


def prepare_mmdet3d() -> None:
    bare("mmcv", "mmdet", "mmdet.models", "mmdet.models.backbones")
    ops = {name: unused(name) for name in ("points_in_boxes_all", "three_interpolate", "three_nn")}
    modules = {name: torch.nn.Module for name in ("SparseConvTensor", "SparseModule", "SparseSequential")}
    standing_in("mmcv.ops", **ops, **modules)  # for where spconv is not there
    kinds = {name: Any for name in ("ConfigType", "OptConfigType", "OptMultiConfig")}
    standing_in("mmdet.utils", **kinds)
    standing_in("mmdet.models.layers", ResLayer=unused("ResLayer"))
    standing_in("mmdet.models.losses", sigmoid_focal_loss=unused("loss"), smooth_l1_loss=unused("loss"))
    bare("mmdet3d", "mmdet3d.models", "mmdet3d.models.layers", "mmdet3d.models.middle_encoders", "mmdet3d.models.backbones")
    standing_in("mmdet3d.utils", **kinds)
    standing_in("mmdet3d.structures", BaseInstance3DBoxes=object)
    block = importlib.import_module("mmdet3d.models.layers.sparse_block")
    vars(sys.modules["mmdet3d.models.layers"]).update(
        SparseBasicBlock=block.SparseBasicBlock, make_sparse_convmodule=block.make_sparse_convmodule
    )


def voxels(extents: tuple[int, int, int], count: int, seed: int) -> np.ndarray:
    """(N, 4) int32 rows of two scenes: a wavy ground and things on it."""
    rng = np.random.default_rng(seed)
    scenes = []
    for batch in range(2):
        x, y = (rng.integers(0, extent, count) for extent in extents[:2])
        ground = extents[2] * (0.3 + 0.1 * np.sin(x / 17 + batch) + 0.1 * np.cos(y / 11))
        z = np.where(rng.random(count) < 0.7, ground, rng.uniform(0, extents[2], count)).astype(np.int64)
        z = np.clip(z, 0, extents[2] - 1)
        scenes.append(np.unique(np.stack([np.full(count, batch), x, y, z], 1), axis=0))
    return np.concatenate(scenes).astype(np.int32)


def kernel_cells(size: tuple[int, int, int], library: str) -> list[tuple[int, int, int]]:
    """The cells of a kernel, in the library's order: MinkowskiEngine's, and torchsparse's odd ones, x fastest."""
    x, y, z = (range(n) for n in size)
    if library == "MinkowskiEngine" or np.prod(size) % 2:
        return [(i, j, k) for k in z for j in y for i in x]
    return [(i, j, k) for i in x for j in y for k in z]


def set_weights(network: torch.nn.Module, library: str) -> None:
    """The same network for each library: the n-th convolution gets the n-th draw, in the library's layout."""
    rng = np.random.default_rng(7)
    for name, parameter in network.named_parameters():
        if parameter.dim() == 1:
            continue
        is_kernel = name.endswith("kernel")
        if is_kernel:
            volume = parameter.shape[0] if parameter.dim() == 3 else 1
            edge = round(volume ** (1 / 3))
            size, (inner, outer) = (edge, edge, edge), parameter.shape[-2:]
        else:
            outer, *rest, inner = parameter.shape
            size = tuple(rest)  # type: ignore[assignment]
        drawn = rng.normal(0, (2 / (inner * np.prod(size))) ** 0.5, (*size, inner, outer)).astype(np.float32)
        if is_kernel:
            cells = np.stack([drawn[cell] for cell in kernel_cells(size, library)])
            value = cells.reshape(tuple(parameter.shape))
        elif np.prod(size) == 1:
            value = drawn.reshape(tuple(parameter.shape))  # spconv takes the buffer for (C_in, C_out)
        else:
            value = np.moveaxis(drawn, -1, 0)
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def spunet(library: str) -> dict[str, Any]:
    from torch_pointcloud.models import create_model

    torch.manual_seed(0)
    network = create_model("spunet-v1m1.scannet20.pointcept", pretrained=False).train()
    rows = torch.from_numpy(voxels((120, 110, 60), 5000, 1))
    features = torch.randn(len(rows), 6, generator=torch.Generator().manual_seed(2))
    return timed(network, lambda: network(features, rows[:, 1:].long(), rows[:, 0].long()))


def second(library: str) -> dict[str, Any]:
    prepare_mmdet3d()
    from mmdet3d.models.middle_encoders.sparse_encoder import SparseEncoder

    torch.manual_seed(0)
    network = SparseEncoder(5, [41, 200, 176], order=("conv", "norm", "act")).train()
    rows = torch.from_numpy(voxels((176, 200, 40), 8000, 3)[:, [0, 3, 2, 1]].copy())
    features = torch.randn(len(rows), 5, generator=torch.Generator().manual_seed(4))
    return timed(network, lambda: network(features, rows, 2))


def minkunet(library: str) -> dict[str, Any]:
    prepare_mmdet3d()
    from mmdet3d.models.backbones.minkunet_backbone import MinkUNetBackbone

    torch.manual_seed(0)
    backend = {"MinkowskiEngine": "minkowski"}.get(library, library)
    network = MinkUNetBackbone(4, base_channels=16, encoder_channels=[16, 32, 64, 64], decoder_channels=[64, 64, 32, 32],
                               sparseconv_backend=backend).train()  # fmt: skip
    set_weights(network, library)
    rows = torch.from_numpy(voxels((128, 128, 64), 4000, 5))
    corners = torch.tensor([[b, x, y, z] for b in (0, 1) for x in (0, 127) for y in (0, 127) for z in (0, 63)])
    rows = torch.unique(torch.cat([rows, corners.int()]), dim=0)
    features = torch.randn(len(rows), 4, generator=torch.Generator().manual_seed(6))
    return timed(network, lambda: network(features, rows))


def timed(network: torch.nn.Module, run: Any) -> dict[str, Any]:
    """Two passes forward (the second finds what the first remembered), one back."""
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        with torch.no_grad():
            run()
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    y = run()
    y.backward(torch.randn(y.shape, generator=torch.Generator().manual_seed(8)) / len(y))
    seconds.append(time.perf_counter() - start)
    first = next(parameter for parameter in network.parameters() if parameter.dim() > 1)
    millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    print(f"  {millions:.1f} M parameters, output {tuple(y.shape)}; seconds: first {seconds[0]:.2f}, again {seconds[1]:.2f}, "
          f"forward and backward {seconds[2]:.2f}")  # fmt: skip
    return {"y": y.detach().numpy(), "gradient": first.grad.abs().sum().numpy()}


def main() -> int:
    model, library, out = sys.argv[1:4]
    real = library.startswith("real-")
    library = library.removeprefix("real-")
    if not real:
        import voxloom.compat

        voxloom.compat.install(library)
    if library == "spconv" and real:
        ops = importlib.import_module("spconv.pytorch.ops")
        ops.get_current_stream = lambda: 0  # type: ignore[attr-defined]  # its backward asks for a CUDA stream
    np.savez(out, **globals()[model](library))
    return 0


if __name__ == "__main__":
    sys.exit(main())
