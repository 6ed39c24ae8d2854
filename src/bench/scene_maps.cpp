#include "bench/scene_maps.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

#include "bench/clock.h"
#include "bench/statistics.h"
#include "voxloom/parallel.h"

namespace voxloom::bench {
namespace {

KernelMap map_of(const CoordinateSet& set, const Cube& cube) {
  return forward_map(set, strided_support(set, cube.stride), kernel_of(cube));
}

}  // namespace

KernelSpec kernel_of(const Cube& cube) { return {.kernel_size = cube.size, .stride = cube.stride}; }

std::string name_of(const Cube& cube) {
  const std::string size = fmt::format("{0}x{0}x{0}", cube.size);
  return cube.stride == 1 ? size : fmt::format("{} stride {}", size, cube.stride);
}

std::int64_t bytes_of(const MapBlocks& blocks) {
  const BlockedEntries& e = *blocks.entries;
  return static_cast<std::int64_t>(e.begin.size() * sizeof(e.begin[0]) +
                                   e.in_row.size() * sizeof(e.in_row[0]) +
                                   e.out_local.size() * sizeof(e.out_local[0]));
}

KernelMap build_map(const std::vector<Coordinate>& rows, const Cube& cube) {
  KernelMap map = map_of(CoordinateSet::from_rows(rows), cube);
  static_cast<void>(blocks_of(map));
  return map;
}

SceneMaps::SceneMaps(Scene scene)
    : scene_(std::move(scene)), set_(CoordinateSet::from_rows(scene_.rows)) {}

KernelMap SceneMaps::map(const Cube& cube) const { return map_of(set_, cube); }

double SceneMaps::map_seconds(const Cube& cube, int threads) {
  const auto [found, is_new] = seconds_.try_emplace({cube, threads}, 0.0);
  if (!is_new) return found->second;
  constexpr int kRuns = 3;
  std::vector<double> seconds;
  with_threads(threads, [&] {
    for (int run = 0; run < kRuns; ++run) {
      const Clock::time_point start = Clock::now();
      const KernelMap map = build_map(scene_.rows, cube);
      seconds.push_back(seconds_since(start));
    }
  });
  return found->second = spread_of(std::move(seconds)).median;
}

}  // namespace voxloom::bench
