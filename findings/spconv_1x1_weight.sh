#!/usr/bin/env bash
# spconv 2.3.8: a layer with kernel size 1 and stride 1 does not compute x W^T of its weight (C_out, 1, 1, 1, C_in), but
# takes the weight's buffer for a (C_in, C_out) matrix, without transposing it.
#
# Seen: SubMConv3d(6, 4, 1) equals x @ weight.view(6, 4) exactly and is far from x @ weight.view(4, 6).T. The same layer
# with kernel size 3 on isolated voxels equals x @ weight[:, 1, 1, 1].T: the layouts of neighbouring layers disagree.
# Why: SparseConvolutionBase._conv_forward, torch.mm(features, weight.view(in_channels, out_channels)).
# Why it matters: whoever converts weights by the shape that they are stored in (or from spconv 1, by permuting) gets
# wrong heads and shortcuts with a right shape; every network trained with spconv 2 has the quirk in its weights.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"  # beside Debian's python3-torch
python=$folder/venv/bin/python
"$python" -m pip install -q spconv==2.3.8 2> "$folder/pip.log" || { tail -1 "$folder/pip.log"; echo "SKIPPED: no wheel"; exit 77; }
OMP_NUM_THREADS=1 "$python" - << 'EOF'
import torch
import spconv.pytorch as spconv

torch.manual_seed(0)
indices = torch.tensor([[0, 0, 0, 0], [0, 4, 4, 4], [0, 8, 0, 8]], dtype=torch.int32)
x = spconv.SparseConvTensor(torch.randn(3, 6), indices, [9, 9, 9], 1)
with torch.no_grad():
    one, three = spconv.SubMConv3d(6, 4, 1, bias=False), spconv.SubMConv3d(6, 4, 3, bias=False)
    as_matrix = (one(x).features - x.features @ one.weight.view(6, 4)).abs().max().item()
    as_stored = (one(x).features - x.features @ one.weight.view(4, 6).T).abs().max().item()
    centre = (three(x).features - x.features @ three.weight[:, 1, 1, 1].T).abs().max().item()
print(f"kernel 1: differs by {as_matrix:.1e} from x @ weight.view(C_in, C_out), by {as_stored:.1e} from x @ weight^T")
print(f"kernel 3, isolated voxels: differs by {centre:.1e} from x @ weight[centre]^T")
assert as_matrix < 1e-6 and centre < 1e-6 and as_stored > 0.1
EOF
