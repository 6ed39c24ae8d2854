"""What runs here."""

from __future__ import annotations

import platform

import torch

from ... import __version__ as voxloom_version
from ..._core import available_threads, current_isa


def print_diagnostics() -> None:
    """Prints the system, Python, torch, and the engine."""
    print("==========System==========")
    print(platform.platform())
    print(f"Python {platform.python_version()}")
    print("==========Pytorch==========")
    print(torch.__version__)
    print("==========MinkowskiEngine==========")
    print(f"voxloom {voxloom_version} in place of MinkowskiEngine 0.5.4; instruction set {current_isa()}, "
          f"{available_threads()} threads, no CUDA")
