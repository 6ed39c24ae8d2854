#!/usr/bin/env bash
# usage: scripts/demo.sh
#
# On a bare Debian 12: installs what is missing, builds the program, and shows it at work. Results
# land in demo-out/.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; "$@"; }

scripts/setup.sh
say "build"
scripts/build.sh release

voxloom=build/release/voxloom
bundle=examples/bundles/segmenter.lattice
mkdir -p demo-out

say "a U-Net in 50 lines of C++ (examples/small_unet.cpp)"
show build/release/examples/example_small_unet

say "a model bundle"
show "$voxloom" verify "$bundle"
show "$voxloom" info "$bundle"
show "$voxloom" run "$bundle" --inputs examples/bundles/segmenter.inputs.safetensors \
  --output demo-out/scores.safetensors
ls -l demo-out
