// voxelize: points to the cells that hold them.

#include <algorithm>

#include "core/checked.h"
#include "engine/choice.h"
#include "engine/point_grid.h"
#include "engine/points.h"
#include "ops/merge_rows.h"
#include "ops/point_arguments.h"
#include "voxloom/points.h"

namespace voxloom {
namespace {

constexpr std::string_view kVoxelizeOp = "voxelize";

[[noreturn]] void refuse_beyond(const CheckedPoints& points, const Grid& grid, std::int64_t point) {
  const Tensor position = points.positions.rows(point, point + 1).to(Device{});
  const std::array<double, 3> q = PointGrid(position.span<float>(), {}, grid)[0];
  fail(kVoxelizeOp, "the cell of point {} at ({},{},{}) voxels does not fit 32 bits", point, q[0],
       q[1], q[2]);
}

std::vector<Coordinate> cells_of(const CheckedPoints& points, const Grid& grid) {
  std::vector<Coordinate> cells(static_cast<std::size_t>(points.size()));
  std::int64_t beyond = -1;
  engine::run(engine::PointCells{.points = &points.positions,
                                 .batch = points.batches(),
                                 .grid = grid,
                                 .cells = cells,
                                 .beyond = &beyond});
  if (beyond >= 0) refuse_beyond(points, grid, beyond);
  return cells;
}

// Of the points as they were given: a batch whose points were all dropped is still a batch.
std::int64_t batches_in(const CheckedPoints& points) {
  if (points.size() == 0) return 0;
  std::int32_t largest = 0;
  for (const std::int32_t batch : points.batches()) largest = std::max(largest, batch);
  return std::int64_t{largest} + 1;
}

}  // namespace

Voxelized voxelize(const Tensor& points, const Tensor& features, const Tensor& batch,
                   const VoxelizeOptions& options) {
  const CheckedPoints checked = check_points(kVoxelizeOp, points, batch, options.grid);
  MergeOptions merge{.reduction = options.reduction, .stride = options.stride};
  check_merge(kVoxelizeOp, features, checked.size(), merge);
  check_non_finite(kVoxelizeOp, options.non_finite, checked);
  merge.batch_size = merged_batch_size(kVoxelizeOp, batches_in(checked), options.batch_size);
  return merge_rows(cells_of(checked, options.grid), features, merge);
}

}  // namespace voxloom
