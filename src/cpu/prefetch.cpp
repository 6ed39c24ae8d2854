#include "cpu/prefetch.h"

#include <algorithm>

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kLine = 64;
// Longer rows are found by the processor's own prefetcher after their first lines.
constexpr std::int64_t kMostBytes = 512;

void fetch(const std::byte* row, std::int64_t bytes) {
  for (std::int64_t at = 0; at < bytes; at += kLine) __builtin_prefetch(row + at, 0, 2);
}
void fetch_for_write(const std::byte* row, std::int64_t bytes) {
  for (std::int64_t at = 0; at < bytes; at += kLine) __builtin_prefetch(row + at, 1, 2);
}

std::int64_t row_bytes(const Tensor& t) {
  return t.dim(1) * static_cast<std::int64_t>(size_of(t.dtype()));
}

std::int64_t busiest_offset(const MapBlocks& map) {
  constexpr std::int64_t kSamples = 4;
  std::vector<std::int64_t> count(static_cast<std::size_t>(map.volume), 0);
  const std::int64_t step = std::max<std::int64_t>(1, map.block_count() / kSamples);
  for (std::int64_t b = 0; b < map.block_count(); b += step) {
    for (std::int64_t k = 0; k < map.volume; ++k) {
      count[static_cast<std::size_t>(k)] += map.slice(b, k).count;
    }
  }
  return std::ranges::max_element(count) - count.begin();
}

}  // namespace

Prefetch::Prefetch(const MapBlocks& map, const Tensor& x, const Tensor& y)
    : map_(map),
      x_(x.raw()),
      y_(y.raw()),
      x_row_bytes_(row_bytes(x)),
      y_row_bytes_(row_bytes(y)) {
  const std::int64_t entries = map.block_count() == 0 ? 0 : map.entries->begin.back();
  if (2 * entries > 3 * x.dim(0)) busiest_ = busiest_offset(map);
}

void Prefetch::inputs(std::int64_t k, std::int64_t first, std::int64_t last) const {
  const std::int64_t bytes = std::min(x_row_bytes_, kMostBytes);
  for (std::int64_t b = first; b < std::min(last, map_.block_count()); ++b) {
    const BlockSlice slice = map_.slice(b, busiest_ < 0 ? k : busiest_);
    const std::int64_t begin = busiest_ < 0 ? 0 : slice.count * k / map_.volume;
    const std::int64_t end = busiest_ < 0 ? slice.count : slice.count * (k + 1) / map_.volume;
    for (std::int64_t e = begin; e < end; ++e) fetch(x_ + slice.in_row[e] * x_row_bytes_, bytes);
  }
}

void Prefetch::outputs(std::int64_t k, std::int64_t first, std::int64_t last) const {
  const std::int64_t bytes = std::min(y_row_bytes_, kMostBytes);
  for (std::int64_t b = first; b < std::min(last, map_.block_count()); ++b) {
    const std::int64_t rows = map_.rows_in(b);
    for (std::int64_t r = rows * k / map_.volume; r < rows * (k + 1) / map_.volume; ++r) {
      fetch_for_write(y_ + map_.out_row(b, r) * y_row_bytes_, bytes);
    }
  }
}

}  // namespace voxloom::cpu
