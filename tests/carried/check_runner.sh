#!/bin/sh
# usage: check_runner.sh <nm> <strip> <program> <most bytes> <archive>...
#
# A program that only runs bundles goes where room is short. It holds nothing of these archives, although
# it may link them, and stripped it takes at most so many bytes (- where nobody measured).
set -u
nm=$1 strip=$2 program=$3 most=$4
shift 4
[ $# -gt 0 ] || { echo "check_runner: no archives given" >&2; exit 2; }
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

# Weak ones, such as template instances, may have come from anywhere. In a program linkers may call hidden ones local.
own_symbols() {
  "$nm" -P --defined-only "$1" | awk -v kinds="^[$3]\$" '$2 ~ kinds { print $1 }' | sort -u >"$2"
  [ -s "$2" ] || { echo "check_runner: no symbols in $1" >&2; exit 2; }
}

bad=0
own_symbols "$program" "$scratch/program" TDBRtdbr
for archive in "$@"; do
  own_symbols "$archive" "$scratch/archive" TDBR
  count=$(comm -12 "$scratch/program" "$scratch/archive" | wc -l)
  [ "$count" -gt 0 ] || continue
  bad=1
  echo "$program holds $count symbols of $(basename "$archive"), among them:"
  comm -12 "$scratch/program" "$scratch/archive" | head -n 3
done

"$strip" -o "$scratch/stripped" "$program" || exit 2
bytes=$(wc -c <"$scratch/stripped")
echo "$bytes bytes, stripped"
if [ "$most" != - ] && [ "$bytes" -gt "$most" ]; then
  bad=1
  echo "$program takes $bytes bytes, stripped; at most $most are wanted"
fi
exit $bad
