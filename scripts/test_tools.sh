#!/usr/bin/env bash
# usage: scripts/test_tools.sh     outside the continuous integration
#
# Files of ours read by Open3D, laspy, pypcd4, plyfile, PCL and CloudCompare, and theirs by us: a table, and an error where something
# that a format holds did not come through (scripts/tools.py).
#
# Wants build/dev with the program, and Python 3.10 to 3.12, for which Open3D has wheels. The packages are fetched once
# into $VOXLOOM_CACHE (default ~/.cache/voxloom), some 1.5 GB; PCL's programs and CloudCompare are used where
# Debian's pcl-tools and cloudcompare are installed. Without such a Python or the network the script says that it was skipped, and ends with 77.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${VOXLOOM_CACHE:-$HOME/.cache/voxloom}/tools-1
packages=(open3d==0.20.0 laspy==2.7.0 plyfile==1.1.5 pypcd4==1.5.1)

skip() {
  echo "test_tools: SKIPPED: $*"
  exit 77
}

if [ ! -e "$cache/ready" ]; then
  python=
  for candidate in "${PYTHON:-python3.12}" python3.11 /usr/bin/python3 "$HOME"/.pyenv/versions/3.1[12]*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  [ -n "$python" ] || skip "there is no Python 3.10 to 3.12 (PYTHON names one)"
  rm -rf "$cache"
  mkdir -p "$(dirname "$cache")"
  "$python" -m venv "$cache"
  if ! "$cache/bin/pip" install -q "${packages[@]}" 2> "$cache/pip.log"; then
    tail -3 "$cache/pip.log" >&2
    skip "the packages could not be fetched (no network?)"
  fi
  touch "$cache/ready"
fi

[ -x "$here/build/dev/voxloom" ] || skip "there is no $here/build/dev/voxloom: build first"
exec "$cache/bin/python" "$here/scripts/tools.py" "$here/build/dev/voxloom"
