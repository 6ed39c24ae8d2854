// Exact neighbours: a tree of boxes over the leaves of a coordinate set.
//
// Leaves stand in Z-order, so eight in a row are close together: level 1 holds the boxes of eight
// leaves each, level 2 those of eight level 1 boxes, and so on up to a single one. A box knows the
// range of batches inside it. Squared distances are integers: 64 bits when no two coordinates are
// 2^31 apart on any axis, else 128.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "coords/coordinate_set_impl.h"

namespace voxloom {

__extension__ using Wide = unsigned __int128;  // pedantic compilers want the marker

template <typename Distance>
struct Neighbor {
  Distance squared;
  std::int32_t row;
  friend bool operator<(const Neighbor& a, const Neighbor& b) {
    return a.squared != b.squared ? a.squared < b.squared : a.row < b.row;
  }
};

class NeighborTree {
 public:
  explicit NeighborTree(const CoordinateSet& points);

  // Squared distances between `query` and the points fit 64 bits.
  [[nodiscard]] bool fits_64_bits(std::span<const Coordinate> query) const;

  // The k nearest rows, ascending, into `nearest` (fewer when the batch has fewer).
  template <typename Distance>
  void k_nearest(const Coordinate& query, std::size_t k,
                 std::vector<Neighbor<Distance>>& nearest) const;
  // Every row with squared distance <= limit, ascending, into `found`.
  template <typename Distance>
  void within(const Coordinate& query, Distance limit,
              std::vector<Neighbor<Distance>>& found) const;

 private:
  struct Box {
    std::array<std::int32_t, 3> lo, hi;  // inclusive
    std::int32_t first_batch, last_batch;
  };
  template <typename Distance, typename Sink>
  class Search;

  [[nodiscard]] static Box box_of(const Leaf& leaf);
  [[nodiscard]] static Box around(std::span<const Box> boxes);
  [[nodiscard]] std::size_t top() const { return levels_.size() - 1; }

  CoordinateSet points_;
  std::vector<std::vector<Box>> levels_;  // [0]: leaves; the last one has at most one box
};

}  // namespace voxloom
