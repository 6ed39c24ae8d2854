#!/usr/bin/env bash
# spconv 2.3.8: where a strided kernel is longer than the padded axis by less than the stride, the output tensor says
# that the axis has length 0, and holds rows on it all the same.
#
# Seen: SparseMaxPool3d(3, 3) on a tensor of spatial shape [2, 3, 3]: output shape [0, 1, 1], one row at (0, 0, 0).
# Why: ops.get_conv_output_size divides in Python, which rounds down; SpconvOps.get_indice_pairs divides in C++, which
# rounds towards zero, and makes the rows for a length of 1.
# Why it matters: the next layer, dense() or a check of shapes fails far from the cause; a port that follows the reported
# shape drops the rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"  # beside Debian's python3-torch
python=$folder/venv/bin/python
"$python" -m pip install -q spconv==2.3.8 2> "$folder/pip.log" || { tail -1 "$folder/pip.log"; echo "SKIPPED: no wheel"; exit 77; }
OMP_NUM_THREADS=1 "$python" - << 'EOF'
import torch
import spconv.pytorch as spconv

x = spconv.SparseConvTensor(torch.ones(1, 1), torch.zeros(1, 4, dtype=torch.int32), [2, 3, 3], 1)
y = spconv.SparseMaxPool3d(3, 3)(x)
print("spatial shape", y.spatial_shape, "indices", y.indices.tolist())
assert y.spatial_shape == [0, 1, 1] and y.indices.tolist() == [[0, 0, 0, 0]]
EOF
