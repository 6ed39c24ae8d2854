// Canonical order on coordinates and on the 4x4x4 leaves that hold them.
#pragma once

#include <cstdint>

#include "voxloom/coordinate_set.h"

namespace voxloom {

// The axis that decides is the one whose two values differ in the highest bit, x before y before z
// among equals. Flipping the sign bit biases by 2^31.
[[nodiscard]] inline bool morton_less(std::int32_t ax, std::int32_t ay, std::int32_t az,
                                      std::int32_t bx, std::int32_t by, std::int32_t bz) {
  const auto differ = [](std::int32_t a, std::int32_t b) {
    return static_cast<std::uint32_t>(a) ^ static_cast<std::uint32_t>(b);
  };
  const auto higher_bit = [](std::uint32_t a, std::uint32_t b) { return a < b && a < (a ^ b); };
  std::uint32_t deciding = differ(ax, bx);
  bool less = ax < bx;
  if (const std::uint32_t y = differ(ay, by); higher_bit(deciding, y)) {
    deciding = y;
    less = ay < by;
  }
  if (const std::uint32_t z = differ(az, bz); higher_bit(deciding, z)) less = az < bz;
  return less;
}

// Bit i of the low 21 bits moves to bit 3 i: three such numbers interleave to a Z-order key.
[[nodiscard]] constexpr std::uint64_t spread3(std::uint64_t v) {
  v &= 0x1fffffU;
  v = (v | (v << 32)) & 0x001f00000000ffffU;
  v = (v | (v << 16)) & 0x001f0000ff0000ffU;
  v = (v | (v << 8)) & 0x100f00f00f00f00fU;
  v = (v | (v << 4)) & 0x10c30c30c30c30c3U;
  return (v | (v << 2)) & 0x1249249249249249U;
}

// The inverse: bits 0, 3, 6, ... together.
[[nodiscard]] constexpr std::uint32_t gather3(std::uint64_t v) {
  v &= 0x1249249249249249U;
  v = (v | (v >> 2)) & 0x10c30c30c30c30c3U;
  v = (v | (v >> 4)) & 0x100f00f00f00f00fU;
  v = (v | (v >> 8)) & 0x001f0000ff0000ffU;
  v = (v | (v >> 16)) & 0x001f00000000ffffU;
  return static_cast<std::uint32_t>((v | (v >> 32)) & 0x1fffffU);
}

}  // namespace voxloom
