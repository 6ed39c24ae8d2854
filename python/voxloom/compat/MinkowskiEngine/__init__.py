"""MinkowskiEngine 0.5.4 on voxloom's engine and a plain CPU.

    import voxloom.compat
    voxloom.compat.install("MinkowskiEngine")
    import MinkowskiEngine as ME             # code written for MinkowskiEngine runs as it is

or, with one import changed, ``import voxloom.compat.MinkowskiEngine as ME``. Parameters, their names, layouts and
first values are MinkowskiEngine's, and so are coordinates, tensor strides and keys. What differs and what is refused:
docs/compat.md.
"""

from . import utils
from ._types import (
    BroadcastMode,
    CoordinateMapKey,
    CoordinateMapType,
    GPUMemoryAllocatorType,
    MinkowskiAlgorithm,
    PoolingMode,
    RegionType,
)
from .backend import cuda_version, cudart_version, get_gpu_memory_info, is_cuda_available
from .diagnostics import print_diagnostics
from .MinkowskiBroadcast import (
    MinkowskiBroadcast,
    MinkowskiBroadcastAddition,
    MinkowskiBroadcastConcatenation,
    MinkowskiBroadcastFunction,
    MinkowskiBroadcastMultiplication,
)
from .MinkowskiChannelwiseConvolution import MinkowskiChannelwiseConvolution
from .MinkowskiCommon import MinkowskiModuleBase, convert_to_int_tensor
from .MinkowskiConvolution import (
    MinkowskiConvolution,
    MinkowskiConvolutionFunction,
    MinkowskiConvolutionTranspose,
    MinkowskiConvolutionTransposeFunction,
    MinkowskiGenerativeConvolutionTranspose,
)
from .MinkowskiCoordinateManager import (
    CoordinateManager,
    CoordsManager,
    set_gpu_allocator,
    set_memory_manager_backend,
)
from .MinkowskiInterpolation import MinkowskiInterpolation, MinkowskiInterpolationFunction
from .MinkowskiKernelGenerator import KernelGenerator, KernelRegion, convert_region_type, get_kernel_volume
from .MinkowskiNetwork import MinkowskiNetwork
from .MinkowskiNonlinearity import (
    MinkowskiAdaptiveLogSoftmaxWithLoss,
    MinkowskiAlphaDropout,
    MinkowskiCELU,
    MinkowskiDropout,
    MinkowskiELU,
    MinkowskiGELU,
    MinkowskiHardshrink,
    MinkowskiHardsigmoid,
    MinkowskiHardswish,
    MinkowskiHardtanh,
    MinkowskiLeakyReLU,
    MinkowskiLogSigmoid,
    MinkowskiLogSoftmax,
    MinkowskiPReLU,
    MinkowskiReLU,
    MinkowskiReLU6,
    MinkowskiRReLU,
    MinkowskiSELU,
    MinkowskiSigmoid,
    MinkowskiSiLU,
    MinkowskiSinusoidal,
    MinkowskiSoftmax,
    MinkowskiSoftmin,
    MinkowskiSoftplus,
    MinkowskiSoftshrink,
    MinkowskiSoftsign,
    MinkowskiTanh,
    MinkowskiTanhshrink,
    MinkowskiThreshold,
)
from .MinkowskiNormalization import (
    MinkowskiBatchNorm,
    MinkowskiInstanceNorm,
    MinkowskiInstanceNormFunction,
    MinkowskiStableInstanceNorm,
    MinkowskiSyncBatchNorm,
)
from .MinkowskiOps import (
    MinkowskiLinear,
    MinkowskiStackCat,
    MinkowskiStackMean,
    MinkowskiStackSum,
    MinkowskiStackVar,
    MinkowskiToDenseTensor,
    MinkowskiToFeature,
    MinkowskiToSparseTensor,
    cat,
    dense_coordinates,
    mean,
    to_sparse,
    to_sparse_all,
    var,
)
from .MinkowskiOps import _sum as sum
from .MinkowskiPooling import (
    MinkowskiAvgPooling,
    MinkowskiDirectMaxPoolingFunction,
    MinkowskiGlobalAvgPooling,
    MinkowskiGlobalMaxPooling,
    MinkowskiGlobalPooling,
    MinkowskiGlobalPoolingFunction,
    MinkowskiGlobalSumPooling,
    MinkowskiLocalPoolingFunction,
    MinkowskiLocalPoolingTransposeFunction,
    MinkowskiMaxPooling,
    MinkowskiPoolingTranspose,
    MinkowskiSumPooling,
)
from .MinkowskiPruning import MinkowskiPruning, MinkowskiPruningFunction
from .MinkowskiSparseTensor import SparseTensor
from .MinkowskiTensor import (
    SparseTensorOperationMode,
    SparseTensorQuantizationMode,
    clear_global_coordinate_manager,
    global_coordinate_manager,
    set_global_coordinate_manager,
    set_sparse_tensor_operation_mode,
    sparse_tensor_operation_mode,
)
from .MinkowskiTensorField import TensorField
from .MinkowskiUnion import MinkowskiUnion, MinkowskiUnionFunction
from .sparse_matrix_functions import MinkowskiSPMMAverageFunction, MinkowskiSPMMFunction, spmm
from . import MinkowskiFunctional, MinkowskiOps, modules  # isort: skip
from .modules import resnet_block as _resnet_block, senet_block as _senet_block  # isort: skip

__version__ = "0.5.4"

__all__ = [
    "BroadcastMode", "CoordinateManager", "CoordinateMapKey", "CoordinateMapType", "CoordsManager",
    "GPUMemoryAllocatorType", "KernelGenerator", "KernelRegion", "MinkowskiAdaptiveLogSoftmaxWithLoss",
    "MinkowskiAlgorithm", "MinkowskiAlphaDropout", "MinkowskiAvgPooling", "MinkowskiBatchNorm", "MinkowskiBroadcast",
    "MinkowskiBroadcastAddition", "MinkowskiBroadcastConcatenation", "MinkowskiBroadcastFunction",
    "MinkowskiBroadcastMultiplication", "MinkowskiCELU", "MinkowskiChannelwiseConvolution", "MinkowskiConvolution",
    "MinkowskiConvolutionFunction", "MinkowskiConvolutionTranspose", "MinkowskiConvolutionTransposeFunction",
    "MinkowskiDirectMaxPoolingFunction", "MinkowskiDropout", "MinkowskiELU", "MinkowskiFunctional", "MinkowskiGELU",
    "MinkowskiGenerativeConvolutionTranspose", "MinkowskiGlobalAvgPooling", "MinkowskiGlobalMaxPooling",
    "MinkowskiGlobalPooling", "MinkowskiGlobalPoolingFunction", "MinkowskiGlobalSumPooling", "MinkowskiHardshrink",
    "MinkowskiHardsigmoid", "MinkowskiHardswish", "MinkowskiHardtanh", "MinkowskiInstanceNorm",
    "MinkowskiInstanceNormFunction", "MinkowskiInterpolation", "MinkowskiInterpolationFunction", "MinkowskiLeakyReLU",
    "MinkowskiLinear", "MinkowskiLocalPoolingFunction", "MinkowskiLocalPoolingTransposeFunction",
    "MinkowskiLogSigmoid", "MinkowskiLogSoftmax", "MinkowskiMaxPooling", "MinkowskiModuleBase", "MinkowskiNetwork",
    "MinkowskiOps", "MinkowskiPReLU", "MinkowskiPoolingTranspose", "MinkowskiPruning", "MinkowskiPruningFunction",
    "MinkowskiRReLU", "MinkowskiReLU", "MinkowskiReLU6", "MinkowskiSELU", "MinkowskiSPMMAverageFunction",
    "MinkowskiSPMMFunction", "MinkowskiSiLU", "MinkowskiSigmoid", "MinkowskiSinusoidal", "MinkowskiSoftmax",
    "MinkowskiSoftmin", "MinkowskiSoftplus", "MinkowskiSoftshrink", "MinkowskiSoftsign", "MinkowskiStableInstanceNorm",
    "MinkowskiStackCat", "MinkowskiStackMean", "MinkowskiStackSum", "MinkowskiStackVar", "MinkowskiSumPooling",
    "MinkowskiSyncBatchNorm", "MinkowskiTanh", "MinkowskiTanhshrink", "MinkowskiThreshold", "MinkowskiToDenseTensor",
    "MinkowskiToFeature", "MinkowskiToSparseTensor", "MinkowskiUnion", "MinkowskiUnionFunction", "PoolingMode",
    "RegionType", "SparseTensor", "SparseTensorOperationMode", "SparseTensorQuantizationMode", "TensorField", "cat",
    "clear_global_coordinate_manager", "convert_region_type", "convert_to_int_tensor", "cuda_version",
    "cudart_version", "dense_coordinates", "get_gpu_memory_info", "get_kernel_volume", "global_coordinate_manager",
    "is_cuda_available", "mean", "modules", "print_diagnostics", "set_global_coordinate_manager", "set_gpu_allocator",
    "set_memory_manager_backend", "set_sparse_tensor_operation_mode", "sparse_tensor_operation_mode", "spmm", "sum",
    "to_sparse", "to_sparse_all", "utils", "var",
]
