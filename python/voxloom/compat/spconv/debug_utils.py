"""Names of spconv.debug_utils."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from .constants import SPCONV_DEBUG_SAVE_PATH


def spconv_save_debug_data(data: Any) -> None:
    """Pickles `data` to the file that the environment variable SPCONV_DEBUG_SAVE_PATH names, where it names one."""
    if SPCONV_DEBUG_SAVE_PATH:
        Path(SPCONV_DEBUG_SAVE_PATH).write_bytes(pickle.dumps(data))
