"""The little of cumm, which spconv stands on, that code about spconv touches: ``cumm.tensorview``."""

from . import tensorview as tensorview

_MODULES = ("tensorview",)
