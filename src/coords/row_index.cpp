#include "coords/row_index.h"

#include <algorithm>
#include <array>
#include <optional>

#include "coords/leaf_order.h"
#include "coords/order.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::int64_t kGrain = std::int64_t{1} << 14;

// Rows that stand in the order of their leaves become leaves; each chunk makes those that start in
// it. The rank of a leaf's first row is its place, as long as all rows are distinct.
class LeafMaker {
 public:
  LeafMaker(std::span<const Coordinate> rows, const LeafOrder& order)
      : rows_(rows), order_(order), row_of_rank_(rows.size()) {}

  // Empty when a row is repeated.
  [[nodiscard]] std::optional<RowIndex> make() {
    const std::int64_t count = order_.size();
    std::vector<std::size_t> first_leaf(static_cast<std::size_t>((count + kGrain - 1) / kGrain) +
                                        1);
    parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
      std::size_t starts = 0;
      for (std::int64_t i = begin; i < end; ++i) starts += starts_leaf(i) ? 1 : 0;
      first_leaf[static_cast<std::size_t>(begin / kGrain) + 1] = starts;
    });
    for (std::size_t i = 1; i < first_leaf.size(); ++i) first_leaf[i] += first_leaf[i - 1];
    leaves_.resize(first_leaf.back());
    std::vector<Found> found(first_leaf.size() - 1);
    parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
      const auto chunk = static_cast<std::size_t>(begin / kGrain);
      found[chunk] = make_leaves(begin, end, leaves_.data() + first_leaf[chunk]);
    });
    bool canonical = true;
    for (const Found& part : found) {
      if (part.repeats) return std::nullopt;
      canonical = canonical && part.canonical;
    }
    RowIndex index;
    index.leaves = LeafIndex::from_sorted(std::move(leaves_));
    if (!canonical) index.row_of_rank = std::move(row_of_rank_);
    return index;
  }

 private:
  struct Found {
    bool repeats = false;
    bool canonical = true;
  };

  [[nodiscard]] bool starts_leaf(std::int64_t place) const {
    return place == 0 || order_.leaf(place) != order_.leaf(place - 1);
  }

  Found make_leaves(std::int64_t begin, std::int64_t end, Leaf* leaf) {
    Found found;
    std::int64_t place = begin;
    while (place < end && !starts_leaf(place)) ++place;  // belongs to the chunk before
    for (; place < end && !found.repeats; ++leaf) place = make_leaf(place, *leaf, found);
    return found;
  }

  // Returns the place behind the leaf's last row.
  std::int64_t make_leaf(std::int64_t place, Leaf& leaf, Found& found) {
    std::array<std::int32_t, 64> row_at;
    const std::uint64_t number = order_.leaf(place);
    auto rank = static_cast<std::size_t>(place);
    leaf.position = leaf_of(rows_[static_cast<std::size_t>(order_.row(place))]);
    leaf.mask = 0;
    for (; place < order_.size() && order_.leaf(place) == number; ++place) {
      const int bit = order_.bit(place);
      found.repeats = found.repeats || ((leaf.mask >> bit) & 1U) != 0;
      leaf.mask |= std::uint64_t{1} << bit;
      row_at[static_cast<std::size_t>(bit)] = order_.row(place);
    }
    for (std::uint64_t mask = leaf.mask; mask != 0; mask &= mask - 1, ++rank) {
      const std::int32_t row = row_at[static_cast<std::size_t>(std::countr_zero(mask))];
      found.canonical = found.canonical && static_cast<std::size_t>(row) == rank;
      row_of_rank_[rank] = row;
    }
    return place;
  }

  std::span<const Coordinate> rows_;
  const LeafOrder& order_;
  std::vector<Leaf> leaves_;
  UninitializedVector<std::int32_t> row_of_rank_;
};

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
    const LeafOrder order(rows);
    if (std::optional<RowIndex> index = LeafMaker(rows, order).make()) return std::move(*index);
  }
  return index_repeated_rows(rows);
}

}  // namespace voxloom
