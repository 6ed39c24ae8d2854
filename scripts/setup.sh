#!/usr/bin/env bash
# usage: scripts/setup.sh [--quick | --test | --full]
#
# Installs what a bare Debian 12 or 13 lacks for building; does nothing, and touches no network, when all
# of it is there. --quick adds what the tests are built with, --test also the fuzzers, the second compiler,
# a browser and Open MPI, --full also the cross compiler and emulator for aarch64, MPICH, and what makes a
# Debian 13 tree.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache pkg-config
  libtbb-dev libfmt-dev nlohmann-json3-dev libcli11-dev libpng-dev zlib1g-dev libstb-dev
)
quick=(
  libgtest-dev librapidcheck-dev libnanoflann-dev python3
  # The Python package and its tests: scripts/python_env.sh adds what Debian lacks.
  python3-dev python3-venv python3-pytest python3-numpy python3-torch
)
testing=(
  "${quick[@]}" libbenchmark-dev
  # libFuzzer, and the second compiler.
  clang libclang-rt-dev clang-format
  # The page is tested in a browser.
  chromium chromium-driver
  # Ranks on many machines; without it all but these is built and tested.
  libopenmpi-dev openmpi-bin
)
# Of these Debian lets the arm64 build stand beside the native one; the others are headers only.
cross=(libtbb-dev libfmt-dev libpng-dev zlib1g-dev libgtest-dev librapidcheck-dev)

case "${1-}" in
  '') ;;
  --quick) packages+=("${quick[@]}") ;;
  --test) packages+=("${testing[@]}") ;;
  --full)
    packages+=("${testing[@]}" clang-tidy debootstrap libmpich-dev mpich)
    if [ "$(uname -m)" = x86_64 ]; then
      packages+=(g++-aarch64-linux-gnu qemu-user "${cross[@]/%/:arm64}")
    fi
    ;;
  *) sed -n '2,8s/^# \?//p' "$0" >&2; exit 2 ;;
esac

if ! command -v dpkg-query apt-get >/dev/null; then
  echo "setup: not a Debian system; needed are the equivalents of: ${packages[*]}" >&2
  exit 0
fi

native=$(dpkg --print-architecture)
is_installed() {
  local arch=$native
  [[ $1 != *:* ]] || arch=${1#*:}
  dpkg-query -W -f='${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -qxE "($arch|all) installed"
}

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: nothing to install"
  exit 0
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
run() { echo "+ $*"; "$@"; }

if [[ " ${missing[*]} " == *:arm64* ]] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
  run "${as_root[@]}" dpkg --add-architecture arm64
fi
run "${as_root[@]}" apt-get update -q
# Never remove what is there to make room.
run "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends --no-remove "${missing[@]}"
