// Positions that are numbers.
#pragma once

#include <array>
#include <cmath>

namespace voxloom {

template <typename T>
[[nodiscard]] bool is_finite(const std::array<T, 3>& p) {
  return std::isfinite(p[0]) && std::isfinite(p[1]) && std::isfinite(p[2]);
}

}  // namespace voxloom
