"""spconv's hash table of integers, as sorted keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

__all__ = ["HashTable"]


class HashTable:
    """Integer keys (int32, int64) to values (int32, int64, float32, float64). Items come in ascending order of keys."""

    def __init__(
        self, device: torch.device, key_dtype: torch.dtype, value_dtype: torch.dtype, max_size: int = -1
    ) -> None:
        if device.type != "cpu":
            raise NotImplementedError(f"voxloom.compat.spconv: HashTable lies on the CPU, not on {device}")
        self.is_cpu = True
        self.key_dtype, self.value_dtype = key_dtype, value_dtype
        self._keys = torch.zeros(0, dtype=key_dtype).numpy()
        self._values = torch.zeros(0, dtype=value_dtype).numpy()

    def insert(self, keys: torch.Tensor, values: torch.Tensor | None = None) -> None:
        """Adds keys; without values theirs are 0. The last of equal keys stands."""
        added = keys.numpy().astype(self._keys.dtype)
        carried = np.zeros(len(added), self._values.dtype) if values is None else values.numpy()
        both = np.concatenate([self._keys, added])
        of_both = np.concatenate([self._values, carried.astype(self._values.dtype)])
        self._keys, last = np.unique(both[::-1], return_index=True)
        self._values = of_both[::-1][last]

    def _places(self, keys: torch.Tensor) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        asked = keys.numpy()
        if not len(self._keys):
            return np.zeros(len(asked), np.int64), np.zeros(len(asked), bool)
        places = np.minimum(np.searchsorted(self._keys, asked), len(self._keys) - 1)
        return places, self._keys[places] == asked

    def query(self, keys: torch.Tensor, values: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """(values, True where a key is missing)."""
        places, found = self._places(keys)
        if values is None:
            values = torch.zeros(len(keys), dtype=self.value_dtype)
        values.numpy()[found] = self._values[places[found]]
        return values, torch.from_numpy(~found)

    def insert_exist_keys(self, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Sets the values of keys that are there; (N,) uint8: 1 where a key is missing."""
        places, found = self._places(keys)
        self._values[places[found]] = values.numpy()[found]
        return torch.from_numpy((~found).astype(np.uint8))

    def assign_arange_(self) -> torch.Tensor:
        """Values become 0, 1, .. in the order of items(); (1,) how many."""
        self._values = np.arange(len(self._keys)).astype(self._values.dtype)
        return torch.tensor([len(self._keys)], dtype=torch.int64)

    def items(self, max_size: int = -1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(keys, values, (1,) how many)."""
        count = torch.tensor([len(self._keys)], dtype=torch.int64)
        return torch.from_numpy(self._keys.copy()), torch.from_numpy(self._values.copy()), count
