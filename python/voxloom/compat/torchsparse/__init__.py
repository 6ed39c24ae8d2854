"""torchsparse 2.1.0 on voxloom's engine: ``import voxloom.compat.torchsparse``, or voxloom.compat.install.

Coordinates are (batch, x, y, z), as in 2.1; a strided convolution divides them. docs/compat.md has a row for each
public name: works, differs (how), refused.
"""

from . import backends
from .operators import cat, generative_add
from .tensor import PointTensor, SparseTensor

__all__ = ["PointTensor", "SparseTensor", "__version__", "backends", "cat", "generative_add"]

__version__ = "2.1.0"

# What voxloom.compat.install puts under the name torchsparse besides this module.
_MODULES = (
    "backends", "backbones", "backbones.modules", "backbones.resnet", "backbones.unet", "nn", "nn.functional",
    "nn.functional.conv_config", "nn.modules", "nn.modules.activation", "nn.modules.bev", "nn.modules.conv",
    "nn.modules.crop", "nn.modules.norm", "nn.modules.pooling", "nn.utils", "operators", "tensor", "utils",
    "utils.collate", "utils.quantize", "utils.tensor_cache", "utils.tune",
)  # fmt: skip
