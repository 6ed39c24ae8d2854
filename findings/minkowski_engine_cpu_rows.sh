#!/usr/bin/env bash
# MinkowskiEngine 0.5.4, the source package on the Python package index, built for the CPU (Debian 12: python3-torch
# 1.13, libtorch-dev, libblas-dev, g++ 12): three things that a reader of its documentation would not guess.
#
# 1. MinkowskiGlobalAvgPooling and MinkowskiGlobalSumPooling hand batches to the wrong rows. Five batches whose features
#    are their own number: the output's coordinates say batches 4 0 1 2 3, its features are 1 2 3 4 0. (Two batches and
#    one are right: the row is looked up with the permutation where its inverse is needed, and the permutation comes from
#    a hash table.) MinkowskiGlobalMaxPooling is right.
# 2. SparseTensor.slice through a strided map gives most points another point's voxel: of 200 points 18 read their own,
#    as the rows of the stride map come in the hash table's order and are taken for ascending.
# 3. RegionType.HYPER_CROSS is no cross: a 3x3 cross meets (-1,-1), (0,-1), (1,-1), (-1,0) and (0,0), the first five
#    offsets of the box, not the centre and its four neighbours.
#
# Why it matters: results are wrong without a word, on valid input. A drop-in that is right differs, checkpoints trained
# through (1) or (2) on a CPU have learnt something else, and weights of a cross belong to other offsets.
#
# Python 3.10 and later lack collections.Sequence, which the package imports: those lines are mended first.
# usage: findings/minkowski_engine_cpu_rows.sh [BUILT]   BUILT: a folder to build into, or that was built into before.
set -euo pipefail
built=${1:-$(mktemp -d)}
python=${PYTHON:-/usr/bin/python3}
mkdir -p "$built"
cd "$built"

if [ ! -e MinkowskiEngineBackend/_C.so ]; then
  "$python" -m pip download --quiet --no-deps --no-binary :all: --no-build-isolation "MinkowskiEngine==0.5.4"
  tar xzf MinkowskiEngine-0.5.4.tar.gz
  cp -r MinkowskiEngine-0.5.4/MinkowskiEngine .
  grep -rl "from collections import" MinkowskiEngine | xargs sed -i \
    -e 's/^from collections import Sequence, namedtuple$/from collections import namedtuple\nfrom collections.abc import Sequence/' \
    -e 's/^from collections import Sequence$/from collections.abc import Sequence/'
  mkdir -p MinkowskiEngineBackend objects
  touch MinkowskiEngineBackend/__init__.py
  include=$("$python" -W ignore -c "
import sysconfig, torch.utils.cpp_extension as c
print(' '.join('-isystem ' + p for p in [*c.include_paths(), sysconfig.get_paths()['include']]))" 2>/dev/null)
  abi=$("$python" -c "import torch; print(int(torch._C._GLIBCXX_USE_CXX11_ABI))" 2>/dev/null)
  flags="-O2 -w -fPIC -fopenmp -std=c++14 -DCPU_ONLY -DTORCH_EXTENSION_NAME=_C -DTORCH_API_INCLUDE_EXTENSION_H"
  cd MinkowskiEngine-0.5.4
  sources="pybind/minkowski src/coordinate_map_manager src/convolution_cpu src/convolution_transpose_cpu
    src/local_pooling_cpu src/local_pooling_transpose_cpu src/global_pooling_cpu src/broadcast_cpu src/pruning_cpu
    src/interpolation_cpu src/quantization src/direct_max_pool src/math_functions_cpu"
  # shellcheck disable=SC2086
  printf '%s\n' $sources | xargs -P "$(nproc)" -I{} sh -c \
    "g++ $flags -D_GLIBCXX_USE_CXX11_ABI=$abi -Isrc -Isrc/3rdparty $include -c {}.cpp -o ../objects/\$(basename {}).o"
  cd ..
  libraries=$("$python" -c "import os, torch; print(os.path.dirname(torch.__file__) + '/lib')" 2>/dev/null)
  g++ -shared -fopenmp objects/*.o -o MinkowskiEngineBackend/_C.so -L"$libraries" -Wl,-rpath,"$libraries" \
    -ltorch_python -ltorch -ltorch_cpu -lc10 -lblas
fi

PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1 "$python" -W ignore - <<'PYTHON'
import sys

import torch
import MinkowskiEngine as ME

failed = []


def expect(what, got, expected):
    print(f"{what}: {got}")
    if got != expected:
        failed.append(f"{what}: expected {expected}")


print("MinkowskiEngine", ME.__version__, "torch", torch.__version__)
rows = torch.IntTensor([[b, i, 0, 0] for b in range(5) for i in range(2)])
x = ME.SparseTensor(rows[:, :1].float(), rows)
for layer, values in ((ME.MinkowskiGlobalAvgPooling, [1, 2, 3, 4, 0]), (ME.MinkowskiGlobalSumPooling, [2, 4, 6, 8, 0]),
                      (ME.MinkowskiGlobalMaxPooling, [4, 0, 1, 2, 3])):
    y = layer()(x)
    expect(f"{layer.__name__}, batches", y.C[:, 0].tolist(), [4, 0, 1, 2, 3])
    expect(f"{layer.__name__}, features", [int(v) for v in y.F.flatten()], values)

torch.manual_seed(0)
points = torch.cat([torch.zeros(200, 1), torch.rand(200, 3) * 20], 1)
field = ME.TensorField(torch.zeros(200, 1), points)
coarse = ME.MinkowskiSumPooling(2, 2, dimension=3)(field.sparse())
coarse = ME.SparseTensor(coarse.C[:, 1:2].float(), coordinate_map_key=coarse.coordinate_map_key,
                         coordinate_manager=coarse.coordinate_manager)
own = torch.floor(points[:, 1] / 2) * 2
right = int((coarse.slice(field).F.flatten() == own).sum())
expect("most of 200 points read another point's voxel", right < 100, True)
print(f"  ({right} read their own)")

generator = ME.KernelGenerator(3, region_type=ME.RegionType.HYPER_CROSS, dimension=2)
conv = ME.MinkowskiConvolution(1, 1, kernel_generator=generator, dimension=2)
with torch.no_grad():
    conv.kernel.fill_(1)
cells = torch.IntTensor([[0, i, j] for j in range(-1, 2) for i in range(-1, 2)])
met = []
for row in range(9):
    features = torch.zeros(9, 1)
    features[row] = 1
    y = conv(ME.SparseTensor(features, cells))
    if y.F[(y.C == 0).all(1)].item():
        met.append(tuple(cells[row, 1:].tolist()))
expect("a 3x3 cross meets", met, [(-1, -1), (0, -1), (1, -1), (-1, 0), (0, 0)])

if failed:
    sys.exit("behaviour changed: " + "; ".join(failed))
PYTHON
