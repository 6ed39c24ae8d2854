#!/usr/bin/env bash
# usage: scripts/test_minkowski.sh [CHECKOUT]
#
# MinkowskiEngine 0.5.4's own Python tests and example networks, unmodified, on the drop-in. Each test is listed as
# passed, refused (with the reason: CUDA) or failed; the exit status is 1 where one failed. Outside the continuous
# integration: the tests are in MinkowskiEngine's repository alone (its source package has none). CHECKOUT: a copy of
# that; without one it is cloned into ${XDG_CACHE_HOME:-~/.cache}/voxloom, and without network all is skipped.
#
# Needs the module built (python/voxloom/_core.*), numpy, torch: see docs/python.md. PYTHON: the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

checkout=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/voxloom/MinkowskiEngine-0.5.4}
if [ ! -d "$checkout/tests/python" ]; then
  if [ $# -gt 0 ]; then
    echo "$checkout has no tests/python: not a checkout of MinkowskiEngine" >&2
    exit 2
  fi
  mkdir -p "$(dirname "$checkout")"
  if ! git clone --quiet --depth 1 --branch v0.5.4 https://github.com/NVIDIA/MinkowskiEngine "$checkout" \
      2>/dev/null; then
    rm -rf "$checkout"
    echo "skipped: MinkowskiEngine's repository is out of reach, and no checkout was given"
    exit 0
  fi
fi
checkout=$(cd "$checkout" && pwd)

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$PWD/python${PYTHONPATH:+:$PYTHONPATH}" \
  exec "${PYTHON:-python3}" scripts/minkowski_tests.py "$checkout"
