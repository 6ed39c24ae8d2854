// Moving the occupancy of leaves along an axis with bit operations, eight leaves at a time.
//
// Along an axis the places 0 1 2 3 of a leaf have the mask bits 0, w, 8w, 9w (plus those of the
// other axes), with w = 4, 2, 1 for x, y, z. Reading at place + R needs two leaves in a row: `low`
// holds the place itself, `high` is the next leaf up the axis.
#pragma once

#include <cstdint>

namespace voxloom {

// One mask of each of eight leaves. Compilers turn it into whatever registers there are.
using LeafLanes = std::uint64_t __attribute__((vector_size(64)));
inline constexpr std::size_t kLeafLanes = 8;

namespace leaf_shift {

constexpr int unit(int axis) { return axis == 0 ? 4 : axis == 1 ? 2 : 1; }

// The mask bit of a place along an axis.
constexpr int bit_of(int axis, int place) { return unit(axis) * ((place & 1) + 4 * (place & 2)); }

// All mask bits at one place along an axis.
constexpr std::uint64_t slab(int axis, int place) {
  std::uint64_t mask = 0;
  for (int a = 0; a < 4; ++a) {
    for (int b = 0; b < 4; ++b) {
      const int others = bit_of((axis + 1) % 3, a) + bit_of((axis + 2) % 3, b);
      mask |= std::uint64_t{1} << (bit_of(axis, place) + others);
    }
  }
  return mask;
}

}  // namespace leaf_shift

// to[place] = (low ++ high)[place + R], for R = 1, 2, 3.
template <int Axis, int R>
inline void shift_leaves(const LeafLanes& low, const LeafLanes& high, LeafLanes& to) {
  constexpr int w = leaf_shift::unit(Axis);
  constexpr std::uint64_t k0 = leaf_shift::slab(Axis, 0);
  constexpr std::uint64_t k1 = leaf_shift::slab(Axis, 1);
  constexpr std::uint64_t k2 = leaf_shift::slab(Axis, 2);
  constexpr std::uint64_t k3 = leaf_shift::slab(Axis, 3);
  if constexpr (R == 1) {
    to = ((low >> w) & (k0 | k2)) | ((low >> (7 * w)) & k1) | ((high << (9 * w)) & k3);
  } else if constexpr (R == 2) {
    to = ((low >> (8 * w)) & (k0 | k1)) | ((high << (8 * w)) & (k2 | k3));
  } else {
    to = ((low >> (9 * w)) & k0) | ((high << w) & (k1 | k3)) | ((high << (7 * w)) & k2);
  }
}

}  // namespace voxloom
