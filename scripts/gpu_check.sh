#!/usr/bin/env bash
# usage: gpu_check.sh PACK OUT
#
# For a machine that has a card and CUDA's tools, but perhaps no network: runs what scripts/gpu_pack.sh made.
# Device tests against the CPU and binary64; 20 bit-equal repeats and measurements; compute-sanitizer's
# memcheck and racecheck on small cases. Prints one table; OUT gets bench.json, tests.json and the logs.
# At most 7 minutes. The exit status is 0 when every step held.
set -uo pipefail
pack=$1 out=$2 status=0
mkdir -p "$out"
step() {
  local name=$1
  shift
  echo "== $name"
  "$@" >"$out/$name.log" 2>&1
  local rc=$?
  [ $rc -eq 0 ] || status=1
  echo "$name: $([ $rc -eq 0 ] && echo held || echo "FAILED ($rc)")" | tee -a "$out/summary.txt"
  return $rc
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1 | tee "$out/card.txt"
step tests timeout 120 "$pack/gpu_tests" --gtest_brief=1 --gtest_output="json:$out/tests.json"
tail -n 40 "$out/tests.log"
step bench timeout 150 "$pack/gpu_bench" "$pack/scene.npy" "$out/bench.json"
cat "$out/bench.log"
if command -v compute-sanitizer >/dev/null; then
  small='CudaSets.NameTheFirst*:CudaSets.KeepThe*:CudaMaps.OfListed*:CudaMatrixUnits.RowsAround*:CudaMatrixUnits.Missing*:CudaReference.NoRows*:CudaReference.Epilogue*'
  for tool in memcheck racecheck; do
    step $tool timeout 80 compute-sanitizer --tool $tool --error-exitcode 9 \
      "$pack/gpu_tests" --gtest_brief=1 --gtest_filter="$small"
    tail -n 6 "$out/$tool.log"
  done
else
  echo "no compute-sanitizer here" | tee -a "$out/summary.txt"
fi
cat "$out/summary.txt"
exit $status
