"""MinkowskiEngineBackend._C. Names are given absolutely: the file may be loaded by that name too."""

from voxloom.compat.MinkowskiEngine._manager import CoordinateMapManagerCPU
from voxloom.compat.MinkowskiEngine._types import (
    BroadcastMode,
    ConvolutionMode,
    CoordinateMapKey,
    CoordinateMapType,
    CUDAKernelMapMode,
    GPUMemoryAllocatorType,
    MinkowskiAlgorithm,
    PoolingMode,
    RegionType,
)
from voxloom.compat.MinkowskiEngine.backend._functions import (
    cuda_version,
    cudart_version,
    get_gpu_memory_info,
    is_cuda_available,
    quantize_label_np,
    quantize_label_th,
    quantize_np,
    quantize_th,
)

__all__ = [
    "BroadcastMode", "CUDAKernelMapMode", "ConvolutionMode", "CoordinateMapKey", "CoordinateMapManagerCPU",
    "CoordinateMapType", "GPUMemoryAllocatorType", "MinkowskiAlgorithm", "PoolingMode", "RegionType", "cuda_version",
    "cudart_version", "get_gpu_memory_info", "is_cuda_available", "quantize_label_np", "quantize_label_th",
    "quantize_np", "quantize_th",
]
