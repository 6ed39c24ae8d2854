"""Every public name of MinkowskiEngine 0.5.4 is there or says why not; what the drop-in refuses, by message."""

import re
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import voxloom.compat  # noqa: E402
import voxloom.compat.MinkowskiEngine as ME  # noqa: E402
from conftest import SOURCE  # noqa: E402
from test_compat_minkowski_layers import make_tensor  # noqa: E402

PAGE = SOURCE / "docs" / "compat.md"


def listed():
    """The names in the tables of the page's section: {name: verdict}."""
    section = PAGE.read_text().split("\n## MinkowskiEngine", 1)[1].split("### Every public name", 1)[1]
    section = section.split("\n##", 1)[0]
    names = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and len(cells) > 1:
            for name in re.findall(r"`([\w.]+)`", cells[0]):
                names[name] = cells[1]
    return names


def test_the_page_lists_every_name_and_each_is_there():
    names = listed()
    assert len(names) > 200
    own = {name for name in dir(ME) if not name.startswith("_") and name not in ("backend", "diagnostics",
                                                                                 "sparse_matrix_functions")}
    missing = sorted(name for name in own if name not in names)
    assert not missing
    for name, verdict in names.items():
        assert verdict.split(":")[0].split(",")[0] in ("works", "differs", "refused"), (name, verdict)
        target = ME
        for part in name.split("."):
            assert hasattr(target, part), name
            target = getattr(target, part)


def test_version():
    assert ME.__version__ == "0.5.4"
    assert (ME.is_cuda_available(), ME.cuda_version(), ME.cudart_version(), ME.get_gpu_memory_info()) == (
        False, -1, -1, (0, 0))


@pytest.mark.skipif(not hasattr(voxloom.compat, "install"), reason="voxloom.compat has no install yet")
def test_installed_code_runs_as_it_is():
    code = """
import voxloom.compat
voxloom.compat.install("MinkowskiEngine")
import MinkowskiEngine as ME
import MinkowskiEngine.MinkowskiFunctional as MF
import MinkowskiEngine.utils.quantization
from MinkowskiEngine.MinkowskiSparseTensor import SparseTensor
from MinkowskiEngine.modules.resnet_block import BasicBlock
assert SparseTensor is ME.SparseTensor and MF is ME.MinkowskiFunctional
assert isinstance(ME.MinkowskiConvolution, type)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_backend_names():
    from voxloom.compat.MinkowskiEngine.backend import _C

    assert _C.RegionType is ME.RegionType and int(_C.RegionType.HYPER_CROSS) == 1
    assert str(_C.PoolingMode.LOCAL_MAX_POOLING) == "PoolingMode.LOCAL_MAX_POOLING"
    assert _C.ConvolutionMode.COPY_GEMM in list(_C.ConvolutionMode)
    first, inverse = _C.quantize_np(np.array([[0, 0], [0, 0], [0, 1]], np.int32))
    assert first.tolist() == [0, 2] and inverse.tolist() == [0, 0, 1]


def features(rows=3, channels=2):
    return torch.rand(rows, channels)


ROWS = torch.IntTensor([[0, 0, 0], [0, 1, 0], [1, 0, 0]])


def tensor():
    return ME.SparseTensor(features(), ROWS)


REFUSALS = {
    # what is done: what it says
    "features that are no tensor": (lambda: ME.SparseTensor([[1.0]], ROWS[:1]), "Features must be a torch.Tensor"),
    "features that are no matrix": (lambda: ME.SparseTensor(torch.rand(3), ROWS), "order-1 tensor"),
    "rows that do not match": (lambda: ME.SparseTensor(features(2), ROWS), "got 2 and 3"),
    "nothing to stand on": (lambda: ME.SparseTensor(features()), "Either coordinates or"),
    "a key without a manager": (lambda: ME.SparseTensor(features(), coordinate_map_key=ME.CoordinateMapKey([1, 1], "")),
                                "Must provide coordinate_manager"),
    "a key and coordinates": (lambda: ME.SparseTensor(features(), ROWS, coordinate_map_key=ME.CoordinateMapKey([1, 1]),
                                                      coordinate_manager=ME.CoordinateManager(D=2)),
                              "Must not provide coordinates"),
    "a key that is not set": (lambda: ME.SparseTensor(features(), coordinate_map_key=ME.CoordinateMapKey(3),
                                                      coordinate_manager=ME.CoordinateManager(D=2)), "must be valid"),
    "a key of no map": (lambda: ME.CoordinateManager(D=2).get_coordinates(ME.CoordinateMapKey([1, 1])), "not found"),
    "a tensor stride of no map": (lambda: tensor().coordinate_manager.get_coordinates(8), "there is none"),
    "a stride of too many axes": (lambda: ME.SparseTensor(features(), ROWS, tensor_stride=[1, 1, 1]),
                                  "expected 2 integers, one for each axis"),
    "CUDA as a device": (lambda: ME.SparseTensor(features(), ROWS, device="cuda"), "runs on the CPU, got device 'cuda'"),
    "CUDA as a number": (lambda: ME.TensorField(features(), ROWS, device=0), "runs on the CPU"),
    "CUDA maps": (lambda: ME.CoordinateManager(D=3, coordinate_map_type=ME.CoordinateMapType.CUDA), "runs on the CPU"),
    "quantization on CUDA": (lambda: ME.utils.sparse_quantize(np.zeros((2, 3)), device="cuda"), "runs on the CPU"),
    "collation on CUDA": (lambda: ME.utils.batched_coordinates([ROWS], device="cuda"), "runs on the CPU"),
    "no dimension": (lambda: ME.MinkowskiConvolution(1, 1, 3), "valid dimension argument"),
    "no rank": (lambda: ME.CoordinateManager(), "Invalid rank"),
    "another dimension": (lambda: ME.MinkowskiConvolution(2, 2, 3, dimension=3)(tensor()), "dimension 3, got 2"),
    "no sparse tensor": (lambda: ME.MinkowskiConvolution(2, 2, 3, dimension=2)(features()), "expected a SparseTensor"),
    "other channels": (lambda: ME.MinkowskiConvolution(3, 2, 3, dimension=2)(tensor()), r"expected a kernel \(K, 2"),
    "other types": (lambda: ME.MinkowskiConvolution(2, 2, 3, dimension=2).double()(tensor()), "one type"),
    "other channels, by channel": (lambda: ME.MinkowskiChannelwiseConvolution(3, 3, dimension=2)(tensor()),
                                   "Channel size mismatch 3 != 2"),
    "a kernel without a size": (lambda: ME.MinkowskiConvolution(2, 2, dimension=2), "kernel_size must be positive"),
    "an even cross": (lambda: ME.KernelGenerator(2, region_type=ME.RegionType.HYPER_CROSS, dimension=2), "must be odd"),
    "a list without offsets": (lambda: ME.KernelGenerator(3, region_type=ME.RegionType.CUSTOM, dimension=2),
                               "must be non empty"),
    "offsets of another dimension": (lambda: ME.KernelGenerator(region_type=ME.RegionType.CUSTOM, dimension=3,
                                                                region_offsets=torch.zeros(2, 2).int()),
                                     "same dimension"),
    "offsets of a box": (lambda: ME.KernelGenerator(3, region_offsets=torch.zeros(2, 2).int(), dimension=2),
                         "must be None"),
    "a stride that does not divide": (lambda: ME.MinkowskiConvolutionTranspose(2, 2, 2, 2, dimension=2)(tensor()),
                                      r"Invalid up stride on tensor stride: \[1, 1\]"),
    "a key of another manager": (lambda: tensor() + make_tensor(2, 2, dtype=torch.float32), "share the same coordinate"),
    "another key": (lambda: ME.cat(tensor(), tensor()), "share the same coordinate manager"),
    "one tensor to cat": (lambda: ME.cat([tensor()]), "at least two"),
    "no tensors to cat": (lambda: ME.cat([features(), features()]), "Invalid data type"),
    "a union of one": (lambda: ME.MinkowskiUnion()(tensor()), "at least 2"),
    "a union over managers": (lambda: ME.MinkowskiUnion()(tensor(), tensor()), "same coordinate manager"),
    "a mask of numbers": (lambda: ME.MinkowskiPruning()(tensor(), torch.ones(3)), "boolean tensor, got torch.float32"),
    "a mask that is too long": (lambda: ME.MinkowskiPruning()(tensor(), torch.ones(4).bool()), r"got \(4,\)"),
    "a local mode for a global pool": (lambda: ME.MinkowskiGlobalPooling(ME.PoolingMode.LOCAL_SUM_POOLING)(tensor()),
                                       "expected a global pooling mode"),
    "points of another type": (lambda: tensor().features_at_coordinates(torch.zeros(1, 3).double()), "dtype"),
    "points of another dimension": (lambda: tensor().features_at_coordinates(torch.zeros(1, 4)), r"\(P, 3\)"),
    "a slice of a sum": (lambda: tensor().slice(ME.TensorField(
        features(), ROWS, quantization_mode=ME.SparseTensorQuantizationMode.UNWEIGHTED_SUM)), "slice only available"),
    "a splat by sparse": (lambda: ME.TensorField(features(), ROWS).sparse(
        quantization_mode=ME.SparseTensorQuantizationMode.SPLAT_LINEAR_INTERPOLATION), "Please use .splat"),
    "rows that repeat, unquantized": (lambda: ME.SparseTensor(
        features(), ROWS[[0, 0, 1]], quantization_mode=ME.SparseTensorQuantizationMode.NO_QUANTIZATION), "1 repeat"),
    "coordinates with zeros removed": (lambda: ME.MinkowskiToSparseTensor(True, ROWS), "cannot be used"),
    "a wrong format": (lambda: ME.to_sparse(torch.rand(1, 2, 3), format="CXB"), "batch axis"),
    "C++ functions": (lambda: ME.MinkowskiCommon.get_minkowski_function("ConvolutionForward", features()),
                      "ConvolutionForwardCPU not available"),
    "an inverse without an index": (lambda: ME.utils.sparse_quantize(np.zeros((2, 3)), return_inverse=True),
                                    "must be set with return_index"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name):
    run, message = REFUSALS[name]
    for kind in (ValueError, AssertionError, RuntimeError):  # whatever MinkowskiEngine raises there
        with pytest.raises(kind, match=message):
            run()


def test_what_minkowski_refuses_in_its_own_way():
    with pytest.raises(DeprecationWarning):
        ME.CoordsManager(D=3)

    class Network(ME.MinkowskiNetwork):
        def forward(self, x):
            return x

    assert Network(3).D == 3
    with pytest.raises(NotImplementedError):
        Network(3).init(tensor())
    with pytest.raises(TypeError):
        ME.MinkowskiNetwork(3)
    with pytest.warns(UserWarning, match="set_gpu_allocator"):
        ME.set_memory_manager_backend(ME.GPUMemoryAllocatorType.CUDA)


def test_diagnostics(capsys):
    ME.print_diagnostics()
    assert "in place of MinkowskiEngine 0.5.4" in capsys.readouterr().out
