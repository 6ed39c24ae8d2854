// Pairs of rows, read again in ascending order of the first, which no two share: what entries of one kernel offset
// need to be told by input row or by output row, in a step per pair and one per 64 rows.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/uninitialized.h"

namespace voxloom {

class PairsByRow {
 public:
  // Of first rows in [0, rows).
  explicit PairsByRow(std::int64_t rows)
      : marked_(static_cast<std::size_t>((rows + 63) / 64), 0),
        partner_(static_cast<std::size_t>(rows)) {}

  // False, and nothing is added, where `row` has a partner already.
  bool add(std::int32_t row, std::int32_t partner) {
    const auto at = static_cast<std::size_t>(row);
    std::uint64_t& word = marked_[at / 64];
    const std::uint64_t bit = std::uint64_t{1} << (at % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    partner_[at] = partner;
    ++count_;
    return true;
  }
  // Of a row that has one.
  [[nodiscard]] std::int32_t partner_of(std::int32_t row) const {
    return partner_[static_cast<std::size_t>(row)];
  }

  // Calls body(row, partner) for each, and forgets them.
  template <typename Body>
  void take(const Body& body) {
    for (std::size_t word = 0; count_ > 0; ++word) {
      for (std::uint64_t rest = std::exchange(marked_[word], 0); rest != 0; rest &= rest - 1) {
        const std::size_t row = 64 * word + static_cast<std::size_t>(std::countr_zero(rest));
        body(static_cast<std::int32_t>(row), partner_[row]);
        --count_;
      }
    }
  }

 private:
  std::vector<std::uint64_t> marked_;
  UninitializedVector<std::int32_t> partner_;
  std::int64_t count_ = 0;
};

}  // namespace voxloom
