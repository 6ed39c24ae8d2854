#!/usr/bin/env bash
# usage: scripts/test_contract.sh [BUNDLE_OR_FOLDER...]     outside the continuous integration
#
# Every bundle that the tests write, the bundled models and the conformance bundles (under VOXLOOM_SHARED_DIR, where it
# is set), held to the schema of lattice-contract 0.6.3, the exchange format's own package; and submanifold convolutions
# of the program against its binary64 oracle. Arguments: further bundles.
#
# Wants build/dev with the program and the tests (scripts/test.sh --quick) and Python 3.12, which the package asks for.
# The package is fetched once into $VOXLOOM_CACHE (default ~/.cache/voxloom). Without that Python or the network the
# script says that it was skipped, and ends with 77.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${VOXLOOM_CACHE:-$HOME/.cache/voxloom}/contract-0.6.3
build=$here/build/dev

skip() {
  echo "test_contract: SKIPPED: $*"
  exit 77
}

find_python() {
  local python
  for python in "${PYTHON312:-python3.12}" python3.13 python3 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  uv python find '>=3.12' 2>/dev/null || true
}

if [ ! -e "$cache/ready" ]; then
  python=$(find_python)
  [ -n "$python" ] || skip "there is no Python 3.12 (PYTHON312 names one)"
  rm -rf "$cache"
  mkdir -p "$(dirname "$cache")"
  "$python" -m venv "$cache"
  if ! "$cache/bin/pip" install -q lattice-contract==0.6.3 2> "$cache/pip.log"; then
    tail -3 "$cache/pip.log" >&2
    skip "the package could not be fetched (no network?)"
  fi
  touch "$cache/ready"
fi

[ -x "$build/voxloom" ] || skip "there is no $build/voxloom: build first"
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
echo "test_contract: running the tests that write bundles"
status=0
(cd "$here" && VOXLOOM_KEEP_BUNDLES=$kept ctest --preset dev -R '^(artifact|checkpoint|cli|docs|train)$' -Q) || {
  echo "test_contract: tests failed"
  status=1
}
bundles=("$kept" "$here/models" "$@")
shared=${VOXLOOM_SHARED_DIR:-}
[ -z "$shared" ] || bundles+=("$shared/conformance")
"$cache/bin/python" "$here/scripts/contract.py" --program "$build/voxloom" "${bundles[@]}" || status=1
exit $status
