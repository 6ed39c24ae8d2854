// sparse_from_points: a sparse tensor from rows that may repeat.

#include <algorithm>
#include <cstring>

#include "core/checked.h"
#include "ops/merge_rows.h"
#include "voxloom/points.h"

namespace voxloom {
namespace {

constexpr std::string_view kOp = "sparse_from_points";

std::vector<Coordinate> rows_of(const Tensor& rows) {
  require(rows.defined() && rows.dtype() == DType::i32 && rows.rank() == 2 && rows.dim(1) == 4, kOp,
          "expected rows of shape (N,4) and type int32, got {} {}", rows.shape(),
          name_of(rows.dtype()));
  require_row_count(kOp, rows.dim(0));
  static_assert(sizeof(Coordinate) == 4 * sizeof(std::int32_t));
  std::vector<Coordinate> copy(static_cast<std::size_t>(rows.dim(0)));
  if (!copy.empty()) std::memcpy(copy.data(), rows.raw(), rows.bytes());
  return copy;
}

std::int64_t batches_in(std::span<const Coordinate> rows) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i].batch >= 0, kOp, "row {} {} has a negative batch", i, rows[i]);
    count = std::max<std::int64_t>(count, std::int64_t{rows[i].batch} + 1);
  }
  return count;
}

}  // namespace

Voxelized sparse_from_points(const Tensor& rows, const Tensor& features, Reduction reduction,
                             const CoordinateSetOptions& options) {
  const std::vector<Coordinate> copy = rows_of(rows);
  MergeOptions merge{.reduction = reduction, .stride = options.stride};
  check_merge(kOp, features, rows.dim(0), merge);
  merge.batch_size = merged_batch_size(kOp, batches_in(copy), options.batch_size);
  return merge_rows(copy, features, merge);
}

}  // namespace voxloom
