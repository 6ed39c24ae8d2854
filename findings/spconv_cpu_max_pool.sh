#!/usr/bin/env bash
# spconv 2.3.8: SparseMaxPool on a CPU (and with algo=Native on a GPU) gives max(0, x), not max(x); and every input that
# equals the maximum gets the whole gradient.
#
# Seen: two voxels with -1 and -2 pool to 0, and nobody gets a gradient; two voxels with 3 and 3 both get the gradient 1
# of their one output.
# Why: ops.indice_maxpool starts from torch.zeros; the backward pass compares each input with the output. The implicit
# algorithms, which a GPU takes by default, start from the lowest number, so the same network gives other values there.
# Why it matters: pools after anything but a ReLU differ between CPU and GPU; a pool with ties multiplies gradients.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"  # beside Debian's python3-torch
python=$folder/venv/bin/python
"$python" -m pip install -q spconv==2.3.8 2> "$folder/pip.log" || { tail -1 "$folder/pip.log"; echo "SKIPPED: no wheel"; exit 77; }
OMP_NUM_THREADS=1 "$python" - << 'EOF'
import torch
import spconv.pytorch as spconv

indices = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1]], dtype=torch.int32)
for values in ([-1.0, -2.0], [3.0, 3.0]):
    features = torch.tensor(values)[:, None].requires_grad_()
    y = spconv.SparseMaxPool3d(2)(spconv.SparseConvTensor(features, indices, [2, 2, 2], 1)).features
    y.backward(torch.ones_like(y))
    print(f"max of {values}: {y.item()}, gradients {features.grad.flatten().tolist()}")
    assert y.item() == max(0.0, *values)
    assert features.grad.flatten().tolist() == [float(value == y.item()) for value in values]
EOF
