// A program of leaf shifts that moves the input's occupancy under each kernel offset of a stride-1
// map: along x, then y, then z. Offsets with the same x, or the same x and y, share their first
// steps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "coords/leaf_shift.h"
#include "coords/stencil.h"

namespace voxloom {

class ShiftSequence {
 public:
  // `stencil` is a shift.
  ShiftSequence(const Stencil& stencil, OutputSide side);

  // How many values `run` works on. The first ones are the cells' masks, given by the caller.
  [[nodiscard]] std::size_t value_count() const { return value_count_; }
  void run(LeafLanes* lanes) const;
  // The value that holds the occupancy under offset k, after `run`.
  [[nodiscard]] std::uint32_t value_of(std::size_t k) const { return value_of_offset_[k]; }

 private:
  struct Step {
    std::uint32_t low, high, to;
  };
  // The value that holds `low` and `high`, neighbours along an axis, moved by `shift` modulo 4.
  [[nodiscard]] std::uint32_t moved(std::size_t axis, std::int64_t shift, std::uint32_t low,
                                    std::uint32_t high);

  std::uint32_t value_count_ = 0;
  std::array<std::array<std::vector<Step>, 4>, 3> steps_;  // [axis][R]
  std::vector<std::uint32_t> value_of_offset_;
};

}  // namespace voxloom
