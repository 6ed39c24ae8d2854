#!/usr/bin/env bash
# usage: gpu_check.sh PACK OUT
#
# For a machine that has a card and CUDA's tools, but perhaps no network: runs what scripts/gpu_pack.sh made,
# and first builds it where it came as sources.
# Device tests against the CPU and binary64; 20 bit-equal repeats and measurements; compute-sanitizer's
# memcheck and racecheck on small cases. Prints one table; OUT gets bench.json, tests.json and the logs.
# At most 7 minutes. The exit status is 0 when every step held.
set -uo pipefail
pack=$(realpath "$1") out=$2 status=0
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

build() {
  local tree=$pack/tree objects=$pack/objects nvcc
  nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
  mkdir -p "$objects"
  local flags="-std=c++20 -I$tree/src -I$tree/include -I$tree/tests"
  {
    for source in "$tree"/src/cuda/*.cpp; do
      case $(basename "$source") in
        emulation.cpp) ;;
        runtime.cpp) echo "$nvcc $flags -O2 $source" ;;
        *) echo "$nvcc $flags -O3 -fmad=false -x cu -gencode=arch=compute_90a,code=sm_90a -Xptxas -v $source" ;;
      esac
    done
    for source in "$tree"/tests/cuda/*.cpp "$tree"/bench/gpu/*.cpp; do
      echo "g++ $flags -O1 -ffp-contract=off $source"
    done
  } | xargs -P "$(nproc)" -I{} sh -c 'command="{}"; source=${command##* }
      $command -c -o "$0/$(basename "$(dirname "$source")")_$(basename "$source" .cpp).o"' "$objects" || { echo "SOME SOURCES DID NOT COMPILE"; status=1; }
  # Twice: the parts of the library need each other.
  local library ours
  ours=$(ls "$tree/lib" | sed -n 's/^lib\(voxloom.*\)\.a$/-l\1/p' | tr '\n' ' ')
  local there="-L$objects $ours $ours $ours -ltbb -lfmt -lpng16 -lz -ldl -lrt -lpthread"
  for library in tbb fmt png16 z; do ln -sf "$(ls "$pack/lib$library".so.*)" "$objects/lib$library.so"; done
  cp "$tree"/lib/*.a "$objects/"
  # $ORIGIN is the linker's. nvcc knows where its runtime is.
  # shellcheck disable=SC2016,SC2046,SC2086
  "$nvcc" -o "$pack/gpu_tests" "$objects"/cuda_*.o -L"$objects" -lgtest_main -lgtest $there \
    -Xlinker -rpath -Xlinker '$ORIGIN' || return 1
  # shellcheck disable=SC2016,SC2046,SC2086
  "$nvcc" -o "$pack/gpu_bench" "$objects"/gpu_main.o $(ls "$objects"/cuda_*.o | grep -v _test.o) \
    $there -Xlinker -rpath -Xlinker '$ORIGIN'
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1 | tee "$out/summary.txt"
if [ ! -x "$pack/gpu_tests" ]; then
  step build build
  grep -E "error|SOME SOURCES" "$out/build.log" | head -n 40
fi
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
