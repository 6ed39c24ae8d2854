#!/usr/bin/env bash
# usage: scripts/format.sh [--fix]
#
# Checks that the C++ sources are laid out as .clang-format says, or makes them so.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(--dry-run -Werror)
[ "${1-}" != --fix ] || mode=(-i)
git ls-files -z '*.cpp' '*.h' | xargs -0 -r clang-format "${mode[@]}"
