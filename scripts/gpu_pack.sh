#!/usr/bin/env bash
# usage: scripts/gpu_pack.sh [--sources BUILD] [SCENE.npy]
#
# Builds what travels to a machine that has a card, into build/gpu-pack: the device tests and measurements,
# libvoxloom_cuda.so, and the shared libraries that such a machine may lack; everything finds its libraries
# beside itself. scripts/gpu_check.sh runs it there. SCENE.npy (int32 rows of batch, x, y, z, or an .npz with
# int16 rows of x, y, z) is what the convolutions are measured on. With --sources, device code and tests are
# compiled there: BUILD is a folder that holds the library already, and no nvcc is needed here.
set -euo pipefail
cd "$(dirname "$0")/.."

pack=build/gpu-pack
rm -rf "$pack"
mkdir -p "$pack"

pack_programs() {
  local built=build/gpu program
  cmake --preset gpu
  cmake --build --preset gpu -j "${VOXLOOM_JOBS:-$(nproc)}" --target gpu_tests gpu_bench
  for program in "$built/tests/gpu_tests" "$built/tests/gpu_bench" "$built/src/cuda/libvoxloom_cuda.so"; do
    strip -o "$pack/$(basename "$program")" "$program"
  done
}

pack_sources() {
  local built=$1 tree=$pack/tree
  mkdir -p "$tree/lib" "$tree/bench"
  cp -r include src "$tree/"
  find "$tree/src" -type f ! -name '*.h' ! -name '*.inc' ! -path '*/cuda/*' -delete
  mkdir "$tree/tests"
  cp -r tests/cuda tests/oracle tests/support tests/coords "$tree/tests/"
  cp -r bench/gpu "$tree/bench/"
  cp -r /usr/include/gtest /usr/include/fmt "$tree/include/"
  local library
  for library in "$built"/src/libvoxloom*.a; do strip -g -o "$tree/lib/$(basename "$library")" "$library"; done
  cp "$(g++ -print-file-name=libgtest.a)" "$(g++ -print-file-name=libgtest_main.a)" "$tree/lib/"
}

if [ "${1:-}" = --sources ]; then
  pack_sources "$2"
  shift 2
else
  pack_programs
fi
for library in tbb fmt png16 z; do
  cp -L "$(ldconfig -p | sed -n "s/.*lib$library\.so\.[0-9]* .* => //p" | head -n 1)" "$pack/"
done
scripts/gpu_scene.py "${1:-}" "$pack/scene.npy"
cp scripts/gpu_check.sh "$pack/"
du -sh "$pack"
