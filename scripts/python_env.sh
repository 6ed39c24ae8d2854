#!/usr/bin/env bash
# usage: scripts/python_env.sh
#
# Makes build/python-venv, with which the Python package is built and tested: Debian's numpy, torch and pytest, and
# from PyPI what Debian lacks, nanobind and mypy. Does nothing, and touches no network, when it is there. Prints the
# interpreter's path; without the network it says so on the error output, and prints nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$PWD/build/python-venv
wanted=(nanobind==3.1.0 nanobind-backend==1.0.0 scikit-build-core==1.1.2 mypy==2.4.1)

# Debian's Python, which sees Debian's packages.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
if [ ! -x "$venv/bin/python" ]; then
  "$python" -m venv --system-site-packages "$venv" >&2 || rm -rf "$venv"
fi
is_complete() {
  "$venv/bin/python" - "${wanted[@]}" 2>/dev/null <<'END'
import importlib.metadata, sys
for name, _, version in (w.partition("==") for w in sys.argv[1:]):
    assert importlib.metadata.version(name) == version
END
}
if ! is_complete; then
  if ! "$venv/bin/python" -m pip install -q "${wanted[@]}" >&2; then
    echo "python_env: nanobind cannot be had: the Python package is NEITHER BUILT NOR TESTED" >&2
    exit 0
  fi
fi
echo "$venv/bin/python"
