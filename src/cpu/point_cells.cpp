#include <algorithm>
#include <vector>

#include "core/checked.h"
#include "core/parallel.h"
#include "cpu/backend.h"
#include "cpu/points.h"
#include "engine/point_grid.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kPointGrain = 4096;

// False when the cell of a finite point does not fit 32 bits.
bool set_cell(const PointGrid& points, std::int64_t point, Coordinate& cell) {
  if (!points.is_finite(point)) {
    cell = {.batch = -1};
    return true;
  }
  const std::array<double, 3> q = points[point];
  const std::int64_t x = floor_cell(q[0]), y = floor_cell(q[1]), z = floor_cell(q[2]);
  if (!fits_int32(x) || !fits_int32(y) || !fits_int32(z)) return false;
  cell = {points.batch(point), static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
          static_cast<std::int32_t>(z)};
  return true;
}

}  // namespace

void point_cells(const engine::PointCells& problem) {
  const PointGrid points(problem.points->span<float>(), problem.batch, problem.grid);
  std::vector<std::int64_t> beyond(
      static_cast<std::size_t>((points.size() + kPointGrain - 1) / kPointGrain), -1);
  parallel_for(points.size(), kPointGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (set_cell(points, i, problem.cells[static_cast<std::size_t>(i)])) continue;
      beyond[static_cast<std::size_t>(begin / kPointGrain)] = i;
      return;
    }
  });
  const auto first = std::ranges::find_if(beyond, [](std::int64_t point) { return point >= 0; });
  *problem.beyond = first == beyond.end() ? -1 : *first;
}

void CpuBackend::offer_points() {
  offer_only<point_cells>();
  offer_only<devoxelize>();
}

}  // namespace voxloom::cpu
