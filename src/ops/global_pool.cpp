// global_pool: one row per batch.

#include <vector>

#include "core/checked.h"
#include "cpu/segment_reduce.h"
#include "voxloom/pool.h"

namespace voxloom {
namespace {

constexpr std::string_view kOp = "global_pool";

cpu::Segments rows_by_batch(const SparseTensor& x) {
  std::vector<std::int32_t> batch_of_row;
  batch_of_row.reserve(static_cast<std::size_t>(x.rows()));
  for (const Coordinate& c : x.coords().rows()) batch_of_row.push_back(c.batch);
  return cpu::group_rows(batch_of_row, x.batch_size());
}

void require_no_empty_batch(const cpu::Segments& batches) {
  for (std::int64_t b = 0; b < batches.count(); ++b) {
    require(!batches[b].empty(), kOp, "batch {} of {} is empty: it has no maximum", b,
            batches.count());
  }
}

}  // namespace

Tensor global_pool(const SparseTensor& x, PoolMode mode) {
  require_row_count(kOp, x.batch_size());
  const cpu::Segments batches = rows_by_batch(x);
  Tensor y = Tensor::empty({x.batch_size(), x.channels()}, x.dtype());
  switch (mode) {
    case PoolMode::sum: cpu::segment_sum(batches, x.features(), y); return y;
    case PoolMode::avg: cpu::segment_mean(batches, x.features(), y); return y;
    case PoolMode::max:
      require_no_empty_batch(batches);
      cpu::segment_max(batches, x.features(), y);
      return y;
  }
  fail(kOp, "unknown mode number {}", static_cast<int>(mode));
}

}  // namespace voxloom
