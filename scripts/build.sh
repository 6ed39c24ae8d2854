#!/usr/bin/env bash
# usage: scripts/build.sh [preset]
#
# Configures and builds one preset of CMakePresets.json (release unless told) in build/<preset>.
# VOXLOOM_JOBS sets how many compilers run at once. scripts/setup.sh installs what this needs.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
cmake --preset "$preset"
cmake --build --preset "$preset" -j "${VOXLOOM_JOBS:-$(nproc)}"
