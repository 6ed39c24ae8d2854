// Coordinate sets and kernel maps from unsorted rows, old builders and new ones in one run.
//
//   bench_maps --benchmark_repetitions=7 --benchmark_report_aggregates_only=true
//
// Scenes: those under $VOXLOOM_SHARED_DIR/data that are there, and generated ones.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "bench/scene.h"
#include "coords/kernel_geometry.h"
#include "coords/map_builder.h"
#include "voxloom/kernel_map.h"
#include "voxloom/parallel.h"
#include "voxloom/sets.h"

namespace voxloom::bench {
namespace {

constexpr CoordinateSetOptions kOptions = {};

std::vector<Scene> all_scenes() {
  const char* shared = std::getenv("VOXLOOM_SHARED_DIR");
  const std::filesystem::path folder =
      std::filesystem::path(shared == nullptr ? "../shared" : shared) / "data";
  std::vector<Scene> scenes;
  for (const char* file : {"scenes/indoor.npy", "scenes/lidar.npy", "kitti_000008.bin"}) {
    if (std::filesystem::exists(folder / file)) scenes.push_back(load_scene(folder / file));
  }
  scenes.push_back(generated_scene());
  scenes.push_back(small_scene());
  return scenes;
}

// Runs `body` over and over on `threads` threads; speed is counted in rows of the scene.
template <typename Body>
void measure(benchmark::State& state, const Scene& scene, int threads, const Body& body) {
  with_threads(threads, [&] {
    for (auto _ : state) body();
  });
  state.counters["rows/s"] = benchmark::Counter(
      static_cast<double>(scene.rows.size()) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}

void add(const std::string& what, const Scene& scene, int threads, const auto& body) {
  const std::string name = what + "/" + scene.name + "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(
      name.c_str(),
      [&scene, threads, body](benchmark::State& state) { measure(state, scene, threads, body); })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MeasureProcessCPUTime();
}

void add_scene(const Scene& scene, int threads) {
  const KernelSpec cube{};
  const KernelSpec down{.kernel_size = 2, .stride = 2};
  const auto fresh = [&scene] { return CoordinateSet::from_rows(scene.rows, kOptions); };
  const CoordinateSet kept = fresh();
  const CoordinateSet coarse = strided_support(kept, 2);
  add("set", scene, threads, [fresh] { benchmark::DoNotOptimize(fresh().size()); });
  add("set+map3x3x3", scene, threads, [fresh, cube] {
    const CoordinateSet set = fresh();
    benchmark::DoNotOptimize(blocks_of(forward_map(set, set, cube)).entries);
  });
  const auto build = [&](const std::string& what, const CoordinateSet& out,
                         const KernelSpec& kernel, OutputSide side) {
    const KernelGeometry geometry = KernelGeometry::from("bench", kernel);
    add(what + "/by_lookup", scene, threads, [=] {
      benchmark::DoNotOptimize(build_blocks_by_lookup(kept, out, geometry, side).in_row.data());
    });
    add(what, scene, threads,
        [=] { benchmark::DoNotOptimize(build_blocks(kept, out, geometry, side).in_row.data()); });
  };
  build("map3x3x3", kept, cube, OutputSide::coarse);
  build("map5x5x5", kept, {.kernel_size = 5}, OutputSide::coarse);
  build("map2x2x2s2", coarse, down, OutputSide::coarse);
  build("map2x2x2s2_swapped", coarse, down, OutputSide::fine);
  build("map3x3x3s2", coarse, {.stride = 2}, OutputSide::coarse);
  add("downsample", scene, threads,
      [fresh] { benchmark::DoNotOptimize(strided_support(fresh(), 2).size()); });
  add("reachable3x3x3", scene, threads,
      [fresh, cube] { benchmark::DoNotOptimize(reachable_support(fresh(), cube).size()); });
}

}  // namespace
}  // namespace voxloom::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  static const std::vector<voxloom::bench::Scene> scenes = voxloom::bench::all_scenes();
  for (const auto& scene : scenes) {
    for (const int threads : {1, 2}) voxloom::bench::add_scene(scene, threads);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
