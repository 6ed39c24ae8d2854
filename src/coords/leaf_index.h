// The index that finds a coordinate: 4x4x4 leaves with a 64-bit occupancy mask each, in canonical
// order; above them 4x4x4 branches of leaves, built the same way; and an exact hash table from
// branch position to branch.
//
//   leaf position (batch, x>>2, y>>2, z>>2)      the shift floors, so any int32 is fine
//   mask bit      x1 y1 z1 x0 y0 z0              Z-order of the two low bits of each axis
//   rank          leaf.first + popcount(mask below the bit)
//
// A branch is to leaf positions what a leaf is to coordinates: its rank is a leaf's number. Because
// bits within a leaf and leaves within a set are both in Z-order, the rank is the position of a
// coordinate in canonical order. Set operations are bit operations on masks. A scan has some ten
// coordinates in a leaf and as many leaves in a branch: the hash table stays small.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coords/bits.h"
#include "voxloom/coordinate_set.h"

namespace voxloom {

inline constexpr int kLeafShift = 2;  // log2 of the leaf's edge

struct LeafPosition {
  std::int32_t batch = 0, x = 0, y = 0, z = 0;
  friend constexpr bool operator==(const LeafPosition&, const LeafPosition&) = default;
};

// A leaf of coordinates, or a branch of leaves.
struct Leaf {
  LeafPosition position;
  std::uint64_t mask = 0;
  std::int32_t first = 0;  // rank of its first coordinate, or number of its first leaf

  // The rank of the place `bit`, or -1.
  [[nodiscard]] std::int32_t rank_of(int bit) const {
    return ((mask >> bit) & 1U) == 0 ? -1 : first + count_bits(mask & bits_below(bit));
  }
};

[[nodiscard]] inline LeafPosition leaf_of(const Coordinate& c) {
  return {c.batch, c.x >> kLeafShift, c.y >> kLeafShift, c.z >> kLeafShift};
}
[[nodiscard]] inline LeafPosition branch_of(const LeafPosition& p) {
  return {p.batch, p.x >> kLeafShift, p.y >> kLeafShift, p.z >> kLeafShift};
}

[[nodiscard]] inline int leaf_bit(std::int32_t x, std::int32_t y, std::int32_t z) {
  return ((x & 2) << 4) | ((y & 2) << 3) | ((z & 2) << 2) | ((x & 1) << 2) | ((y & 1) << 1) |
         (z & 1);
}

// The inverse of leaf_of and leaf_bit together.
[[nodiscard]] Coordinate coordinate_at(const LeafPosition& leaf, int bit);

// Spreads leaf positions over a table. Different positions may share it: tables compare positions.
[[nodiscard]] std::uint64_t hash_of(const LeafPosition& position);

// Hash table from leaf position to a number; open addressing, compares whole positions.
class LeafTable {
 public:
  // The leaf's number, or -1.
  [[nodiscard]] std::int32_t find(const LeafPosition& position, std::span<const Leaf> leaves) const;
  // Makes room for `count` leaves in all and refills the table from `leaves`.
  void rebuild(std::span<const Leaf> leaves, std::size_t count);
  // `position` is not there yet, and there is room.
  void insert(const LeafPosition& position, std::int32_t number);
  [[nodiscard]] bool is_full(std::size_t count) const { return 2 * count >= slots_.size(); }

 private:
  [[nodiscard]] std::size_t slot_of(const LeafPosition& position) const;
  std::vector<std::int32_t> slots_;  // power-of-two size; -1: free
};

// Leaves of a finished set.
class LeafIndex {
 public:
  LeafIndex() = default;
  // Sorts the leaves and numbers the ranks.
  explicit LeafIndex(std::vector<Leaf> leaves);
  // The leaves stand in canonical order already.
  [[nodiscard]] static LeafIndex from_sorted(std::vector<Leaf> leaves);

  [[nodiscard]] std::span<const Leaf> leaves() const { return leaves_; }
  [[nodiscard]] std::int64_t size() const { return size_; }  // coordinates

  [[nodiscard]] std::span<const Leaf> branches() const { return branches_; }

  // The number of a leaf or branch, or -1.
  [[nodiscard]] std::int32_t find_branch(const LeafPosition& position) const {
    return table_.find(position, branches_);
  }
  [[nodiscard]] std::int32_t find_leaf(const LeafPosition& position) const {
    const std::int32_t branch = find_branch(branch_of(position));
    if (branch < 0) return -1;
    const int bit = leaf_bit(position.x, position.y, position.z);
    return branches_[static_cast<std::size_t>(branch)].rank_of(bit);
  }
  // Rank of a coordinate in canonical order, or -1. Probes beyond int32 are misses.
  [[nodiscard]] std::int32_t rank(std::int64_t batch, std::int64_t x, std::int64_t y,
                                  std::int64_t z) const;
  [[nodiscard]] std::vector<Coordinate> coordinates() const;  // in canonical order

 private:
  void number();

  std::vector<Leaf> leaves_, branches_;
  LeafTable table_;  // of branches
  std::int64_t size_ = 0;
};

// Collects coordinates, in any order and with repeats, into leaves.
class LeafCollector {
 public:
  // Where the coordinate went; `is_new` is false for a repeat.
  struct Place {
    std::int32_t leaf;
    int bit;
    bool is_new;
  };
  Place add(const Coordinate& c);
  void add(const LeafPosition& position, std::uint64_t mask);

  [[nodiscard]] std::vector<Leaf> take() { return std::move(leaves_); }

 private:
  Leaf& leaf_at(const LeafPosition& position);

  std::vector<Leaf> leaves_;
  LeafTable table_;
  std::size_t last_ = 0;  // neighbours in a scan mostly share their leaf
};

}  // namespace voxloom
