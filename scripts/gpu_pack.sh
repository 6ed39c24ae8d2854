#!/usr/bin/env bash
# usage: scripts/gpu_pack.sh [SCENE.npy]
#
# Builds what travels to a machine that has a card, into build/gpu-pack: the device tests and measurements,
# libvoxloom_cuda.so, and the shared libraries that such a machine may lack; everything finds its libraries
# beside itself. scripts/gpu_check.sh runs it there. SCENE.npy (int32 rows of batch, x, y, z, or an .npz with
# int16 rows of x, y, z) is what the convolutions are measured on.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset gpu
cmake --build --preset gpu -j "${VOXLOOM_JOBS:-$(nproc)}" --target gpu_tests gpu_bench
pack=build/gpu-pack
rm -rf "$pack"
mkdir -p "$pack"
built=build/gpu
for program in "$built/tests/gpu_tests" "$built/tests/gpu_bench" "$built/src/cuda/libvoxloom_cuda.so"; do
  strip -o "$pack/$(basename "$program")" "$program"
done
ldd "$pack/gpu_tests" "$pack/gpu_bench" |
  sed -n 's/.* => \(\/[^ ]*\/lib\(tbb\|fmt\|png16\|z\)\.so[^ ]*\) .*/\1/p' | sort -u |
  xargs -I{} cp -L {} "$pack/"
scripts/gpu_scene.py "${1:-}" "$pack/scene.npy"
cp scripts/gpu_check.sh "$pack/"
du -sh "$pack"
