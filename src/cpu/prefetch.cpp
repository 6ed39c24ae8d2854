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

// Entries [0, end) of all blocks in turn; the share is cut out of the whole, not out of each block.
void Prefetch::inputs(Share share, std::int64_t first, std::int64_t last) const {
  last = std::min(last, map_.block_count());
  if (first >= last) return;
  const std::int64_t bytes = std::min(x_row_bytes_, kMostBytes);
  const std::int64_t blocks = last - first;
  const std::int64_t begin_block = first + share.part * blocks / share.parts;
  const std::int64_t end_block = first + ((share.part + 1) * blocks - 1) / share.parts;
  for (std::int64_t b = begin_block; b <= end_block; ++b) {
    const Entries entries = named(b);
    // The block spans parts [(b - first) * parts, (b - first + 1) * parts) / blocks.
    const auto at = [&](std::int64_t part) {
      return std::clamp((part * blocks - (b - first) * share.parts) * entries.count / share.parts,
                        std::int64_t{0}, entries.count);
    };
    for (std::int64_t e = at(share.part); e < at(share.part + 1); ++e) {
      fetch(x_ + entries.in_row[e] * x_row_bytes_, bytes);
    }
  }
}

void Prefetch::outputs(Share share, std::int64_t first, std::int64_t last) const {
  const std::int64_t bytes = std::min(y_row_bytes_, kMostBytes);
  const std::int64_t first_row = first * BlockedEntries::kBlockRows;
  const std::int64_t rows =
      std::min(last * BlockedEntries::kBlockRows, map_.out_rows) - first_row;
  for (std::int64_t r = rows * share.part / share.parts;
       r < rows * (share.part + 1) / share.parts; ++r) {
    fetch_for_write(y_ + map_.out_row(0, first_row + r) * y_row_bytes_, bytes);
  }
}

Prefetch::Entries Prefetch::named(std::int64_t block) const {
  if (busiest_ >= 0) {
    const BlockSlice slice = map_.slice(block, busiest_);
    return {slice.in_row, slice.count};
  }
  const auto at = static_cast<std::size_t>(block * map_.volume);
  const std::int64_t begin = map_.entries->begin[at];
  return {map_.entries->in_row.data() + begin,
          map_.entries->begin[at + static_cast<std::size_t>(map_.volume)] - begin};
}

}  // namespace voxloom::cpu
