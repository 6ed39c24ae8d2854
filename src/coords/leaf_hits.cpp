#include "coords/leaf_hits.h"

#include <algorithm>
#include <bit>

namespace voxloom {

LeafHits::LeafHits(const Stencil& stencil, const ShiftSequence* shifts, const LeafIndex& in,
                   const CellTable& cells)
    : stencil_(stencil),
      shifts_(shifts),
      in_leaves_(in.leaves()),
      cells_(cells),
      values_(shifts == nullptr ? stencil.cell_count() : shifts->value_count()),
      hits_(stencil.volume()) {}

void LeafHits::find(std::span<const Leaf> leaves, std::size_t first) {
  std::fill_n(values_.begin(), stencil_.cell_count(), LeafLanes{});
  LeafLanes own = {};
  for (std::size_t lane = 0; lane < leaves.size(); ++lane) {
    own[lane] = leaves[lane].mask;
    cells_.for_each(first + lane, [&](std::size_t cell, std::int32_t number) {
      values_[cell][lane] = in_leaves_[static_cast<std::size_t>(number)].mask;
    });
  }
  if (shifts_ == nullptr) {
    for (std::size_t lane = 0; lane < leaves.size(); ++lane) test(leaves[lane], lane);
    return;
  }
  shifts_->run(values_.data());
  for (std::size_t k = 0; k < hits_.size(); ++k) hits_[k] = values_[shifts_->value_of(k)] & own;
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
