// Between sparse tensors and dense grids.

#include "core/checked.h"
#include "engine/choice.h"
#include "engine/rows.h"
#include "ops/grid_cells.h"
#include "voxloom/algebra.h"
#include "voxloom/sets.h"

namespace voxloom {
namespace {

Coordinate coordinate_of(std::int64_t cell, const Triple& lo, const Shape& shape) {
  const std::int64_t z = lo.z + cell % shape[3];
  cell /= shape[3];
  const std::int64_t y = lo.y + cell % shape[2];
  cell /= shape[2];
  const std::int64_t x = lo.x + cell % shape[1];
  const std::int64_t batch = cell / shape[1];
  require(fits_int32(batch) && fits_int32(x) && fits_int32(y) && fits_int32(z), "from_dense",
          "the coordinate ({},{},{},{}) does not fit 32 bits", batch, x, y, z);
  return {static_cast<std::int32_t>(batch), static_cast<std::int32_t>(x),
          static_cast<std::int32_t>(y), static_cast<std::int32_t>(z)};
}

// Among the cells (batch, x, y, z) of a box, or -1 outside.
std::int64_t cell_of(const Coordinate& c, const Triple& lo, const Shape& shape) {
  const std::int64_t x = std::int64_t{c.x} - lo.x;
  const std::int64_t y = std::int64_t{c.y} - lo.y;
  const std::int64_t z = std::int64_t{c.z} - lo.z;
  if (x < 0 || x >= shape[1] || y < 0 || y >= shape[2] || z < 0 || z >= shape[3]) return -1;
  return ((c.batch * shape[1] + x) * shape[2] + y) * shape[3] + z;
}

}  // namespace

std::vector<std::int64_t> cells_of(const CoordinateSet& set, const Triple& lo, const Shape& shape) {
  std::vector<std::int64_t> cells;
  cells.reserve(set.rows().size());
  for (const Coordinate& c : set.rows()) cells.push_back(cell_of(c, lo, shape));
  return cells;
}

Tensor to_dense(const SparseTensor& x, Triple lo, Triple hi) {
  require(lo.x <= hi.x && lo.y <= hi.y && lo.z <= hi.z, "to_dense",
          "the box [{}, {}] is inside out", lo, hi);
  const auto extent = [](std::int64_t from, std::int64_t to) { return to - from + 1; };
  const Shape shape = {x.batch_size(), extent(lo.x, hi.x), extent(lo.y, hi.y), extent(lo.z, hi.z),
                       x.channels()};
  (void)checked_product("to_dense", {shape[0], shape[1], shape[2], shape[3]});
  Tensor grid = Tensor::empty(shape, x.dtype(), x.features().device());
  const std::vector<std::int64_t> cells = cells_of(x.coords(), lo, shape);
  engine::run(engine::ScatterToGrid{.x = &x.features(), .cells = cells, .grid = &grid});
  return grid;
}

SparseTensor from_dense(const Tensor& grid, Triple lo, Triple stride) {
  require(grid.defined() && grid.rank() == 5 && is_feature_dtype(grid.dtype()), "from_dense",
          "expected a grid of shape (B,X,Y,Z,C) and type float32, float16 or bfloat16, got {} {}",
          grid.shape(), name_of(grid.dtype()));
  const Shape& shape = grid.shape();
  std::vector<std::int64_t> cells;
  engine::run(engine::OccupiedCells{.grid = &grid, .cells = &cells});
  std::vector<Coordinate> rows(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) rows[i] = coordinate_of(cells[i], lo, shape);
  const SortedSet sorted = sort_canonical(
      CoordinateSet::from_rows(rows, {.stride = stride, .batch_size = shape[0], .trusted = true}));
  std::vector<std::int64_t> cell_of_row(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cell_of_row[i] = cells[static_cast<std::size_t>(sorted.permutation[i])];
  }
  Tensor features = Tensor::empty({sorted.set.size(), shape[4]}, grid.dtype(), grid.device());
  engine::run(engine::GatherFromGrid{.grid = &grid, .cells = cell_of_row, .y = &features});
  return {sorted.set, std::move(features)};
}

}  // namespace voxloom
