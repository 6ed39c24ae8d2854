#include "coords/leaf_hits.h"

#include <algorithm>
#include <bit>

namespace voxloom {

LeafHits::LeafHits(const Stencil& stencil, const ShiftSequence* shifts, const PartnerLists* lists,
                   const LeafIndex& in, const CellTable& cells)
    : stencil_(stencil),
      shifts_(shifts),
      lists_(lists),
      in_leaves_(in.leaves()),
      cells_(cells),
      values_(shifts == nullptr ? stencil.cell_count() : shifts->value_count()),
      hits_(stencil.volume()) {}

void LeafHits::find(std::span<const Leaf> leaves, std::size_t first) {
  LeafLanes own = {};
  for (std::size_t lane = 0; lane < leaves.size(); ++lane) own[lane] = leaves[lane].mask;
  if (shifts_ == nullptr && lists_ != nullptr) {
    std::ranges::fill(hits_, LeafLanes{});
    for (std::size_t lane = 0; lane < leaves.size(); ++lane) {
      look_up(leaves[lane], first + lane, lane);
    }
    for (LeafLanes& hits : hits_) hits &= own;
    return;
  }
  std::fill_n(values_.begin(), stencil_.cell_count(), LeafLanes{});
  for (std::size_t lane = 0; lane < leaves.size(); ++lane) load(first + lane, lane);
  if (shifts_ == nullptr) {
    for (std::size_t lane = 0; lane < leaves.size(); ++lane) test(leaves[lane], lane);
    return;
  }
  shifts_->run(values_.data());
  for (std::size_t k = 0; k < hits_.size(); ++k) hits_[k] = values_[shifts_->value_of(k)] & own;
}

void LeafHits::load(std::size_t number, std::size_t lane) {
  cells_.for_each(number, [&](std::size_t cell, std::int32_t in) {
    values_[cell][lane] = in_leaves_[static_cast<std::size_t>(in)].mask;
  });
}

void LeafHits::look_up(const Leaf& leaf, std::size_t number, std::size_t lane) {
  const std::vector<std::uint64_t>& takes = stencil_.class_of(leaf.position).takes;
  auto* hits = reinterpret_cast<std::uint64_t*>(hits_.data()) + lane;
  cells_.for_each(number, [&](std::size_t cell, std::int32_t in) {
    std::uint64_t rest = in_leaves_[static_cast<std::size_t>(in)].mask & takes[cell];
    for (; rest != 0; rest &= rest - 1) {
      const std::size_t place = 64 * cell + static_cast<std::size_t>(std::countr_zero(rest));
      for (const PartnerLists::Partner& partner : lists_->of(place)) {
        hits[kLeafLanes * partner.k] |= std::uint64_t{1} << partner.place;
      }
    }
  });
}

void LeafHits::test(const Leaf& leaf, std::size_t lane) {
  const Stencil::Class& tables = stencil_.class_of(leaf.position);
  for (std::size_t k = 0; k < hits_.size(); ++k) {
    const std::uint16_t* partner = tables.partner.data() + 64 * k;
    std::uint64_t hits = 0;
    for (std::uint64_t rest = leaf.mask & tables.valid[k]; rest != 0; rest &= rest - 1) {
      const int bit = std::countr_zero(rest);
      const std::uint16_t place = partner[bit];
      hits |= ((values_[place / 64U][lane] >> (place % 64U)) & 1U) << bit;
    }
    hits_[k][lane] = hits;
  }
}

}  // namespace voxloom
