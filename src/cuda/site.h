// Lattice sites and the 4x4x4 leaves that hold them, as the device sees them: the same numbers as
// voxloom/coordinate_set.h and coords/leaf_index.h, laid out for 16-byte loads.
#pragma once

#include <cstdint>

#include "cuda/device.h"

namespace voxloom::cuda {

struct alignas(16) Site {
  std::int32_t batch, x, y, z;
};

struct alignas(16) Leaf {
  Site position;  // (batch, x>>2, y>>2, z>>2)
  std::uint64_t mask;
  std::int32_t first;  // rank of its first site
  std::int32_t unused;

  // The rank of the place `bit`, or -1.
  VOXLOOM_ON_BOTH std::int32_t rank_of(int bit) const {
    if (((mask >> bit) & 1U) == 0) return -1;
    return first + count_bits(mask & ((std::uint64_t{1} << bit) - 1));
  }
};

VOXLOOM_ON_BOTH bool same_place(const Site& a, const Site& b) {
  return a.batch == b.batch && a.x == b.x && a.y == b.y && a.z == b.z;
}
VOXLOOM_ON_BOTH Site leaf_of(const Site& s) { return {s.batch, s.x >> 2, s.y >> 2, s.z >> 2}; }

// Mask bit x1 y1 z1 x0 y0 z0: Z-order within a leaf.
VOXLOOM_ON_BOTH int leaf_bit(std::int32_t x, std::int32_t y, std::int32_t z) {
  return ((x & 2) << 4) | ((y & 2) << 3) | ((z & 2) << 2) | ((x & 1) << 2) | ((y & 1) << 1) |
         (z & 1);
}
VOXLOOM_ON_BOTH Site site_at(const Site& leaf, int bit) {
  const auto axis = [bit](std::int32_t position, int low) {
    const int local = ((bit >> (low + 3)) & 1) * 2 + ((bit >> low) & 1);
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(position) * 4U +
                                     static_cast<std::uint32_t>(local));
  };
  return {leaf.batch, axis(leaf.x, 2), axis(leaf.y, 1), axis(leaf.z, 0)};
}

VOXLOOM_ON_BOTH bool fits_int32(std::int64_t v) { return v == static_cast<std::int32_t>(v); }

}  // namespace voxloom::cuda
