#!/usr/bin/env bash
# usage: scripts/build.sh [preset [target...]]
#
# Configures and builds one preset of CMakePresets.json (release unless told) in build/<preset>: all of
# it, or these targets.
# VOXLOOM_JOBS sets how many compilers run at once. scripts/setup.sh installs what this needs.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
targets=()
[ $# -lt 2 ] || targets=(--target "${@:2}")
cmake --preset "$preset"
cmake --build --preset "$preset" -j "${VOXLOOM_JOBS:-$(nproc)}" "${targets[@]}"
