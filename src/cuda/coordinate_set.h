// Coordinate sets on the device: canonical order, leaves, and the table that finds a leaf. The same sets,
// in the same order, as voxloom/coordinate_set.h makes, for any int32 coordinates.
//
// Building waits for the device: once for the width of the keys, once for the counts; each halving once.
#pragma once

#include <cstdint>

#include "cuda/site.h"

namespace voxloom::cuda {

// What kernels see of a set.
struct SetView {
  const Site* rows = nullptr;
  const std::int32_t* row_of_rank = nullptr;  // nullptr: rows stand in canonical order
  const Leaf* leaves = nullptr;               // in canonical order
  const std::int32_t* slots = nullptr;        // leaf numbers, hashed by position; -1: free
  std::int64_t size = 0;
  std::int64_t leaf_count = 0;
  std::uint32_t slot_mask = 0;

  VOXLOOM_ON_BOTH std::int32_t row_at(std::int32_t rank) const {
    return row_of_rank == nullptr || rank < 0 ? rank : row_of_rank[rank];
  }
};

// Spreads positions over the table; different ones may share a slot: look-ups compare positions.
VOXLOOM_ON_BOTH std::uint32_t hash_of(const Site& position) {
  std::uint64_t h = static_cast<std::uint32_t>(position.x) * 0x9E3779B97F4A7C15ULL;
  h = (h ^ (h >> 29) ^ static_cast<std::uint32_t>(position.y)) * 0xBF58476D1CE4E5B9ULL;
  h = (h ^ (h >> 32) ^ static_cast<std::uint32_t>(position.z)) * 0x94D049BB133111EBULL;
  h = (h ^ (h >> 31) ^ static_cast<std::uint32_t>(position.batch)) * 0xD6E8FEB86659FD93ULL;
  return static_cast<std::uint32_t>(h >> 32);
}

// The number of a leaf, or -1.
VOXLOOM_ON_BOTH std::int32_t find_leaf(const SetView& set, const Site& position) {
  if (set.leaf_count == 0) return -1;
  for (std::uint32_t slot = hash_of(position) & set.slot_mask;; slot = (slot + 1) & set.slot_mask) {
    const std::int32_t number = set.slots[slot];
    if (number < 0 || same_place(set.leaves[number].position, position)) return number;
  }
}

// The row of a coordinate, or -1; beyond int32 there is none.
VOXLOOM_ON_BOTH std::int32_t find_row(const SetView& set, std::int32_t batch, std::int64_t x,
                                      std::int64_t y, std::int64_t z) {
  if (!fits_int32(x) || !fits_int32(y) || !fits_int32(z)) return -1;
  const Site site{batch, static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
                  static_cast<std::int32_t>(z)};
  const std::int32_t leaf = find_leaf(set, leaf_of(site));
  if (leaf < 0) return -1;
  return set.row_at(set.leaves[leaf].rank_of(leaf_bit(site.x, site.y, site.z)));
}

class CoordinateSet {
 public:
  [[nodiscard]] SetView view() const;
  [[nodiscard]] std::int64_t size() const { return rows_.size(); }
  [[nodiscard]] std::int64_t leaf_count() const { return leaf_count_; }

  // What from_rows found wrong: rows are numbered as the caller numbers them.
  struct Problem {
    bool negative_batch = false;
    std::int32_t first_repeated = -1;  // the first row that repeats an earlier one ...
    std::int32_t repeats = -1;         // ... and that one
  };

  // `rows` on the device, in any order; they are copied. Where `problem` is not clean, the set is empty.
  [[nodiscard]] static CoordinateSet from_rows(const Site* rows, std::int64_t count,
                                               Problem& problem, Stream stream);
  // The distinct ones among the rows, in canonical order. Batches are not negative.
  [[nodiscard]] static CoordinateSet distinct(const Site* rows, std::int64_t count, Stream stream);

 private:
  friend CoordinateSet strided_support(const CoordinateSet&, const std::int32_t (&)[3], Stream);
  [[nodiscard]] CoordinateSet halved(Stream stream) const;
  void make_table(Stream stream);
  void make_rows(Stream stream);  // from leaves, whose ranks are known

  Array<Site> rows_;
  Array<std::int32_t> row_of_rank_;  // empty: canonical
  Array<Leaf> leaves_;               // room for more than leaf_count_ perhaps
  Array<std::int32_t> slots_;
  std::int64_t leaf_count_ = 0;
};

// The unique floor(c / stride), in canonical order. Strides are at least 1 and not all 1.
[[nodiscard]] CoordinateSet strided_support(const CoordinateSet& source,
                                            const std::int32_t (&stride)[3], Stream stream);

}  // namespace voxloom::cuda
