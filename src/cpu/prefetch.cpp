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

Prefetch::Prefetch(const MapBlocks& map, const Tensor& x, const Tensor& y, Outputs outputs)
    : map_(map),
      x_(x.raw()),
      y_(y.raw()),
      x_row_bytes_(row_bytes(x)),
      y_row_bytes_(row_bytes(y)),
      outputs_(outputs) {
  const std::int64_t entries = map.block_count() == 0 ? 0 : map.entries->begin.back();
  if (2 * entries > 3 * x.dim(0)) busiest_ = busiest_offset(map);
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

Prefetch::Spread::Spread(const Prefetch& owner, Walk::Blocks inputs, Walk::Blocks outputs,
                         std::int64_t tiles)
    : owner_(owner), inputs_{inputs.first, std::min(inputs.last, owner.map_.block_count())} {
  tiles_a_block_ = 1 + tiles / std::max<std::int64_t>(1, inputs.last - inputs.first);
  const MapBlocks& map = owner.map_;
  RowsAhead& rows = ahead_.outputs;
  rows.base = reinterpret_cast<const char*>(owner.y_);
  rows.row = map.out_row_of_rank.empty() ? nullptr : map.out_row_of_rank.data();
  rows.next = std::min(map.out_rows, outputs.first * kBlockRows);
  rows.end = std::min(map.out_rows, outputs.last * kBlockRows);
  rows.a_tile = 1 + (rows.end - rows.next) / (1 + tiles);
  rows.stride = owner.y_row_bytes_;
  rows.bytes = std::min(owner.y_row_bytes_, kMostBytes);
}

Ahead* Prefetch::Spread::ahead() {
  if (ahead_.inputs.next == ahead_.inputs.end && inputs_.first < inputs_.last) start_block();
  return &ahead_;
}

void Prefetch::Spread::start_block() {
  const Entries entries = owner_.named(inputs_.first++);
  ahead_.inputs = {.base = reinterpret_cast<const char*>(owner_.x_),
                   .row = entries.in_row,
                   .end = entries.count,
                   .a_tile = 1 + entries.count / tiles_a_block_,
                   .stride = owner_.x_row_bytes_,
                   .bytes = std::min(owner_.x_row_bytes_, kMostBytes)};
}

Prefetch::Walk::Walk(const Prefetch& owner, Blocks inputs, Blocks outputs, std::int64_t steps)
    : owner_(owner), inputs_(inputs) {
  const std::int64_t blocks = owner.map_.block_count();
  inputs_.last = std::min(inputs.last, blocks);
  std::int64_t entries = 0;
  for (std::int64_t b = inputs_.first; b < inputs_.last; ++b) entries += owner.named(b).count;
  entries_a_step_ = (entries + steps - 1) / steps;
  row_ = std::min(outputs.first * kBlockRows, owner.map_.out_rows);
  last_row_ = std::min(outputs.last * kBlockRows, owner.map_.out_rows);
  rows_a_step_ = (last_row_ - row_ + steps - 1) / steps;
}

void Prefetch::Walk::step() {
  step_inputs();
  step_outputs();
}

void Prefetch::Walk::step_inputs() {
  const std::int64_t bytes = std::min(owner_.x_row_bytes_, kMostBytes);
  for (std::int64_t left = entries_a_step_; left > 0 && inputs_.first < inputs_.last;) {
    const Entries entries = owner_.named(inputs_.first);
    const std::int64_t end = std::min(entries.count, entry_ + left);
    left -= end - entry_;
    for (; entry_ < end; ++entry_) {
      fetch(owner_.x_ + entries.in_row[entry_] * owner_.x_row_bytes_, bytes);
    }
    if (entry_ < entries.count) return;
    entry_ = 0;
    ++inputs_.first;
  }
}

void Prefetch::Walk::step_outputs() {
  const std::int64_t bytes = std::min(owner_.y_row_bytes_, kMostBytes);
  const std::int64_t end = std::min(last_row_, row_ + rows_a_step_);
  for (; row_ < end; ++row_) {
    const std::byte* row = owner_.y_ + owner_.map_.out_row(0, row_) * owner_.y_row_bytes_;
    owner_.outputs_ == Outputs::read ? fetch(row, bytes) : fetch_for_write(row, bytes);
  }
}

}  // namespace voxloom::cpu
