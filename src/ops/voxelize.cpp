// voxelize: points to the cells that hold them.

#include <algorithm>

#include "core/checked.h"
#include "ops/merge_rows.h"
#include "ops/point_arguments.h"
#include "voxloom/points.h"

namespace voxloom {
namespace {

constexpr std::string_view kOp = "voxelize";

Coordinate cell_of(const cpu::PointGrid& points, std::int64_t point) {
  const std::array<double, 3> q = points[point];
  const std::int64_t x = cpu::floor_cell(q[0]);
  const std::int64_t y = cpu::floor_cell(q[1]);
  const std::int64_t z = cpu::floor_cell(q[2]);
  require(fits_int32(x) && fits_int32(y) && fits_int32(z), kOp,
          "the cell of point {} at ({},{},{}) voxels does not fit 32 bits", point, q[0], q[1],
          q[2]);
  return {points.batch(point), static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
          static_cast<std::int32_t>(z)};
}

std::vector<Coordinate> cells_of(const cpu::PointGrid& points) {
  std::vector<Coordinate> cells;
  cells.reserve(static_cast<std::size_t>(points.size()));
  for (std::int64_t i = 0; i < points.size(); ++i) {
    cells.push_back(points.is_finite(i) ? cell_of(points, i) : Coordinate{.batch = kDroppedRow});
  }
  return cells;
}

// Of the points as they were given: a batch whose points were all dropped is still a batch.
std::int64_t batches_in(const cpu::PointGrid& points) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < points.size(); ++i) {
    count = std::max<std::int64_t>(count, std::int64_t{points.batch(i)} + 1);
  }
  return count;
}

}  // namespace

Voxelized voxelize(const Tensor& points, const Tensor& features, const Tensor& batch,
                   const VoxelizeOptions& options) {
  const cpu::PointGrid grid = check_points(kOp, points, batch, options.grid);
  MergeOptions merge{.reduction = options.reduction, .stride = options.stride};
  check_merge(kOp, features, grid.size(), merge);
  check_non_finite(kOp, options.non_finite, grid);
  merge.batch_size = merged_batch_size(kOp, batches_in(grid), options.batch_size);
  return merge_rows(cells_of(grid), features, merge);
}

}  // namespace voxloom
