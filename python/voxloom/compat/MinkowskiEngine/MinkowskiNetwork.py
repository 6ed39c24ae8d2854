"""The base class of networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch.nn as nn


class MinkowskiNetwork(nn.Module, ABC):
    """A network over D axes; forward is its own."""

    def __init__(self, D: int):
        super().__init__()
        self.D = D

    @abstractmethod
    def forward(self, x: Any) -> Any: ...

    def init(self, x: Any) -> None:
        """Refused: MinkowskiEngine's calls methods that 0.5 no longer has."""
        raise NotImplementedError("MinkowskiNetwork.init: coordinates are made with the sparse tensor since 0.5")
