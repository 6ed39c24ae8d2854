// Rows of features that are combined, picked and put elsewhere, and the cells of dense grids, as
// problems. Rows are given by number, on the host; -1 stands for a missing row, whose values are the
// source's fill. Features are float32, float16 or bfloat16, of one dtype within a problem.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "voxloom/coordinate_set.h"
#include "voxloom/options.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

// Features seen from the rows of a result.
struct RowSource {
  const Tensor* features = nullptr;         // (N, C)
  std::span<const std::int32_t> rows = {};  // row of `features` per result row; empty: the same row
  float fill = 0;

  [[nodiscard]] std::int64_t row(std::int64_t result_row) const {
    return rows.empty() ? result_row : rows[static_cast<std::size_t>(result_row)];
  }
};

// y[i] = op(lhs[i], rhs[i]) in float32, rounded once.
struct BinaryRows {
  static constexpr std::string_view kName = "binary_rows";

  BinaryOp op = BinaryOp::add;
  RowSource lhs, rhs;
  Tensor* y = nullptr;  // (rows, C); every element is written

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.lhs.features);
    visit.reads(p.rhs.features);
    visit.writes(p.y);
  }
};

// y[i] = the rows of the sources side by side, copied.
struct PlaceRows {
  static constexpr std::string_view kName = "place_rows";

  std::vector<RowSource> sources;
  Tensor* y = nullptr;  // (rows, the sum of their channels); every element is written

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    for (auto& source : p.sources) visit.reads(source.features);
    visit.writes(p.y);
  }
};

// The `count` largest values of a channel in each batch: a NaN is larger than every number, of equals
// the lower row.
struct LargestRows {
  static constexpr std::string_view kName = "largest_rows";

  const Tensor* x = nullptr;  // (N, C)
  std::int64_t channel = 0;
  std::span<const Coordinate> coords = {};  // N; their batches count
  std::int64_t count = 0;
  std::vector<std::int32_t>* rows = nullptr;  // the rows that hold them, ascending

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
  }
};

// grid[cells[i]] = x[i]; every other cell is 0. A cell of -1: nowhere.
struct ScatterToGrid {
  static constexpr std::string_view kName = "scatter_to_grid";

  const Tensor* x = nullptr;                 // (N, C)
  std::span<const std::int64_t> cells = {};  // N, none twice
  Tensor* grid = nullptr;                    // (..., C); every element is written

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.grid);
  }
};

// The cells of a grid that are not all zero; a NaN is not.
struct OccupiedCells {
  static constexpr std::string_view kName = "occupied_cells";

  const Tensor* grid = nullptr;                // (..., C)
  std::vector<std::int64_t>* cells = nullptr;  // ascending

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.grid);
  }
};

// y[i] = grid[cells[i]]; 0 where the cell is -1.
struct GatherFromGrid {
  static constexpr std::string_view kName = "gather_from_grid";

  const Tensor* grid = nullptr;              // (..., C)
  std::span<const std::int64_t> cells = {};  // N
  Tensor* y = nullptr;                       // (N, C); every element is written

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.grid);
    visit.writes(p.y);
  }
};

// sums[c] = the sum of x[:, c]: the gradient of a bias. float32 within 256 rows, binary64 across them,
// in row order.
struct ColumnSums {
  static constexpr std::string_view kName = "column_sums";

  const Tensor* x = nullptr;  // (N, C)
  Tensor* sums = nullptr;     // (C) float32; every element is written

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.sums);
  }
};

}  // namespace voxloom::engine
