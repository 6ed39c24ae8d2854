#!/usr/bin/env bash
# spconv 2.3.8: PointToVoxel(..., empty_mean=True) on a CPU fills the empty places of the first voxel with the mean of
# its points, and those of each later voxel with (the value before + the sum of its points) / count.
#
# Seen: three voxels with one point each, of the values 1, 10 and 100: the empty places hold 1, 11 and 111.
# Why: Point2VoxelCPU.point_to_voxel_static_template (spconv/csrc/sparse/pointops.py) calls mean_value.clear() on a
# std::vector and then adds to its elements, which are beyond its end then and still hold what they did.
# Why it matters: the numbers that networks get for padded points depend on the order of all voxels before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"  # beside Debian's python3-torch
python=$folder/venv/bin/python
"$python" -m pip install -q spconv==2.3.8 2> "$folder/pip.log" || { tail -1 "$folder/pip.log"; echo "SKIPPED: no wheel"; exit 77; }
"$python" - << 'EOF'
import torch
from spconv.pytorch.utils import PointToVoxel

points = torch.tensor([[0.5, 0.5, 0.5, 1.0], [1.5, 0.5, 0.5, 10.0], [2.5, 0.5, 0.5, 100.0]])
voxels, _, counts = PointToVoxel([1.0] * 3, [0.0] * 3 + [3.0] * 3, 4, 10, 2)(points, empty_mean=True)
filled = voxels[:, 1, 3].tolist()
print("one point each, of 1, 10 and 100; the empty places hold", filled)
assert counts.tolist() == [1, 1, 1] and filled == [1.0, 11.0, 111.0]
EOF
