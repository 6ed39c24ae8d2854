#include "ops/merge_rows.h"

#include "coords/coordinate_set_impl.h"
#include "core/checked.h"
#include "core/parallel.h"
#include "engine/choice.h"
#include "engine/segments.h"

namespace voxloom {
namespace {

bool is_reduction(Reduction reduction) {
  return reduction == Reduction::sum || reduction == Reduction::mean ||
         reduction == Reduction::max || reduction == Reduction::first ||
         reduction == Reduction::count;
}

CoordinateSet set_of(std::span<const Coordinate> rows, const MergeOptions& options) {
  LeafCollector leaves;
  for (const Coordinate& row : rows) {
    if (row.batch != kDroppedRow) leaves.add(row);
  }
  return set_from_index(LeafIndex(leaves.take()), options.stride, options.batch_size);
}

// The set is in canonical order: a rank is a row. A dropped row's batch is in no set.
std::vector<std::int32_t> find_rows(const CoordinateSet& set, std::span<const Coordinate> rows) {
  std::vector<std::int32_t> found(rows.size());
  const LeafIndex& index = set.impl().index();
  constexpr std::int64_t kGrain = 4096;
  parallel_for(static_cast<std::int64_t>(rows.size()), kGrain,
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const Coordinate& c = rows[static_cast<std::size_t>(i)];
                   found[static_cast<std::size_t>(i)] = index.rank(c.batch, c.x, c.y, c.z);
                 }
               });
  return found;
}

Tensor reduce(const Segments& segments, const Tensor& features, Reduction reduction) {
  const bool is_count = reduction == Reduction::count;
  const DType dtype = features.defined() ? features.dtype() : DType::f32;
  Tensor y =
      Tensor::empty({segments.count(), is_count ? 1 : features.dim(1)}, dtype, features.device());
  engine::run(engine::SegmentReduce{
      .segments = &segments, .reduction = reduction, .x = is_count ? nullptr : &features, .y = &y});
  return y;
}

}  // namespace

void check_merge(std::string_view op, const Tensor& features, std::int64_t rows,
                 const MergeOptions& options) {
  const Reduction reduction = options.reduction;
  const Triple& stride = options.stride;
  require(is_reduction(reduction), op, "unknown reduction number {}", static_cast<int>(reduction));
  require(stride.x >= 1 && stride.y >= 1 && stride.z >= 1, op, "stride must be at least 1, got {}",
          stride);
  if (!features.defined()) {
    require(reduction == Reduction::count, op,
            "only reduction count goes without features, which are undefined");
    return;
  }
  require(features.rank() == 2 && features.dim(0) == rows && is_feature_dtype(features.dtype()), op,
          "expected features of shape ({},C) and type float32, float16 or bfloat16, got {} {}",
          rows, features.shape(), name_of(features.dtype()));
}

Voxelized merge_rows(std::span<const Coordinate> rows, const Tensor& features,
                     const MergeOptions& options) {
  const CoordinateSet set = set_of(rows, options);
  std::vector<std::int32_t> row_of_point = find_rows(set, rows);
  const Segments segments = group_rows(row_of_point, set.size());
  const auto dropped = static_cast<std::int64_t>(row_of_point.size()) -
                       static_cast<std::int64_t>(segments.rows.size());
  return {.tensor = {set, reduce(segments, features, options.reduction)},
          .row_of_point = std::move(row_of_point),
          .dropped = dropped};
}

std::int64_t merged_batch_size(std::string_view op, std::int64_t needed,
                               const std::optional<std::int64_t>& wanted) {
  if (!wanted) return needed;
  require(*wanted >= needed, op, "batch_size {} is too small: the largest batch is {}", *wanted,
          needed - 1);
  return *wanted;
}

}  // namespace voxloom
