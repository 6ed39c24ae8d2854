"""Names of spconv.pytorch.constants."""

import re

import torch

PYTORCH_VERSION = [int(part) for part in re.findall(r"\d+", torch.__version__)[:3]]
TORCH_HAS_AMP = True


def is_amp_enabled() -> bool:
    return torch.is_autocast_enabled()
