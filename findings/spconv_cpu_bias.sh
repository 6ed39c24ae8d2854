#!/bin/sh
# spconv 2.3.8 (CPU wheel) over Debian 12's python3-torch 1.13.
#
# Behaviour: on a CPU, a convolution with a bias (the default) runs while its layer is in training mode, and is
# refused by an assertion after eval(), unless it is 1x1x1.
# Seen:
#   training, bias=False: (1, 2)
#   eval, bias=False: (1, 2)
#   training, bias=True: (1, 2)
#   eval, bias=True: AssertionError: cpu don't support act and bias
# Why it matters: a network that trains or is tried out on a CPU fails at its first evaluation; to compare with spconv
# there, the bias has to be taken out of the layer and added by hand.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"
"$folder/venv/bin/pip" install --quiet spconv==2.3.8
cat > "$folder/bias.py" <<'PYTHON'
import contextlib
import io

import spconv.pytorch as spconv
import torch


def result(is_training, bias):
    x = spconv.SparseConvTensor(torch.ones(1, 3), torch.tensor([[0, 1, 1, 1]]).int(), [4, 4, 4], 1)
    layer = spconv.SubMConv3d(3, 2, 3, bias=bias).train(is_training)
    try:
        with torch.no_grad():
            return str(tuple(layer(x).features.shape))
    except AssertionError as error:
        return f"AssertionError: {error}"


cases = [(True, False), (False, False), (True, True), (False, True)]
seen = []
for is_training, bias in cases:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its arguments when it fails
        seen.append(result(is_training, bias))
    print(f"{'training' if is_training else 'eval'}, bias={bias}: {seen[-1]}")
assert seen[:3] == ["(1, 2)"] * 3
assert seen[3] == "AssertionError: cpu don't support act and bias"
PYTHON
"$folder/venv/bin/python" "$folder/bias.py" 2>/dev/null
