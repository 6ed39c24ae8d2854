#!/bin/sh
# usage: check_sealed.sh <nm> <object>...
#
# A kernel object is compiled for more than the baseline processor. If it holds a weak symbol (an
# inline function, a template instance), the linker may keep that copy for the whole program, which
# then dies on older processors; if it calls out, it is not a leaf any more. So: no weak and no
# undefined symbols, save the three that compilers make of plain loops.
set -u
nm=$1
shift
[ $# -gt 0 ] || { echo "check_sealed: no objects given" >&2; exit 2; }

bad=0
for object in "$@"; do
  # POSIX format: name, type, value, size.
  symbols=$("$nm" -P "$object") || exit 2
  leaks=$(printf '%s\n' "$symbols" | awk '
    $2 == "U" && $1 !~ /^(memcpy|memmove|memset)$/ { print "undefined symbol " $1 }
    $2 ~ /^[wWvVu]$/ { print "weak symbol " $1 }')
  if [ -n "$leaks" ]; then
    bad=1
    printf '%s\n' "$leaks" | sed "s|^|$object: |"
  fi
done
[ $bad -eq 0 ] || echo "check_sealed: put helpers into an anonymous namespace, and call nothing"
exit $bad
