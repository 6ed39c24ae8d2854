// Which input leaves the leaves of an output set meet: for each leaf, the input leaf in each cell of
// a stencil around it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "coords/stencil.h"
#include "core/uninitialized.h"

namespace voxloom {

// The cells of each output leaf that hold an input leaf. Of 27 cells a scan has some eight.
class CellTable {
 public:
  CellTable(const Stencil& stencil, std::span<const Leaf> out, const LeafIndex& in);

  // Calls body(cell, input leaf number) for the cells of a leaf that hold one, if rows of the leaf
  // send there, in ascending order.
  template <typename Body>
  void for_each(std::size_t leaf, const Body& body) const {
    const std::int32_t* number = numbers_[leaf / kGrain].data() + first_[leaf];
    for (std::size_t word = 0; word < words_; ++word) {
      for (std::uint64_t rest = present_[leaf * words_ + word]; rest != 0; rest &= rest - 1) {
        body(64 * word + static_cast<std::size_t>(std::countr_zero(rest)), *number++);
      }
    }
  }

 private:
  static constexpr std::size_t kGrain = 512;  // leaves of a task

  std::size_t words_;
  std::vector<UninitializedVector<std::int32_t>> numbers_;  // [task], leaf after leaf
  UninitializedVector<std::uint32_t> first_;                // [leaf] in its task's numbers
  UninitializedVector<std::uint64_t> present_;              // [leaf][word of 64 cells]
};

// Looks leaves up for CellTable. Output leaves come in Z-order, so the 27 branches around the last
// one's serve many leaves in a row.
class CellFinder {
 public:
  CellFinder(const Stencil& stencil, const LeafIndex& in);

  // Sets the words of `present`, writes the numbers of the cells that are and returns how many these are.
  [[nodiscard]] std::size_t find(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present);

 private:
  // What a cell's place on an axis adds to its branch among the 27 and to its bit in the branch.
  struct Step {
    std::int64_t branch, position;  // position: of the leaf
    std::int32_t bit;
  };
  static constexpr std::int32_t kBranches = 27;

  void center_on(std::int32_t batch, const std::array<std::int64_t, 3>& middle);
  // Empty where there is none.
  [[nodiscard]] Leaf branch_at(std::int32_t batch, const std::array<std::int64_t, 3>& at) const;
  // Whether all cells of any leaf at these positions lie within the 27 branches, and none beyond int32.
  [[nodiscard]] bool is_inside(const std::array<std::int64_t, 3>& base) const;
  // 64 branch + bit of each cell, by the place of the leaf that cells count from in its branch.
  [[nodiscard]] const std::uint16_t* codes_of(const std::array<std::int64_t, 3>& base);
  [[nodiscard]] std::size_t find_inside(const Leaf& leaf, const std::uint16_t* codes,
                                        std::int32_t* numbers, std::uint64_t* present) const;
  void find_steps(std::size_t axis, std::int64_t base);
  [[nodiscard]] std::size_t find_far(const Leaf& leaf, std::int32_t* numbers,
                                     std::uint64_t* present) const;

  const Stencil& stencil_;
  const LeafIndex& in_;
  std::array<std::vector<Step>, 3> steps_;
  std::array<std::int64_t, 3> first_branch_ = {}, last_branch_ = {};  // of the 27 that cells lie in
  std::int32_t batch_ = -1;
  std::array<std::int64_t, 3> middle_ = {};  // position of the middle branch
  std::array<Leaf, kBranches> around_ = {};
  std::array<std::uint64_t, kBranches> masks_ = {};  // of around_
  std::int64_t reach_ = 0;                           // of cells, in leaves
  std::vector<std::uint16_t> codes_;                 // [place][cell], made when first asked for
  std::uint64_t has_codes_ = 0;                      // by place
};

}  // namespace voxloom
