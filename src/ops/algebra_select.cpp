// Selections of rows: crop, prune, topk.

#include "coords/join.h"
#include "core/checked.h"
#include "engine/choice.h"
#include "engine/rows.h"
#include "voxloom/algebra.h"

namespace voxloom {
namespace {

SparseTensor on_set(const SparseTensor& x, CoordinateSet set, std::span<const std::int32_t> rows) {
  if (set == x.coords()) return x;
  Tensor y = Tensor::empty({set.size(), x.channels()}, x.dtype(), x.features().device());
  engine::run(engine::PlaceRows{.sources = {{.features = &x.features(), .rows = rows}}, .y = &y});
  return {std::move(set), std::move(y), x.batch_size()};
}

void require_distinct_rows(std::span<const std::int32_t> rows, std::int64_t count) {
  std::vector<bool> seen(static_cast<std::size_t>(count), false);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int32_t row = rows[i];
    require(row >= 0 && row < count, "prune", "row {} at position {} is out of range: {} rows", row,
            i, count);
    const auto at = static_cast<std::size_t>(row);
    require(!seen[at], "prune", "row {} is given twice, again at position {}", row, i);
    seen[at] = true;
  }
}

}  // namespace

SparseTensor crop(const SparseTensor& x, Triple lo, Triple hi) {
  require(lo.x <= hi.x && lo.y <= hi.y && lo.z <= hi.z, "crop", "the box [{}, {}] is inside out",
          lo, hi);
  const std::vector<std::int32_t> rows = rows_inside(x.coords(), lo, hi);
  return on_set(x, cropped_set(x.coords(), lo, hi, rows), rows);
}

SparseTensor prune(const SparseTensor& x, std::span<const std::int32_t> rows) {
  require_distinct_rows(rows, x.rows());
  return on_set(x, selected_set(x.coords(), rows), rows);
}

SparseTensor prune(const SparseTensor& x, const std::vector<bool>& mask) {
  const auto length = static_cast<std::int64_t>(mask.size());
  require(length == x.rows(), "prune", "the mask has {} entries for {} rows", length, x.rows());
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i]) rows.push_back(static_cast<std::int32_t>(i));
  }
  return on_set(x, selected_set(x.coords(), rows), rows);
}

std::vector<std::int32_t> topk(const SparseTensor& x, std::int64_t count, std::int64_t channel) {
  require(count >= 0, "topk", "count must not be negative, got {}", count);
  require(channel >= 0 && channel < x.channels(), "topk", "channel {} of {} channels", channel,
          x.channels());
  std::vector<std::int32_t> rows;
  engine::run(engine::LargestRows{.x = &x.features(),
                                  .channel = channel,
                                  .coords = x.coords().rows(),
                                  .count = count,
                                  .rows = &rows});
  return rows;
}

}  // namespace voxloom
