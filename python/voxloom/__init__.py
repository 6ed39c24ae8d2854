"""Spatially sparse convolutional networks (point clouds, lidar, voxels) on a plain CPU: exact, and the same bits
for every thread count and run.

Arrays are numpy arrays, torch CPU tensors, or anything that speaks DLPack or the buffer protocol, in C order. They
are looked at where they lie; results are handed out without a copy, as arrays of the kind that went in. Names,
arguments and formulas are those of the C++ library.

    import numpy as np
    import voxloom

    rows = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, -7, 2, 9]], np.int32)   # batch, x, y, z
    x = voxloom.SparseTensor(rows, np.ones((3, 16), np.float32))
    weight = np.zeros((27, 16, 32), np.float32)                              # (K, C_in, C_out)
    y = voxloom.subm_conv3d(x, weight)                                       # 32 channels on the same voxels

`voxloom.functional` has the functions on rows of features and maps that these stand on, `voxloom.torch` the modules
and gradients for PyTorch.

Errors: ValueError, with the operation, what was expected and what came, for misuse; FormatError (a ValueError) for bad
files; ResourceError (a MemoryError); OSError for files that cannot be opened or written.
"""

import os as _os

from . import _maps, functional, parity
from ._core import (
    CoordinateSet,
    FormatError,
    KernelMap,
    KernelSpec,
    LasRecords,
    ResourceError,
    _after_fork,
    _version,
    available_threads,
    current_isa,
    difference_of,
    downsample,
    forward_map,
    intersection_of,
    isa_names,
    k_nearest,
    merge_rows,
    radius_neighbors,
    reachable_support,
    set_isa,
    set_threads,
    sort_canonical,
    strided_support,
    transposed_map,
    transposed_support,
    union_of,
)
from .models import (
    Agreement,
    Bundle,
    Diagnostic,
    ImportedBundle,
    ImportReport,
    Model,
    import_checkpoint,
    importable_networks,
    read_checkpoint,
    read_safetensors,
    verify_bundle,
    write_safetensors,
)
from .scans import (
    LabelClass,
    PointLabeller,
    PointLabels,
    Scan,
    format_scan,
    parse_scan,
    read_classes,
    read_scan,
    scan_formats,
    street_classes,
    view_from_above,
    view_in_perspective,
    write_page,
    unpack_laz,
    write_scan,
)
from .sparse import (
    SparseTensor,
    Voxelized,
    activate,
    add,
    binary,
    cat,
    conv3d,
    conv3d_map,
    conv_on_map,
    conv_transpose3d,
    conv_transpose3d_map,
    crop,
    devoxelize,
    from_dense,
    generative_conv_transpose3d,
    global_pool,
    inverse_conv3d,
    linear,
    max_unpool3d,
    maximum,
    minimum,
    mul,
    normalized_conv_transpose3d,
    normalized_generative_conv_transpose3d,
    normalized_subm_conv3d,
    pool3d,
    pool_transpose3d,
    prune,
    reindex,
    sparse_from_points,
    sub,
    subm_conv3d,
    subm_conv3d_map,
    to_dense,
    topk,
    trilinear_upsample3d,
    voxelize,
)

__version__: str = _version

# A forked child works alone, or says why it cannot.
_os.register_at_fork(after_in_child=_after_fork)

__all__ = [name for name in dir() if not name.startswith("_")]
