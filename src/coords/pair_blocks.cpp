#include "coords/pair_blocks.h"

#include <algorithm>
#include <vector>

#include "coords/coordinate_set_impl.h"
#include "core/checked.h"
#include "core/error.h"

namespace voxloom {
namespace {

struct Pair {
  std::int64_t block = 0;
  std::int32_t k = 0, local = 0, in_row = 0, out_row = 0;
};

// Canonical rank of each row.
std::vector<std::int32_t> ranks_of(const CoordinateSet& set) {
  std::vector<std::int32_t> ranks(static_cast<std::size_t>(set.size()));
  for (std::int32_t rank = 0; rank < set.size(); ++rank) {
    ranks[static_cast<std::size_t>(set.impl().row_at(rank))] = rank;
  }
  return ranks;
}

std::vector<Pair> sorted_pairs(const CoordinateSet& out_set, std::span<const MapEntry> entries,
                               OutputSide side) {
  const std::vector<std::int32_t> ranks = ranks_of(out_set);
  std::vector<Pair> pairs;
  pairs.reserve(entries.size());
  for (const MapEntry& entry : entries) {
    Pair pair{.k = entry.k, .in_row = entry.in_row, .out_row = entry.out_row};
    if (side == OutputSide::fine) std::swap(pair.in_row, pair.out_row);
    const std::int32_t rank = ranks[static_cast<std::size_t>(pair.out_row)];
    pair.block = rank / kBlockRows;
    pair.local = static_cast<std::int32_t>(rank % kBlockRows);
    pairs.push_back(pair);
  }
  std::ranges::sort(pairs, [](const Pair& a, const Pair& b) {
    return std::tie(a.block, a.k, a.local) < std::tie(b.block, b.k, b.local);
  });
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    const Pair &a = pairs[i - 1], &b = pairs[i];
    require(a.block != b.block || a.k != b.k || a.local != b.local, "kernel_map_from_pairs",
            "row {} meets both row {} and row {} under offset {}", a.out_row, a.in_row, b.in_row,
            a.k);
  }
  return pairs;
}

bool has_single_partners(std::span<const Pair> pairs, std::int64_t out_rows) {
  std::vector<bool> seen(static_cast<std::size_t>(out_rows), false);
  for (const Pair& pair : pairs) {
    const auto row = static_cast<std::size_t>(pair.out_row);
    if (seen[row]) return false;
    seen[row] = true;
  }
  return true;
}

}  // namespace

BlockedEntries blocks_of_pairs(const CoordinateSet& fine, const CoordinateSet& coarse,
                               std::int64_t volume, std::span<const MapEntry> entries,
                               OutputSide side) {
  const CoordinateSet& out_set = side == OutputSide::fine ? fine : coarse;
  const std::vector<Pair> pairs = sorted_pairs(out_set, entries, side);
  const std::int64_t blocks = ceil_div(out_set.size(), kBlockRows);
  BlockedEntries result;
  resize_or_throw("kernel_map_from_pairs", result.begin,
                  checked_mul("kernel_map_from_pairs", blocks, volume) + 1, std::int64_t{0});
  for (const Pair& pair : pairs) {
    ++result.begin[static_cast<std::size_t>(pair.block * volume + pair.k) + 1];
    result.in_row.push_back(pair.in_row);
    result.out_local.push_back(static_cast<std::uint8_t>(pair.local));
  }
  for (std::size_t i = 1; i < result.begin.size(); ++i) result.begin[i] += result.begin[i - 1];
  result.single_partner = has_single_partners(pairs, out_set.size());
  return result;
}

}  // namespace voxloom
