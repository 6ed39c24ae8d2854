// Which input leaves the leaves of an output set meet: for each leaf, the input leaf in each cell of
// a stencil around it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "coords/stencil.h"
#include "core/uninitialized.h"

namespace voxloom {

// One row of cells per output leaf.
class CellTable {
 public:
  CellTable(const Stencil& stencil, const LeafIndex& out, const LeafIndex& in);

  // Calls body(cell, input leaf number) for the cells of a leaf that hold one, if rows of the leaf
  // send there, in ascending order.
  template <typename Body>
  void for_each(std::size_t leaf, const Body& body) const {
    const std::int32_t* numbers = numbers_.data() + leaf * cells_;
    for (std::size_t word = 0; word < words_; ++word) {
      for (std::uint64_t rest = present_[leaf * words_ + word]; rest != 0; rest &= rest - 1) {
        const std::size_t cell = 64 * word + static_cast<std::size_t>(std::countr_zero(rest));
        body(cell, numbers[cell]);
      }
    }
  }

 private:
  std::size_t cells_, words_;
  UninitializedVector<std::int32_t> numbers_;   // [leaf][cell], where present
  UninitializedVector<std::uint64_t> present_;  // [leaf][word of 64 cells]
};

// Looks leaves up for CellTable. Output leaves come in Z-order, so the 27 branches around the last
// one's serve many leaves in a row.
class CellFinder {
 public:
  CellFinder(const Stencil& stencil, const LeafIndex& in);

  void find(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present);

 private:
  // What a cell's place on an axis adds to its branch among the 27 and to its bit in the branch.
  struct Step {
    std::int32_t branch, bit;
    std::int64_t position;  // of the leaf
  };
  static constexpr std::int32_t kNoBranch = 27;  // where no int32 coordinate can be

  void center_on(std::int32_t batch, const std::array<std::int64_t, 3>& middle);
  // False when a cell lies beyond the 27 branches.
  [[nodiscard]] bool find_steps(std::size_t axis, std::int64_t base);
  void find_near(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present);
  void find_far(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present) const;

  const Stencil& stencil_;
  const LeafIndex& in_;
  std::array<std::vector<Step>, 3> steps_;
  std::int32_t batch_ = -1;
  std::array<std::int64_t, 3> middle_ = {};  // position of the middle branch
  std::array<Leaf, kNoBranch + 1> around_ = {};
  std::vector<std::int32_t> branch_of_cell_, bit_of_cell_;
};

}  // namespace voxloom
