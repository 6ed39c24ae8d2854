// The cases of `voxloom bench` for Google Benchmark, with its filters, repetitions and outputs:
//   bench_cases --benchmark_filter='forward.*f32' --benchmark_repetitions=5
// VOXLOOM_BENCH_SCENE names a scene file; without it the generated scene is used. Each case runs
// with one thread and with all. peak: share of the multiply-add peak measured beside the case.

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "bench/clock.h"
#include "bench/entries.h"
#include "bench/machine.h"
#include "voxloom/memory.h"
#include "voxloom/parallel.h"

namespace {

using namespace voxloom;

void run_case(benchmark::State& state, const bench::Entry& entry) {
  const bench::Case c = entry.make();
  double peak = 0;
  double seconds = 0;
  with_threads(entry.threads, [&] {
    MemoryPool reused;
    const PoolScope scope(reused);
    peak = bench::fma_peak(entry.threads);
    for (auto _ : state) {
      if (c.prepare) c.prepare();
      const bench::Clock::time_point start = bench::Clock::now();
      c.body();
      const double took = bench::seconds_since(start);
      state.SetIterationTime(took);
      seconds += took;
    }
    peak = std::max(peak, bench::fma_peak(entry.threads));
  });
  const auto runs = static_cast<double>(state.iterations());
  if (c.task.flops > 0) {
    state.counters["GFLOP/s"] = c.task.flops * runs / seconds * 1e-9;
    state.counters["peak"] = c.task.flops * runs / seconds * 1e-9 / peak;
  }
  if (c.task.bytes > 0) state.counters["GB/s"] = c.task.bytes * runs / seconds * 1e-9;
  if (c.task.voxels > 0) {
    state.counters["Mvox/s"] = static_cast<double>(c.task.voxels) * runs / seconds * 1e-6;
  }
}

void register_cases() {
  const char* path = std::getenv("VOXLOOM_BENCH_SCENE");
  const auto scene = std::make_shared<bench::SceneMaps>(path != nullptr ? bench::load_scene(path)
                                                                        : bench::generated_scene());
  bench::Selection selection;
  selection.convs = selection.maps = selection.nets = true;
  const int all = available_threads();
  selection.threads = all == 1 ? std::vector{1} : std::vector{1, all};
  for (const bench::Entry& entry : bench::entries_of(scene, selection)) {
    benchmark::RegisterBenchmark(
        fmt::format("{}/{}/threads:{}", scene->name(), entry.label, entry.threads).c_str(),
        [entry](benchmark::State& state) { run_case(state, entry); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    register_cases();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
