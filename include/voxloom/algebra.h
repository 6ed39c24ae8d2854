// Algebra over sparse tensors: joins, selections, dense grids. docs/semantics.md, section 9.
// Strides and dtypes of the operands must be equal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/options.h"
#include "voxloom/sparse_tensor.h"

namespace VOXLOOM_API voxloom {

// Row order: inner and left keep the lhs order, right the rhs order, outer = lhs rows, then the rows
// only rhs has. A row missing on one side takes that side's fill. maximum and minimum: NaN wins.
struct JoinOptions {
  Join join = Join::inner;
  float lhs_fill = 0;
  float rhs_fill = 0;
};

[[nodiscard]] SparseTensor binary(BinaryOp op, const SparseTensor& lhs, const SparseTensor& rhs,
                                  const JoinOptions& options);
[[nodiscard]] SparseTensor add(const SparseTensor& lhs, const SparseTensor& rhs,
                               const JoinOptions& options = {.join = Join::outer});
[[nodiscard]] SparseTensor sub(const SparseTensor& lhs, const SparseTensor& rhs,
                               const JoinOptions& options = {.join = Join::outer});
[[nodiscard]] SparseTensor mul(const SparseTensor& lhs, const SparseTensor& rhs,
                               const JoinOptions& options = {});
[[nodiscard]] SparseTensor maximum(const SparseTensor& lhs, const SparseTensor& rhs,
                                   const JoinOptions& options = {});
[[nodiscard]] SparseTensor minimum(const SparseTensor& lhs, const SparseTensor& rhs,
                                   const JoinOptions& options = {});

// Channels side by side; missing rows are 0. More than two tensors are joined from the left.
[[nodiscard]] SparseTensor cat(std::span<const SparseTensor> tensors, Join join = Join::inner);

// The rows of `target`; `fill` where x has none.
[[nodiscard]] SparseTensor reindex(const SparseTensor& x, const CoordinateSet& target,
                                   float fill = 0);

// Rows inside the box [lo, hi], both ends included, in x's order.
[[nodiscard]] SparseTensor crop(const SparseTensor& x, Triple lo, Triple hi);

// The given rows, in the given order; a row out of range or given twice is an error.
[[nodiscard]] SparseTensor prune(const SparseTensor& x, std::span<const std::int32_t> rows);
// The rows whose mask is true; one entry per row.
[[nodiscard]] SparseTensor prune(const SparseTensor& x, const std::vector<bool>& mask);

// The rows of the `count` largest values of `channel` in each batch, in row order; ties go to the
// lower row; NaN counts as the largest.
[[nodiscard]] std::vector<std::int32_t> topk(const SparseTensor& x, std::int64_t count,
                                             std::int64_t channel = 0);

// (B, X, Y, Z, C) over the box [lo, hi], both ends included; 0 where there is no row.
[[nodiscard]] Tensor to_dense(const SparseTensor& x, Triple lo, Triple hi);
// Rows of a dense (B, X, Y, Z, C) grid whose features are not all zero, shifted by `lo`, in
// canonical order.
[[nodiscard]] SparseTensor from_dense(const Tensor& grid, Triple lo = 0, Triple stride = 1);

}  // namespace voxloom
