// Loops over the features of rows: joins, selections and copies. Rows are given by number; -1
// stands for a missing row, whose values are the side's fill. Everything was checked by the op.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/options.h"
#include "voxloom/sparse_tensor.h"

namespace voxloom::cpu {

// One operand, seen from the rows of the result.
struct RowSource {
  const Tensor* features = nullptr;
  std::span<const std::int32_t> rows;  // row of `features` per result row; empty: the same row
  float fill = 0;

  [[nodiscard]] std::int64_t row(std::int64_t result_row) const {
    return rows.empty() ? result_row : rows[static_cast<std::size_t>(result_row)];
  }
};

// y[i] = op(lhs[i], rhs[i]) in float32, rounded once.
void binary_rows(BinaryOp op, const RowSource& lhs, const RowSource& rhs, Tensor& y);

// Copies into the channels [first_channel, first_channel + C) of y.
void place_rows(const RowSource& source, Tensor& y, std::int64_t first_channel = 0);

// The rows of the `count` largest values of a channel in each batch, ascending.
[[nodiscard]] std::vector<std::int32_t> largest_rows(const SparseTensor& x, std::int64_t count,
                                                     std::int64_t channel);

// Copies row i to cell cells[i] of a grid of cells; -1: nowhere.
void scatter_rows(const Tensor& features, std::span<const std::int64_t> cells, Tensor& grid);
// The cells of a grid of `channels` values each that are not all zero (NaN is not), ascending.
[[nodiscard]] std::vector<std::int64_t> occupied_cells(const Tensor& grid, std::int64_t channels);
// Copies cell cells[i] to row i.
void gather_cells(const Tensor& grid, std::span<const std::int64_t> cells, Tensor& features);

}  // namespace voxloom::cpu
