// A triple of int32 along (x, y, z): kernel sizes, strides, paddings, dilations, offsets.
// A single number stands for the same value on each axis: `{.stride = 2}`.
#pragma once

#include <cstdint>
#include <string>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

struct Triple {
  std::int32_t x = 0, y = 0, z = 0;

  constexpr Triple() = default;
  constexpr Triple(std::int32_t all) : x(all), y(all), z(all) {}  // NOLINT: implicit on purpose
  constexpr Triple(std::int32_t x_, std::int32_t y_, std::int32_t z_) : x(x_), y(y_), z(z_) {}

  [[nodiscard]] constexpr std::int32_t operator[](int axis) const {
    return axis == 0 ? x : axis == 1 ? y : z;
  }
  friend constexpr bool operator==(const Triple&, const Triple&) = default;
};

[[nodiscard]] std::string to_string(const Triple& triple);  // "(2,1,1)"

}  // namespace voxloom
