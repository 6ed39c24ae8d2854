// global_pool: one row per batch.

#include <vector>

#include "core/checked.h"
#include "engine/choice.h"
#include "engine/segments.h"
#include "voxloom/pool.h"

namespace voxloom {
namespace {

constexpr std::string_view kGlobalPoolOp = "global_pool";

Segments rows_by_batch(const SparseTensor& x) {
  std::vector<std::int32_t> batch_of_row;
  batch_of_row.reserve(static_cast<std::size_t>(x.rows()));
  for (const Coordinate& c : x.coords().rows()) batch_of_row.push_back(c.batch);
  return group_rows(batch_of_row, x.batch_size());
}

void require_no_empty_batch(const Segments& batches) {
  for (std::int64_t b = 0; b < batches.count(); ++b) {
    require(!batches[b].empty(), kGlobalPoolOp, "batch {} of {} is empty: it has no maximum", b,
            batches.count());
  }
}

Reduction reduction_of(PoolMode mode) {
  switch (mode) {
    case PoolMode::sum: return Reduction::sum;
    case PoolMode::avg: return Reduction::mean;
    case PoolMode::max: return Reduction::max;
  }
  fail(kGlobalPoolOp, "unknown mode number {}", static_cast<int>(mode));
}

}  // namespace

Tensor global_pool(const SparseTensor& x, PoolMode mode) {
  require_row_count(kGlobalPoolOp, x.batch_size());
  const Reduction reduction = reduction_of(mode);
  // First, as it is refused where a stray batch number asks for more than the machine has.
  Tensor y = Tensor::empty({x.batch_size(), x.channels()}, x.dtype(), x.features().device());
  const Segments batches = rows_by_batch(x);
  if (mode == PoolMode::max) require_no_empty_batch(batches);
  engine::run(engine::SegmentReduce{
      .segments = &batches, .reduction = reduction, .x = &x.features(), .y = &y});
  return y;
}

}  // namespace voxloom
