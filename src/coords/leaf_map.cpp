#include "coords/leaf_map.h"

#include <algorithm>
#include <array>
#include <bit>

#include "coords/coordinate_set_impl.h"
#include "coords/leaf_hits.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

// Blocks [first, last).
struct BlockRange {
  std::int64_t first, last;
  [[nodiscard]] bool contains(std::int64_t block) const { return block >= first && block < last; }
};

// The rows of an output leaf that lie in one block.
struct Part {
  const Leaf* leaf;
  std::size_t number;  // of the leaf
  std::size_t lane;
  std::int64_t block;
  std::uint64_t mask;
};

// The bits of `mask` from its n-th set bit on.
std::uint64_t without_first_bits(std::uint64_t mask, std::int64_t n) {
  for (; n > 0; --n) mask &= mask - 1;
  return mask;
}

// A leaf has at most 64 rows: they lie in one block or two.
template <typename Body>
void for_each_part(Part part, const BlockRange& range, const Body& body) {
  const std::int64_t block = part.leaf->first / kBlockRows;
  const std::int64_t room = (block + 1) * kBlockRows - part.leaf->first;
  const std::uint64_t beyond = room >= 64 ? 0 : without_first_bits(part.leaf->mask, room);
  part.block = block;
  part.mask = part.leaf->mask & ~beyond;
  if (range.contains(block)) body(part);
  part.block = block + 1;
  part.mask = beyond;
  if (beyond != 0 && range.contains(block + 1)) body(part);
}

class LeafMapBuilder {
 public:
  LeafMapBuilder(const CoordinateSet::Impl& out, const CoordinateSet::Impl& in,
                 const Stencil& stencil, const ShiftSequence* shifts)
      : out_(out.index()),
        in_(in.index()),
        in_row_of_rank_(in.row_of_rank()),
        stencil_(stencil),
        shifts_(shifts),
        cells_(stencil, out_.leaves(), in_),
        volume_(static_cast<std::int64_t>(stencil.volume())) {}

  [[nodiscard]] BlockedEntries build() {
    const std::int64_t blocks = ceil_div(out_.size(), kBlockRows);
    const std::int64_t slices = checked_mul("kernel_map", blocks, volume_);
    constexpr std::int64_t kGrain = 16;
    std::vector<std::int64_t>& begin = entries_.begin;
    begin.resize(static_cast<std::size_t>(slices) + 1, 0);
    parallel_for(blocks, kGrain, [&](std::int64_t first, std::int64_t last) {
      count_hits({first, last});
    });
    for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    entries_.in_row.resize(static_cast<std::size_t>(begin.back()));
    entries_.out_local.resize(static_cast<std::size_t>(begin.back()));
    parallel_for(blocks, kGrain, [&](std::int64_t first, std::int64_t last) {
      write_entries({first, last});
    });
    return std::move(entries_);
  }

 private:
  // Calls body(part, hits) for the parts of all leaves in the range, in order.
  template <typename Body>
  void walk(const BlockRange& range, const Body& body) const {
    const std::span<const Leaf> leaves = out_.leaves();
    LeafHits hits(stencil_, shifts_, in_, cells_);
    const auto starts_behind = [](std::int64_t rank, const Leaf& leaf) {
      return rank < leaf.first;
    };
    auto number = static_cast<std::size_t>(
        std::upper_bound(leaves.begin(), leaves.end(), range.first * kBlockRows, starts_behind) -
        leaves.begin() - 1);
    while (number < leaves.size() && leaves[number].first < range.last * kBlockRows) {
      const std::size_t count = std::min(kLeafLanes, leaves.size() - number);
      hits.find(leaves.subspan(number, count), number);
      for (std::size_t lane = 0; lane < count; ++lane, ++number) {
        for_each_part({&leaves[number], number, lane, 0, 0}, range,
                      [&](const Part& part) { body(part, hits); });
      }
    }
  }

  void count_hits(const BlockRange& range) {
    walk(range, [&](const Part& part, const LeafHits& hits) {
      std::int64_t* counts = entries_.begin.data() + part.block * volume_ + 1;
      for (std::int64_t k = 0; k < volume_; ++k) {
        counts[k] += count_bits(hits.of(static_cast<std::size_t>(k), part.lane) & part.mask);
      }
    });
  }

  void write_entries(const BlockRange& range) {
    UninitializedVector<std::int32_t> rows(64 * stencil_.cell_count());
    std::vector<std::int64_t> next(static_cast<std::size_t>(volume_));
    std::array<std::uint8_t, 64> local_at{};
    std::int64_t block = -1;
    const Leaf* leaf = nullptr;
    walk(range, [&](const Part& part, const LeafHits& hits) {
      const Stencil::Class& tables = stencil_.class_of(part.leaf->position);
      if (part.block != block) {
        block = part.block;
        std::copy_n(entries_.begin.begin() + block * volume_, volume_, next.begin());
      }
      if (part.leaf != leaf) {
        leaf = part.leaf;
        load_rows(part.number, tables, rows.data());
        load_locals(*leaf, local_at);
      }
      for (std::size_t k = 0; k < next.size(); ++k) {
        next[k] = write_hits(hits.of(k, part.lane) & part.mask, tables.partner.data() + 64 * k,
                             rows.data(), local_at, next[k]);
      }
    });
  }

  // Input rows by 64 cell + place, for the places that some offset may ask for.
  void load_rows(std::size_t leaf, const Stencil::Class& tables, std::int32_t* rows) const {
    cells_.for_each(leaf, [&](std::size_t cell, std::int32_t number) {
      const Leaf& in = in_.leaves()[static_cast<std::size_t>(number)];
      std::int32_t* cell_rows = rows + 64 * cell;
      for (std::uint64_t rest = in.mask & tables.takes[cell]; rest != 0; rest &= rest - 1) {
        const int bit = std::countr_zero(rest);
        const std::int32_t rank = in.first + count_bits(in.mask & bits_below(bit));
        cell_rows[bit] =
            in_row_of_rank_.empty() ? rank : in_row_of_rank_[static_cast<std::size_t>(rank)];
      }
    });
  }

  static void load_locals(const Leaf& leaf, std::array<std::uint8_t, 64>& local_at) {
    auto local = static_cast<std::uint8_t>(leaf.first);  // modulo the block's 256 rows
    for (std::uint64_t rest = leaf.mask; rest != 0; rest &= rest - 1) {
      local_at[static_cast<std::size_t>(std::countr_zero(rest))] = local++;
    }
  }

  std::int64_t write_hits(std::uint64_t hits, const std::uint16_t* partner,
                          const std::int32_t* rows, const std::array<std::uint8_t, 64>& local_at,
                          std::int64_t next) {
    std::int32_t* in_row = entries_.in_row.data() + next;
    std::uint8_t* out_local = entries_.out_local.data() + next;
    for (; hits != 0; hits &= hits - 1, ++next) {
      const int bit = std::countr_zero(hits);
      *in_row++ = rows[partner[bit]];
      *out_local++ = local_at[static_cast<std::size_t>(bit)];
    }
    return next;
  }

  const LeafIndex& out_;
  const LeafIndex& in_;
  std::span<const std::int32_t> in_row_of_rank_;
  const Stencil& stencil_;
  const ShiftSequence* shifts_;
  CellTable cells_;
  std::int64_t volume_;
  BlockedEntries entries_;
};

bool has_hidden_rows(const CoordinateSet& set) { return set.impl().index().size() != set.size(); }

}  // namespace

std::optional<BlockedEntries> build_blocks_by_leaves(const CoordinateSet& fine,
                                                     const CoordinateSet& coarse,
                                                     const KernelGeometry& geometry,
                                                     OutputSide side) {
  if (has_hidden_rows(fine) || has_hidden_rows(coarse)) return std::nullopt;
  const std::optional<Stencil> stencil = Stencil::make(geometry, side);
  if (!stencil) return std::nullopt;
  std::optional<ShiftSequence> shifts;
  if (stencil->is_shift()) shifts.emplace(*stencil, side);
  const CoordinateSet::Impl& out = (side == OutputSide::coarse ? coarse : fine).impl();
  const CoordinateSet::Impl& in = (side == OutputSide::coarse ? fine : coarse).impl();
  return LeafMapBuilder(out, in, *stencil, shifts ? &*shifts : nullptr).build();
}

}  // namespace voxloom
