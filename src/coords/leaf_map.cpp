#include "coords/leaf_map.h"

#include <algorithm>
#include <array>
#include <bit>

#include "coords/coordinate_set_impl.h"
#include "coords/leaf_shift.h"
#include "coords/shift_plan.h"
#include "coords/stencil.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::int64_t kBlockRows = BlockedEntries::kBlockRows;
constexpr std::int64_t kBlocksPerChunk = 16;

// The bits of `mask` below its n-th set bit.
std::uint64_t first_bits(std::uint64_t mask, std::int64_t n) {
  std::uint64_t rest = mask;
  for (; n > 0; --n) rest &= rest - 1;
  return mask & ~rest;
}

// Up to eight leaves of the output and what they meet.
class LeafBatch {
 public:
  LeafBatch(const Stencil& stencil, const ShiftPlan* plan, const LeafIndex& in)
      : stencil_(stencil),
        plan_(plan),
        in_(in),
        values_(plan == nullptr ? stencil.cell_count() : plan->value_count()),
        hits_(stencil.volume()),
        cells_(kLeafLanes * stencil.cell_count()) {}

  void load(std::span<const Leaf> leaves) {
    for (std::size_t lane = 0; lane < leaves.size(); ++lane) {
      const Leaf& leaf = leaves[lane];
      std::int32_t* cells = cells_.data() + lane * stencil_.cell_count();
      stencil_.find_cells(leaf.position, leaf.mask, in_, cells);
      for (std::size_t cell = 0; cell < stencil_.cell_count(); ++cell) {
        values_[cell][lane] =
            cells[cell] < 0 ? 0 : in_.leaves()[static_cast<std::size_t>(cells[cell])].mask;
      }
    }
    if (plan_ != nullptr) return load_shifted(leaves);
    for (std::size_t lane = 0; lane < leaves.size(); ++lane) test_places(leaves[lane], lane);
  }

  // Output places of the lane's leaf that have a partner under offset k.
  [[nodiscard]] std::uint64_t hits(std::size_t k, std::size_t lane) const {
    return hits_[k][lane];
  }
  [[nodiscard]] const std::int32_t* cells(std::size_t lane) const {
    return cells_.data() + lane * stencil_.cell_count();
  }

 private:
  void load_shifted(std::span<const Leaf> leaves) {
    LeafLanes masks = {};
    for (std::size_t lane = 0; lane < leaves.size(); ++lane) masks[lane] = leaves[lane].mask;
    plan_->run(values_.data());
    for (std::size_t k = 0; k < hits_.size(); ++k) hits_[k] = values_[plan_->value_of(k)] & masks;
  }

  void test_places(const Leaf& leaf, std::size_t lane) {
    const Stencil::Class& tables = stencil_.class_of(leaf.position);
    for (std::size_t k = 0; k < hits_.size(); ++k) {
      const std::uint16_t* partner = tables.partner.data() + 64 * k;
      std::uint64_t hits = 0;
      for (std::uint64_t mask = leaf.mask & tables.valid[k]; mask != 0; mask &= mask - 1) {
        const int bit = std::countr_zero(mask);
        const std::uint16_t place = partner[bit];
        hits |= ((values_[place / 64U][lane] >> (place % 64U)) & 1U) << bit;
      }
      hits_[k][lane] = hits;
    }
  }

  const Stencil& stencil_;
  const ShiftPlan* plan_;
  const LeafIndex& in_;
  std::vector<LeafLanes> values_, hits_;
  std::vector<std::int32_t> cells_;  // [lane][cell]
};

class LeafMapBuilder {
 public:
  LeafMapBuilder(const CoordinateSet::Impl& out, const CoordinateSet::Impl& in,
                 const Stencil& stencil, const ShiftPlan* plan)
      : out_(out), in_(in), stencil_(stencil), plan_(plan), volume_(stencil.volume()) {}

  [[nodiscard]] BlockedEntries build() {
    const std::int64_t blocks = (out_.index().size() + kBlockRows - 1) / kBlockRows;
    const auto volume = static_cast<std::int64_t>(volume_);
    const std::int64_t slices = checked_mul("kernel_map", blocks, volume);
    entries_.begin.resize(static_cast<std::size_t>(slices) + 1, 0);
    parallel_for(blocks, kBlocksPerChunk, [&](std::int64_t first, std::int64_t last) {
      for_each_part(first, last, [&](const Part& part, const LeafBatch& batch) {
        std::int64_t* counts = entries_.begin.data() + part.block * volume + 1;
        for (std::size_t k = 0; k < volume_; ++k) {
          counts[k] += std::popcount(batch.hits(k, part.lane) & part.mask);
        }
      });
    });
    std::vector<std::int64_t>& begin = entries_.begin;
    for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    entries_.in_row.resize(static_cast<std::size_t>(begin.back()));
    entries_.out_local.resize(static_cast<std::size_t>(begin.back()));
    parallel_for(blocks, kBlocksPerChunk,
                 [&](std::int64_t first, std::int64_t last) { write_blocks(first, last); });
    return std::move(entries_);
  }

 private:
  // The rows of a leaf that lie in one block.
  struct Part {
    const Leaf* leaf;
    std::size_t lane;
    std::int64_t block;
    std::uint64_t mask;
  };

  // Calls body(part, batch) for the parts of all leaves in blocks [first, last), in order.
  template <typename Body>
  void for_each_part(std::int64_t first, std::int64_t last, const Body& body) const {
    const std::span<const Leaf> leaves = out_.index().leaves();
    LeafBatch batch(stencil_, plan_, in_.index());
    const auto begins_behind = [](std::int64_t rank, const Leaf& leaf) {
      return rank < leaf.first;
    };
    auto leaf = static_cast<std::size_t>(
        std::upper_bound(leaves.begin(), leaves.end(), first * kBlockRows, begins_behind) -
        leaves.begin() - 1);
    while (leaf < leaves.size() && leaves[leaf].first < last * kBlockRows) {
      const std::size_t count = std::min(kLeafLanes, leaves.size() - leaf);
      batch.load(leaves.subspan(leaf, count));
      for (std::size_t lane = 0; lane < count; ++lane) {
        split_leaf(leaves[leaf + lane], lane, first, last,
                   [&](const Part& part) { body(part, batch); });
      }
      leaf += count;
    }
  }

  // A leaf has at most 64 rows: they lie in one block or two.
  template <typename Body>
  static void split_leaf(const Leaf& leaf, std::size_t lane, std::int64_t first, std::int64_t last,
                         const Body& body) {
    const std::int64_t block = leaf.first / kBlockRows;
    const std::int64_t room = (block + 1) * kBlockRows - leaf.first;
    const bool whole = room >= 64 || std::popcount(leaf.mask) <= room;
    const std::uint64_t mask = whole ? leaf.mask : first_bits(leaf.mask, room);
    if (block >= first && block < last) body(Part{&leaf, lane, block, mask});
    if (!whole && block + 1 >= first && block + 1 < last) {
      body(Part{&leaf, lane, block + 1, leaf.mask & ~mask});
    }
  }

  void write_blocks(std::int64_t first, std::int64_t last) {
    std::vector<std::int32_t> row_at(64 * stencil_.cell_count());
    std::vector<std::int64_t> next(volume_);
    std::int64_t block = -1;
    const Leaf* leaf = nullptr;
    std::array<std::uint8_t, 64> local_at{};
    for_each_part(first, last, [&](const Part& part, const LeafBatch& batch) {
      if (part.block != block) {
        block = part.block;
        const auto begin = entries_.begin.begin() + block * static_cast<std::int64_t>(volume_);
        std::copy_n(begin, volume_, next.begin());
      }
      const Stencil::Class& tables = stencil_.class_of(part.leaf->position);
      if (part.leaf != leaf) {
        leaf = part.leaf;
        load_rows(tables, batch.cells(part.lane), row_at.data());
        load_locals(*leaf, local_at);
      }
      for (std::size_t k = 0; k < volume_; ++k) {
        next[k] = write_hits(batch.hits(k, part.lane) & part.mask, tables.partner.data() + 64 * k,
                             row_at.data(), local_at, next[k]);
      }
    });
  }

  // Input rows by 64 cell + place, for the places that some offset may ask for.
  void load_rows(const Stencil::Class& tables, const std::int32_t* cells,
                 std::int32_t* row_at) const {
    const std::span<const std::int32_t> row_of_rank = in_.row_of_rank();
    for (std::size_t cell = 0; cell < stencil_.cell_count(); ++cell) {
      if (cells[cell] < 0) continue;
      const Leaf& leaf = in_.index().leaves()[static_cast<std::size_t>(cells[cell])];
      for (std::uint64_t rest = leaf.mask & tables.takes[cell]; rest != 0; rest &= rest - 1) {
        const int bit = std::countr_zero(rest);
        const std::int32_t rank = leaf.first + std::popcount(leaf.mask & bits_below(bit));
        row_at[64 * cell + static_cast<std::size_t>(bit)] =
            row_of_rank.empty() ? rank : row_of_rank[static_cast<std::size_t>(rank)];
      }
    }
  }

  static void load_locals(const Leaf& leaf, std::array<std::uint8_t, 64>& local_at) {
    auto local = static_cast<std::uint8_t>(leaf.first);  // modulo the block's 256 rows
    for (std::uint64_t rest = leaf.mask; rest != 0; rest &= rest - 1) {
      local_at[static_cast<std::size_t>(std::countr_zero(rest))] = local++;
    }
  }

  std::int64_t write_hits(std::uint64_t hits, const std::uint16_t* partner,
                          const std::int32_t* row_at, const std::array<std::uint8_t, 64>& local_at,
                          std::int64_t next) {
    std::int32_t* in_row = entries_.in_row.data() + next;
    std::uint8_t* out_local = entries_.out_local.data() + next;
    for (; hits != 0; hits &= hits - 1, ++next) {
      const int bit = std::countr_zero(hits);
      *in_row++ = row_at[partner[bit]];
      *out_local++ = local_at[static_cast<std::size_t>(bit)];
    }
    return next;
  }

  const CoordinateSet::Impl& out_;
  const CoordinateSet::Impl& in_;
  const Stencil& stencil_;
  const ShiftPlan* plan_;
  std::size_t volume_;
  BlockedEntries entries_;
};

bool has_hidden_rows(const CoordinateSet& set) { return set.impl().index().size() != set.size(); }

}  // namespace

std::optional<BlockedEntries> build_blocks_by_leaves(const CoordinateSet& fine,
                                                     const CoordinateSet& coarse,
                                                     const Relation& relation, OutputSide side) {
  if (has_hidden_rows(fine) || has_hidden_rows(coarse)) return std::nullopt;
  const std::optional<Stencil> stencil = Stencil::make(relation, side);
  if (!stencil) return std::nullopt;
  std::optional<ShiftPlan> plan;
  if (stencil->is_shift()) plan.emplace(*stencil, side);
  const CoordinateSet::Impl& out = (side == OutputSide::coarse ? coarse : fine).impl();
  const CoordinateSet::Impl& in = (side == OutputSide::coarse ? fine : coarse).impl();
  return LeafMapBuilder(out, in, *stencil, plan ? &*plan : nullptr).build();
}

}  // namespace voxloom
