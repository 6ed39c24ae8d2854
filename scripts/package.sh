#!/usr/bin/env bash
# usage: scripts/package.sh [FOLDER]
#
# Makes packages in FOLDER (dist unless told): voxloom_*.deb and libvoxloom-dev_*.deb for the Debian that this runs on,
# and voxloom-VERSION-linux-ARCH.tar.gz, a tree that runs from any place: the libraries that the program needs beside the C and
# C++ ones travel in it. Says which glibc and libstdc++ the tree needs, and fails above those of Ubuntu 22.04 (2.35 and
# 3.4.30), which Debian 12 and 13 have too. scripts/setup.sh installs what building needs; cpack needs dpkg-dev and file.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
build=build/package
jobs=${VOXLOOM_JOBS:-$(nproc)}
most_glibc=2.35 most_glibcxx=3.4.30

configure() {
  cmake --preset release -B "$build" -DVOXLOOM_MPI=OFF -DVOXLOOM_BUILD_EXAMPLES=OFF \
    -DVOXLOOM_BUILD_PYTHON=OFF "$@" > "$build.log" || { cat "$build.log"; exit 1; }
  cmake --build "$build" -j "$jobs"
}

# What a file needs of the C libraries: the highest of each kind.
highest() {
  objdump -T "${@:2}" 2>/dev/null | grep -o "\b$1_[0-9.]*" | sed "s/$1_//" | sort -V | tail -n 1
}
check_highest() {
  local kind=$1 most=$2 found
  found=$(highest "$kind" "${@:3}")
  echo "package: the tree needs $kind $found"
  if [ "$(printf '%s\n' "$found" "$most" | sort -V | tail -n 1)" != "$most" ]; then
    echo "package: that is above $most" >&2
    exit 1
  fi
}

mkdir -p build
# In the tree the program looks for libraries beside itself.
configure "-DCMAKE_INSTALL_RPATH=\$ORIGIN/../lib/voxloom"
version=$("$build/voxloom" --version | sed 's/.* //')
name=voxloom-$version-linux-$(uname -m)
tree=$build/tree/$name
rm -rf "$build/tree"
cmake --install "$build" --prefix "$tree" --strip > /dev/null
mkdir -p "$tree/lib/voxloom"
ldd "$build/voxloom" | awk '$2 == "=>" {print $3}' |
  grep -vE '/(libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s)\.so\.' |
  while read -r library; do install -m 644 "$library" "$tree/lib/voxloom/"; done
check_highest GLIBC "$most_glibc" "$tree/bin/voxloom" "$tree"/lib/voxloom/*
check_highest GLIBCXX "$most_glibcxx" "$tree/bin/voxloom" "$tree"/lib/voxloom/*
tar -C "$build/tree" --owner=0 --group=0 --sort=name -czf "$out/$name.tar.gz" "$name"

configure -DCMAKE_INSTALL_RPATH=
rm -rf "$build/packages"
(cd "$build" && cpack -G DEB -B "$PWD/packages") > "$build.log" || { cat "$build.log"; exit 1; }
install -m 644 "$build"/packages/*.deb "$out/"
ls -l "$out/$name.tar.gz" "$out"/*voxloom*_"$version"_*.deb
