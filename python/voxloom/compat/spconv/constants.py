"""Names of spconv.constants that code reads or sets. Settings of CUDA kernels are kept and change nothing."""

import os
from pathlib import Path

PACKAGE_NAME = "spconv"
PACKAGE_ROOT = Path(__file__).parent.resolve()
EDITABLE_INSTALLED = False
DISABLE_JIT = True

NDIM_DONT_CARE = 3
FILTER_HWIO = False
ALL_WEIGHT_IS_KRSC = True

#: The layout of weights in state dicts that are loaded; "": as this version saves them, (C_out, *kernel, C_in).
SAVED_WEIGHT_LAYOUT = os.getenv("SPCONV_SAVED_WEIGHT_LAYOUT", "")
if SAVED_WEIGHT_LAYOUT not in ("", "KRSC", "RSKC", "RSCK"):
    raise ValueError(f"SPCONV_SAVED_WEIGHT_LAYOUT: expected KRSC, RSKC or RSCK, got {SAVED_WEIGHT_LAYOUT!r}")

SPCONV_DEBUG_SAVE_PATH = os.getenv("SPCONV_DEBUG_SAVE_PATH", "")
SPCONV_FX_TRACE_MODE = os.getenv("SPCONV_FX_TRACE_MODE", "0") == "1"
SPCONV_BWD_SPLITK = [1, 2, 4, 8, 16, 32, 64]
SPCONV_DEBUG_WEIGHT = False
SPCONV_CPP_INDICE_PAIRS = True
SPCONV_CPP_INDICE_PAIRS_IGEMM = False
SPCONV_CPP_GEMM = True
SPCONV_USE_DIRECT_TABLE = True
SPCONV_DIRECT_TABLE_HASH_SIZE_SCALE = 1.1
SPCONV_ALLOW_TF32 = False
SPCONV_INT8_DEBUG = False
SPCONV_DO_SORT = True
