#include "coords/leaf_map.h"

#include <algorithm>
#include <array>
#include <bit>

#include "coords/coordinate_set_impl.h"
#include "coords/hit_list.h"
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
void for_each_part(const Leaf& leaf, const BlockRange& range, const Body& body) {
  const std::int64_t block = leaf.first / kBlockRows;
  const std::int64_t room = (block + 1) * kBlockRows - leaf.first;
  const std::uint64_t beyond = room >= 64 ? 0 : without_first_bits(leaf.mask, room);
  if (range.contains(block)) body(Part{&leaf, block, leaf.mask & ~beyond});
  if (beyond != 0 && range.contains(block + 1)) body(Part{&leaf, block + 1, beyond});
}

class LeafMapBuilder {
 public:
  LeafMapBuilder(const CoordinateSet::Impl& out, const CoordinateSet::Impl& in,
                 const Stencil& stencil, const ShiftSequence* shifts, const PartnerLists* lists)
      : out_(out.index()),
        in_(in.index()),
        in_row_of_rank_(in.row_of_rank()),
        stencil_(stencil),
        shifts_(shifts),
        lists_(lists),
        cells_(stencil, out_.leaves(), in_),
        volume_(static_cast<std::int64_t>(stencil.volume())) {}

  [[nodiscard]] BlockedEntries build() {
    const std::int64_t blocks = ceil_div(out_.size(), kBlockRows);
    const std::int64_t slices = checked_mul("kernel_map", blocks, volume_);
    constexpr std::int64_t kGrain = 16;
    std::vector<std::int64_t>& begin = entries_.begin;
    begin.resize(static_cast<std::size_t>(slices) + 1, 0);
    std::vector<HitList> hits(static_cast<std::size_t>(ceil_div(blocks, kGrain)));
    parallel_for(blocks, kGrain, [&](std::int64_t first, std::int64_t last) {
      find_hits({first, last}, hits[static_cast<std::size_t>(first / kGrain)]);
    });
    for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    entries_.in_row.resize(static_cast<std::size_t>(begin.back()));
    entries_.out_local.resize(static_cast<std::size_t>(begin.back()));
    parallel_for(blocks, kGrain, [&](std::int64_t first, std::int64_t last) {
      HitList& of_range = hits[static_cast<std::size_t>(first / kGrain)];
      write_entries({first, last}, of_range);
      of_range = {};
    });
    return std::move(entries_);
  }

 private:
  // The leaf that holds the range's first row.
  [[nodiscard]] std::size_t first_leaf(const BlockRange& range) const {
    const std::span<const Leaf> leaves = out_.leaves();
    const auto starts_behind = [](std::int64_t rank, const Leaf& leaf) {
      return rank < leaf.first;
    };
    return static_cast<std::size_t>(
        std::upper_bound(leaves.begin(), leaves.end(), range.first * kBlockRows, starts_behind) -
        leaves.begin() - 1);
  }
  [[nodiscard]] bool has_leaf(const BlockRange& range, std::size_t number) const {
    return number < out_.leaves().size() && out_.leaves()[number].first < range.last * kBlockRows;
  }

  // The parts of all leaves in the range, in order; so does the other sweep.
  void find_hits(const BlockRange& range, HitList& found) {
    const std::span<const Leaf> leaves = out_.leaves();
    LeafHits hits(stencil_, shifts_, lists_, in_, cells_);
    for (std::size_t number = first_leaf(range); has_leaf(range, number);) {
      const std::size_t count = std::min(kLeafLanes, leaves.size() - number);
      hits.find(leaves.subspan(number, count), number);
      for (std::size_t lane = 0; lane < count; ++lane, ++number) {
        for_each_part(leaves[number], range, [&](const Part& part) {
          found.add(hits, lane, part.mask, entries_.begin.data() + part.block * volume_ + 1);
        });
      }
    }
  }

  void write_entries(const BlockRange& range, const HitList& found) {
    HitList::Reader hits(found, stencil_.volume());
    UninitializedVector<std::int32_t> rows(64 * stencil_.cell_count());
    std::vector<std::int64_t> next(static_cast<std::size_t>(volume_));
    std::array<std::uint8_t, 64> local_at{};
    std::int64_t block = -1;
    std::int64_t fetched = 0;
    for (std::size_t number = first_leaf(range); has_leaf(range, number); ++number) {
      const Leaf& leaf = out_.leaves()[number];
      const Stencil::Class& tables = stencil_.class_of(leaf.position);
      load_rows(number, tables, rows.data());
      load_locals(leaf, local_at);
      for_each_part(leaf, range, [&](const Part& part) {
        if (part.block != block) {
          block = part.block;
          std::copy_n(entries_.begin.begin() + block * volume_, volume_, next.begin());
        }
        fetch_next(range, part, fetched);
        hits.next([&](std::size_t k, std::uint64_t of_offset) {
          next[k] =
              write_hits(of_offset, tables.partner.data() + 64 * k, rows.data(), local_at, next[k]);
        });
      });
    }
  }

  // Asks for the places that the entries of the next block will take, as far as this block is done: a
  // block's slices are some fifty streams, more than the processor's own prefetcher follows.
  void fetch_next(const BlockRange& range, const Part& part, std::int64_t& fetched) const {
    if (part.block + 1 >= range.last) return;
    const std::int64_t* begin = entries_.begin.data() + (part.block + 1) * volume_;
    const std::int64_t rows =
        part.leaf->first + count_bits(part.leaf->mask) - part.block * kBlockRows;
    const std::int64_t end =
        *begin + (begin[volume_] - *begin) * std::min(rows, kBlockRows) / kBlockRows;
    constexpr std::int64_t kLineEntries = 16;
    for (fetched = std::max(fetched, *begin); fetched < end; fetched += kLineEntries) {
      __builtin_prefetch(entries_.in_row.data() + fetched, 1);
      if (fetched / kLineEntries % 4 == 0)
        __builtin_prefetch(entries_.out_local.data() + fetched, 1);
    }
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
  const PartnerLists* lists_;
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
  std::optional<PartnerLists> lists;
  if (stencil->is_shift()) {
    shifts.emplace(*stencil, side);
  } else if (side == OutputSide::coarse) {  // of whose leaves there is one class
    lists.emplace(stencil->classes().front(), stencil->cell_count(), stencil->volume());
  }
  const CoordinateSet::Impl& out = (side == OutputSide::coarse ? coarse : fine).impl();
  const CoordinateSet::Impl& in = (side == OutputSide::coarse ? fine : coarse).impl();
  return LeafMapBuilder(out, in, *stencil, shifts ? &*shifts : nullptr, lists ? &*lists : nullptr)
      .build();
}

}  // namespace voxloom
