#!/bin/sh
# usage: check_exports.sh <nm> <shared library> <most>
#
# What a shared library shows is what it must keep from one version to the next. It shows at most so many
# symbols (- where nobody counted), and of the rooms behind the public headers none.
set -u
nm=$1 library=$2 most=$3
symbols=$("$nm" -D -C --defined-only "$library" | cut -d' ' -f3-) || exit 2
count=$(printf '%s\n' "$symbols" | grep -c .)
echo "$count symbols are shown"
[ "$count" -gt 0 ] || exit 2

bad=0
if hidden=$(printf '%s\n' "$symbols" | grep -E '^voxloom::(cpu|engine|coords|schema)::'); then
  bad=1
  echo "of rooms behind the public headers:"
  printf '%s\n' "$hidden" | head -n 5
fi
if [ "$most" != - ] && [ "$count" -gt "$most" ]; then
  bad=1
  echo "$library shows $count symbols; at most $most are wanted"
fi
exit $bad
