#include "coords/row_index.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <optional>

#include "coords/leaf_runs.h"
#include "coords/order.h"

namespace voxloom {
namespace {

// The rank of a leaf's first row is its place in the order, as long as all rows are distinct.
// Nothing when a row is repeated.
std::optional<RowIndex> index_distinct_rows(std::span<const Coordinate> rows) {
  const LeafOrder order(rows);
  const LeafRuns runs(order);
  std::vector<Leaf> leaves(runs.size());
  UninitializedVector<std::int32_t> row_of_rank(rows.size());
  std::atomic<bool> repeats = false;
  std::atomic<bool> canonical = true;
  runs.for_each([&](std::size_t run, std::int64_t begin, std::int64_t end) {
    std::array<std::int32_t, 64> row_at;
    Leaf& leaf = leaves[run];
    leaf.position = order.position(begin);
    for (std::int64_t place = begin; place < end; ++place) {
      const int bit = order.bit(place);
      leaf.mask |= std::uint64_t{1} << bit;
      row_at[static_cast<std::size_t>(bit)] = order.row(place);
    }
    bool in_order = true;
    auto rank = static_cast<std::size_t>(begin);
    for (std::uint64_t rest = leaf.mask; rest != 0; rest &= rest - 1, ++rank) {
      const std::int32_t row = row_at[static_cast<std::size_t>(std::countr_zero(rest))];
      in_order = in_order && static_cast<std::size_t>(row) == rank;
      row_of_rank[rank] = row;
    }
    if (static_cast<std::int64_t>(rank) != end) repeats.store(true, std::memory_order_relaxed);
    if (!in_order && canonical.load(std::memory_order_relaxed)) {
      canonical.store(false, std::memory_order_relaxed);
    }
  });
  if (repeats) return std::nullopt;
  RowIndex index;
  index.leaves = LeafIndex::from_sorted(std::move(leaves));
  if (!canonical) index.row_of_rank = std::move(row_of_rank);
  return index;
}

// The plain way, one row at a time: tells which rows are repeated.
RowIndex index_repeated_rows(std::span<const Coordinate> rows) {
  RowIndex index;
  LeafCollector collector;
  bool canonical = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool is_new = collector.add(rows[i]).is_new;
    if (!is_new && index.first_repeated < 0) index.first_repeated = static_cast<std::int64_t>(i);
    canonical = canonical && (i == 0 || canonical_less(rows[i - 1], rows[i]));
  }
  if (index.first_repeated >= 0) {
    const Coordinate& repeated = rows[static_cast<std::size_t>(index.first_repeated)];
    index.repeats = std::find(rows.begin(), rows.end(), repeated) - rows.begin();
  }
  index.leaves = LeafIndex(collector.take());
  if (canonical) return index;
  index.row_of_rank.assign(rows.size(), -1);
  auto hidden = static_cast<std::size_t>(index.leaves.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Coordinate& c = rows[i];
    const auto rank = static_cast<std::size_t>(index.leaves.rank(c.batch, c.x, c.y, c.z));
    const std::size_t place = index.row_of_rank[rank] < 0 ? rank : hidden++;
    index.row_of_rank[place] = static_cast<std::int32_t>(i);
  }
  return index;
}

}  // namespace

RowIndex index_rows(std::span<const Coordinate> rows) {
  if (rows.size() <= LeafOrder::kMostRows) {
    if (std::optional<RowIndex> index = index_distinct_rows(rows)) return std::move(*index);
  }
  return index_repeated_rows(rows);
}

}  // namespace voxloom
