#!/usr/bin/env bash
# usage: scripts/python_asan.sh [PYTEST ARGUMENT...]     outside the continuous integration
#
# The Python module under the address and undefined-behaviour sanitizers, and Python's own allocator in its debug mode
# (PYTHONMALLOC=debug): builds the module in build/python-asan and runs the tests of python/tests, but for the
# notebook, types and stub, which other programs judge, or those that are named, relative to that folder. Leaks are not
# looked for: interpreters keep what they load; reference counts are counted by test_arrays.py.
#
# Wants what scripts/setup.sh --test installs, and nanobind (scripts/python_env.sh).
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(scripts/python_env.sh)
[ -n "$python" ] || exit 77
build=$PWD/build/python-asan
cmake --preset asan -B "$build" -DVOXLOOM_BUILD_PYTHON=ON -DVOXLOOM_BUILD_TESTS=OFF -DVOXLOOM_BUILD_EXAMPLES=OFF \
  -DVOXLOOM_BUILD_CLI=OFF -DVOXLOOM_ISAS="${VOXLOOM_ISAS-scalar;avx2}" "-DPython_EXECUTABLE=$python" > "$build.log" ||
  { cat "$build.log"; exit 1; }
cmake --build "$build" --target voxloom_python -j "${VOXLOOM_JOBS:-$(nproc)}"

# The package beside the sanitized module: the tests import nothing else.
package=$build/package
rm -rf "$package"
mkdir -p "$package"
cp -r python/voxloom "$package/"
rm -f "$package"/voxloom/_core*.so
cp -L "$(find "$build/python" -name '_core*.so')" "$package/voxloom/"

fixed=()
if setarch "$(uname -m)" -R true 2>/dev/null; then fixed=(setarch "$(uname -m)" -R); fi
tests=("$@")
[ $# -gt 0 ] || tests=(-k 'not notebook and not mypy and not stub')
# Python is loaded without the C++ library, in which the sanitizer's runtime looks for the functions that it stands
# before: with the runtime alone the first exception ends the process.
runtime="$(readlink -f "$(gcc -print-file-name=libasan.so)") $(readlink -f "$(gcc -print-file-name=libstdc++.so.6)")"
cd python/tests
exec env LD_PRELOAD="$runtime" PYTHONMALLOC=debug PYTHONPATH="$package" PYTHONDONTWRITEBYTECODE=1 \
  VOXLOOM_SOURCE_DIR="$PWD/../.." VOXLOOM_PLANS="$build/no-plans.txt" \
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
  "${fixed[@]}" "$python" -m pytest -q -x -p no:cacheprovider "${tests[@]}"
