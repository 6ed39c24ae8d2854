// The one rule for maxima: a NaN beats every number; among equals, two NaNs included, the lower row
// stays.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace voxloom::cpu {

// Before the first challenge: loses to everything, -infinity included, because its row is higher
// than any.
struct Nobody {
  static constexpr float kValue = -std::numeric_limits<float>::infinity();
  static constexpr std::int32_t kRow = std::numeric_limits<std::int32_t>::max();
};

// Rows in any order. Without branches, so that compilers make vector code of a loop over channels.
[[nodiscard]] inline bool stays(float held, std::int32_t held_row, float value, std::int32_t row) {
  const bool lower = held_row < row;
  const bool held_nan = held != held;
  const bool value_nan = value != value;
  return (held > value) | ((held == value) & lower) | (held_nan & (!value_nan | lower));
}

// Rows in ascending order: among equals the one that came first stays.
[[nodiscard]] inline bool beats(float challenger, float holder) {
  return challenger > holder || (std::isnan(challenger) && !std::isnan(holder));
}

}  // namespace voxloom::cpu
