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

#include "coords/leaf_index.h"
#include "coords/order.h"
#include "core/uninitialized.h"
#include "voxloom/coordinate_set.h"

namespace voxloom {

class LeafOrder {
 public:
  // Numbered leaves, bits and rows fit an item together up to here.
  static constexpr std::size_t kMostRows = std::size_t{1} << 29;

  // The rows have to outlive it.
  explicit LeafOrder(std::span<const Coordinate> rows);

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(items_.size()); }
  [[nodiscard]] std::int32_t row(std::int64_t place) const {
    return static_cast<std::int32_t>(item(place) & ((std::uint64_t{1} << row_bits_) - 1));
  }
  [[nodiscard]] int bit(std::int64_t place) const {
    return static_cast<int>((item(place) >> row_bits_) & 63);
  }
  // The leaf's position: out of the item where it holds all of it, as the row lies anywhere in memory.
  [[nodiscard]] LeafPosition position(std::int64_t place) const {
    if (axis_bits_ == 0) return leaf_of(rows_[static_cast<std::size_t>(row(place))]);
    const std::uint64_t key = item(place) >> row_bits_;
    const std::uint64_t axes = key & ((std::uint64_t{1} << (3 * axis_bits_)) - 1);
    const auto axis = [&](int from) {
      return static_cast<std::int32_t>(gather3(axes >> from) -
                                       (std::uint32_t{1} << (axis_bits_ - 1)));
    };
    return leaf_of({static_cast<std::int32_t>(key >> (3 * axis_bits_)), axis(2), axis(1), axis(0)});
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
  std::span<const Coordinate> rows_;
  int row_bits_ = 0;
  int axis_bits_ = 0;  // of an axis in an item; 0: the leaves are numbered
};

}  // namespace voxloom
