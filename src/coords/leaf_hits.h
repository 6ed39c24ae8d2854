// Which places of an output leaf have a partner under each kernel offset: for up to eight leaves at
// a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coords/cell_finder.h"
#include "coords/leaf_shift.h"
#include "coords/partner_lists.h"
#include "coords/shift_sequence.h"

namespace voxloom {

class LeafHits {
 public:
  // `shifts` is nullptr where whole leaves cannot be shifted: then the input's places are looked up in `lists`, or,
  // where that is nullptr too, the output's are tested.
  LeafHits(const Stencil& stencil, const ShiftSequence* shifts, const PartnerLists* lists,
           const LeafIndex& in, const CellTable& cells);

  // For `leaves` of the output, the first of which has the number `first`.
  void find(std::span<const Leaf> leaves, std::size_t first);

  [[nodiscard]] std::size_t volume() const { return hits_.size(); }
  [[nodiscard]] std::uint64_t of(std::size_t k, std::size_t lane) const { return hits_[k][lane]; }

 private:
  void load(std::size_t number, std::size_t lane);
  void test(const Leaf& leaf, std::size_t lane);
  void look_up(const Leaf& leaf, std::size_t number, std::size_t lane);

  const Stencil& stencil_;
  const ShiftSequence* shifts_;
  const PartnerLists* lists_;
  std::span<const Leaf> in_leaves_;
  const CellTable& cells_;
  std::vector<LeafLanes> values_, hits_;
};

}  // namespace voxloom
