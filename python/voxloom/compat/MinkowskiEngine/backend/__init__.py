"""MinkowskiEngineBackend: the names of MinkowskiEngine's C++ module that have a meaning here."""

from . import _C
from ._C import *  # noqa: F403

__all__ = _C.__all__
