// sparse_from_points: a sparse tensor from rows that may repeat.

#include <algorithm>

#include "coords/coordinate_set_impl.h"
#include "core/checked.h"
#include "ops/merge_rows.h"
#include "voxloom/points.h"

namespace voxloom {
namespace {

constexpr std::string_view kSparseFromPointsOp = "sparse_from_points";

std::int64_t checked_batches(std::span<const Coordinate> rows) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i].batch >= 0, kSparseFromPointsOp, "row {} {} has a negative batch", i, rows[i]);
    count = std::max<std::int64_t>(count, std::int64_t{rows[i].batch} + 1);
  }
  return count;
}

}  // namespace

Voxelized sparse_from_points(const Tensor& rows, const Tensor& features, Reduction reduction,
                             const CoordinateSetOptions& options) {
  const Tensor on_host = rows.to(Device{});
  const std::span<const Coordinate> given = coordinates_in(kSparseFromPointsOp, on_host, "rows");
  require_row_count(kSparseFromPointsOp, rows.dim(0));
  MergeOptions merge{.reduction = reduction, .stride = options.stride};
  check_merge(kSparseFromPointsOp, features, rows.dim(0), merge);
  merge.batch_size =
      merged_batch_size(kSparseFromPointsOp, checked_batches(given), options.batch_size);
  return merge_rows(given, features, merge);
}

}  // namespace voxloom
