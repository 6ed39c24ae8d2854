#!/usr/bin/env bash
# spconv 2.3.8, CPU wheel: a convolution with a bias, the default, runs in train() and not in eval(); the backward pass
# asks for a CUDA stream.
#
# Seen: SubMConv3d(4, 4, 3).eval() raises AssertionError: cpu don't support act and bias. In train() the forward pass
# runs; the backward pass raises from torch.cuda.current_stream (no CUDA).
# Why: ops.indice_conv adds a bias in a CUDA kernel when not training; ops.indice_conv_backward calls
# get_current_stream() for any device.
# Why it matters: the CPU wheel can neither infer nor train with the layers that networks have.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"  # beside Debian's python3-torch
python=$folder/venv/bin/python
"$python" -m pip install -q spconv==2.3.8 2> "$folder/pip.log" || { tail -1 "$folder/pip.log"; echo "SKIPPED: no wheel"; exit 77; }
OMP_NUM_THREADS=1 "$python" - 2> /dev/null << 'EOF'
import torch
import spconv.pytorch as spconv

indices = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1]], dtype=torch.int32)
layer = spconv.SubMConv3d(4, 4, 3)

def outcome(run):
    try:
        run()
        return "runs"
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"

x = spconv.SparseConvTensor(torch.randn(2, 4), indices, [2, 2, 2], 1)
evaluated = outcome(lambda: layer.eval()(x))
trained = outcome(lambda: layer.train()(x))
backward = outcome(lambda: layer.train()(x).features.sum().backward())
print("eval():", evaluated)
print("train():", trained)
print("train(), backward:", backward)
assert evaluated.startswith("AssertionError") and trained == "runs" and backward != "runs"
EOF
