"""spconv 2.3.8 on voxloom's engine: ``import voxloom.compat.spconv.pytorch as spconv``, or voxloom.compat.install.

What a CPU can mean of it computes as spconv does: coordinates, row order, values, gradients, state dicts. What cannot
be had raises NotImplementedError with a reason. docs/compat.md has a row for each public name.
"""

from . import constants
from .core import AlgoHint, ConvAlgo
from .cppconstants import CPU_ONLY_BUILD as CPU_ONLY_BUILD

__all__ = ["AlgoHint", "ConvAlgo", "SPCONV_VERSION_NUMBERS", "__version__", "constants"]

__version__ = "2.3.8"
SPCONV_VERSION_NUMBERS = [2, 3, 8]

# What voxloom.compat.install puts under the name spconv besides this module.
_MODULES = (
    "constants", "core", "cppconstants", "debug_utils", "tools", "utils", "pytorch", "pytorch.constants", "pytorch.conv",
    "pytorch.core", "pytorch.cppcore", "pytorch.functional", "pytorch.hash", "pytorch.identity", "pytorch.modules",
    "pytorch.ops", "pytorch.pool", "pytorch.quantization", "pytorch.spatial", "pytorch.tables", "pytorch.utils",
)  # fmt: skip
