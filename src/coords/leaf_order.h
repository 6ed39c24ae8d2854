// Rows grouped by leaf, the leaves in canonical order: the first step from unsorted rows to an
// index. Within a leaf the rows keep their order.
//
// A row is one 64-bit item, sorted by its leaf:
//
//   | leaf, ascending in canonical order | bit in the leaf (6) | row (as many bits as rows need) |
//
// The leaf part is the Z-order key of the leaf without the bits that all rows share, wherever the
// scene lies; a scene too wide for that is sorted by keys of 128 bits and its leaves are numbered.
#pragma once

#include <cstdint>
#include <span>

#include "core/uninitialized.h"
#include "voxloom/coordinate_set.h"

namespace voxloom {

class LeafOrder {
 public:
  // Numbered leaves, bits and rows fit an item together up to here.
  static constexpr std::size_t kMostRows = std::size_t{1} << 29;

  explicit LeafOrder(std::span<const Coordinate> rows);

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(items_.size()); }
  [[nodiscard]] std::int32_t row(std::int64_t place) const {
    return static_cast<std::int32_t>(item(place) & ((std::uint64_t{1} << row_bits_) - 1));
  }
  [[nodiscard]] int bit(std::int64_t place) const {
    return static_cast<int>((item(place) >> row_bits_) & 63);
  }
  // A number that rows of one leaf have together and others do not.
  [[nodiscard]] std::uint64_t leaf(std::int64_t place) const {
    return item(place) >> row_bits_ >> 6;
  }

 private:
  [[nodiscard]] std::uint64_t item(std::int64_t place) const {
    return items_[static_cast<std::size_t>(place)];
  }
  void sort_narrow(std::span<const Coordinate> rows, int axis_bits);
  void sort_wide(std::span<const Coordinate> rows);

  UninitializedVector<std::uint64_t> items_;
  int row_bits_ = 0;
};

}  // namespace voxloom
