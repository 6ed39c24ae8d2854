// The encoding that the engine reads: entries sorted by (block of output rows, kernel offset,
// output row). 5 bytes per entry.
//
//   block b             ranks [256 b, 256 b + 256) of the output set in canonical order
//   begin[b*K + k]      first entry of offset k in block b
//   in_row              input row, as the caller numbers it
//   out_local           rank - 256 b
//
// Blocks follow canonical order, whatever order the caller's rows have: neighbours in space are then
// neighbours in a block, and their inputs are neighbours in memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/quotient.h"
#include "core/uninitialized.h"
#include "voxloom/kernel_map.h"

namespace voxloom {

// Output rows of a block: local ones fit a byte.
inline constexpr std::int64_t kBlockRows = 256;

struct BlockedEntries {
  std::vector<std::int64_t> begin;
  UninitializedVector<std::int32_t> in_row;
  UninitializedVector<std::uint8_t> out_local;
  bool single_partner = false;  // known: no output row is in more than one entry
};

// Each of `rows` rows meets itself under the one offset: a plain matrix product as a map.
[[nodiscard]] BlockedEntries identity_entries(std::int64_t rows);

// One offset's entries in one block.
struct BlockSlice {
  const std::int32_t* in_row;
  const std::uint8_t* out_local;
  std::int64_t count;
};

// A view of BlockedEntries for one direction of a map.
struct MapBlocks {
  const BlockedEntries* entries = nullptr;
  std::span<const std::int32_t> out_row_of_rank;  // empty: a rank is a row
  std::int64_t out_rows = 0;
  std::int64_t volume = 0;
  bool mirrored = false;  // offset k stands at K-1-k (a symmetric map read the other way)

  [[nodiscard]] std::int64_t block_count() const { return ceil_div(out_rows, kBlockRows); }
  [[nodiscard]] std::int64_t rows_in(std::int64_t block) const {
    const std::int64_t left = out_rows - block * kBlockRows;
    return left < kBlockRows ? left : kBlockRows;
  }
  [[nodiscard]] std::int32_t out_row(std::int64_t block, std::int64_t local) const {
    const std::int64_t rank = block * kBlockRows + local;
    return out_row_of_rank.empty() ? static_cast<std::int32_t>(rank)
                                   : out_row_of_rank[static_cast<std::size_t>(rank)];
  }
  // Of blocks [first, last).
  [[nodiscard]] std::int64_t entries_in(std::int64_t first, std::int64_t last) const {
    return entries->begin[static_cast<std::size_t>(last * volume)] -
           entries->begin[static_cast<std::size_t>(first * volume)];
  }
  [[nodiscard]] BlockSlice slice(std::int64_t block, std::int64_t k) const {
    const auto at = static_cast<std::size_t>(block * volume + (mirrored ? volume - 1 - k : k));
    const auto first = static_cast<std::size_t>(entries->begin[at]);
    return {entries->in_row.data() + first, entries->out_local.data() + first,
            entries->begin[at + 1] - entries->begin[at]};
  }
};

// Built when first asked for, and kept with the map.
[[nodiscard]] MapBlocks blocks_of(const KernelMap& map);

// The entries that blocks_of would build for this map of two sets, found by the caller: kept unless it has them
// already.
void keep_entries(const KernelMap& map, BlockedEntries entries);

// Calls body(in_row, out_row, k) for each entry, in (block, k, local row) order.
template <typename Body>
void for_each_entry(const MapBlocks& blocks, const Body& body) {
  for (std::int64_t b = 0; b < blocks.block_count(); ++b) {
    for (std::int64_t k = 0; k < blocks.volume; ++k) {
      const BlockSlice slice = blocks.slice(b, k);
      for (std::int64_t i = 0; i < slice.count; ++i) {
        body(slice.in_row[i], blocks.out_row(b, slice.out_local[i]), static_cast<std::int32_t>(k));
      }
    }
  }
}

}  // namespace voxloom
