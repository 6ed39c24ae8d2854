#!/usr/bin/env bash
# usage: scripts/debian13.sh [TREE]
#
# Builds and tests this checkout on Debian 13, in a tree that debootstrap makes in TREE
# (/var/tmp/voxloom-debian13 unless told) and that later runs find there. Needs root and debootstrap; says
# so and does nothing without.
set -euo pipefail
cd "$(dirname "$0")/.."

tree=${1:-/var/tmp/voxloom-debian13}
mirror=${VOXLOOM_DEBIAN_MIRROR:-http://deb.debian.org/debian}

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
  echo "debian13: skipped, since it needs root and debootstrap"
  exit 0
fi

if [ ! -e "$tree/made" ]; then
  rm -rf "$tree"
  debootstrap --variant=minbase trixie "$tree" "$mirror"
  touch "$tree/made"
fi

# What is not committed yet comes along, what git ignores does not. Build outputs of the run before stay.
mkdir -p "$tree/voxloom"
find "$tree/voxloom" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard |
  tar --null --ignore-failed-read -cf - -T - | tar -xf - -C "$tree/voxloom"

# The network's names and the authorities that this machine trusts, and what programs ask of the kernel.
cp /etc/resolv.conf "$tree/etc/resolv.conf"
environment=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 VOXLOOM_JOBS="${VOXLOOM_JOBS:-$(nproc)}")
[ -z "${http_proxy-}" ] || environment+=(http_proxy="$http_proxy")
[ -z "${https_proxy-}" ] || environment+=(https_proxy="$https_proxy")
authorities=/etc/ssl/certs/ca-certificates.crt
if [ -f "$authorities" ]; then
  install -D -m 644 "$authorities" "$tree/etc/ssl/host-authorities.crt"
  environment+=(PIP_CERT=/etc/ssl/host-authorities.crt)
fi
mountpoint -q "$tree/proc" || mount -t proc proc "$tree/proc"
trap 'umount "$tree/proc"' EXIT

chroot "$tree" env -i "${environment[@]}" /voxloom/scripts/test.sh --quick
