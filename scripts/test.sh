#!/usr/bin/env bash
# usage: scripts/test.sh [--quick | --full]
#
# Builds and tests. By default: every test, optimised and with assertions; before that, every fuzz
# target for some seconds, and the tests of what threads share under the thread sanitizer.
#   --quick  only the tests
#   --full   also every test under the address and undefined-behaviour sanitizers and under the thread
#            sanitizer, with the other compiler, with MPICH, on aarch64 under an emulator and in a Debian 13 tree,
#            longer fuzzing with fresh random seeds, and tests that take minutes
# The last lines are ctest's; the exit status covers every step.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-default}
case "$mode" in
  default | --quick | --full) ;;
  *) sed -n '2,11s/^# \?//p' "$0" >&2; exit 2 ;;
esac

jobs=${VOXLOOM_JOBS:-$(nproc)}
failed=()
say() { printf '\n== %s\n' "$*"; }

# A step that fails is named at the end; the steps after it still run.
step() {
  say "$*"
  "$@" || { failed+=("$*"); say "FAILED: $*"; }
}

# Sanitizers keep their books at fixed addresses, which newer kernels' randomisation may hand out.
fixed=()
if setarch "$(uname -m)" -R true 2>/dev/null; then fixed=(setarch "$(uname -m)" -R); fi

build() { scripts/build.sh "$@"; }
run_tests() { "${fixed[@]}" ctest --preset "$1" -j "$jobs" --no-label-summary; }
build_and_test() { build "$1" && run_tests "$1"; }

# The other MPI, for the tests that start ranks.
test_mpich() {
  build mpich test_ranks && "${fixed[@]}" ctest --preset mpich -R '^ranks$'
}

fuzz_one() {
  local name=$1 seconds=$2 target=build/fuzz/fuzz/$1_fuzz log=build/fuzz/$1.log
  # New inputs go to the first folder, so that a longer run starts where the last one ended.
  local inputs=("build/fuzz/corpus/$name") options=(-max_total_time="$seconds" -timeout=20)
  mkdir -p "${inputs[0]}"
  [ ! -d "fuzz/corpus/$name" ] || inputs+=("fuzz/corpus/$name")
  [ ! -f "fuzz/$name.dict" ] || options+=(-dict="fuzz/$name.dict")
  if "${fixed[@]}" "$target" "${options[@]}" -artifact_prefix="build/fuzz/$name-" "${inputs[@]}" \
    >"$log" 2>&1; then
    echo "$name: $(grep -m1 '^Done' "$log")"
  else
    tail -n 40 "$log"
    echo "$name: FAILED; the input is kept as build/fuzz/$name-*"
    return 1
  fi
}

# As many at once as there are cores: all of them take equally long.
fuzz() {
  local seconds=$1 seeds status=0 running=()
  build fuzz fuzzers || return 1
  for seeds in fuzz/corpus/*/; do
    if [ ${#running[@]} -ge "$jobs" ]; then
      wait "${running[0]}" || status=1
      running=("${running[@]:1}")
    fi
    fuzz_one "$(basename "$seeds")" "$seconds" &
    running+=($!)
  done
  for seeds in "${running[@]}"; do wait "$seeds" || status=1; done
  return $status
}

# Some tests of a preset: those of these folders.
build_and_test_some() {
  local preset=$1 folders=("${@:2}") names
  build "$preset" "${folders[@]/#/test_}" || return 1
  names=$(IFS='|' && echo "${folders[*]}")
  "${fixed[@]}" ctest --preset "$preset" -j "$jobs" --no-label-summary -R "^($names)\$"
}

thread_checks() { build_and_test_some tsan threads; }

if [ "$mode" = --full ]; then
  scripts/setup.sh --full
else
  scripts/setup.sh "${mode/default/--test}"
  # The same random properties every time; --full draws new ones.
  export RC_PARAMS=${RC_PARAMS:-seed=1}
fi

say "build dev"
python=$(scripts/python_env.sh)
[ -z "$python" ] || cmake --preset dev -DVOXLOOM_BUILD_PYTHON=ON -DPython_EXECUTABLE="$python" >/dev/null
build dev

case "$mode" in
  default)
    step fuzz 8
    step thread_checks
    ;;
  --full)
    step fuzz 120
    step build_and_test asan
    step build_and_test tsan
    step build_and_test clang
    step test_mpich
    step scripts/cuda_report.py
    [ "$(uname -m)" != x86_64 ] || step build_and_test aarch64
    step scripts/debian13.sh
    ;;
esac

say "test dev"
status=0
[ "$mode" != --full ] || export VOXLOOM_LONG_TESTS=1
run_tests dev || status=1
if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED before these tests: %s\n' "${failed[@]}"
  status=1
fi
exit $status
