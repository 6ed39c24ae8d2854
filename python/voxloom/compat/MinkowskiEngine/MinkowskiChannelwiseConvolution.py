"""MinkowskiChannelwiseConvolution by the name of its own module."""

from .MinkowskiConvolution import MinkowskiChannelwiseConvolution

__all__ = ["MinkowskiChannelwiseConvolution"]
