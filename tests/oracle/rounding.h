// Rounding of binary64 values to the storage types, to nearest, ties to even, written from the
// definition of each format instead of by conversion instructions.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace voxloom_oracle {

// Ties to even without relying on the floating-point environment's rounding mode.
inline double round_half_even(double x) {
  if (!std::isfinite(x)) return x;
  const double below = std::floor(x);
  const double rest = x - below;
  if (rest < 0.5) return below;
  if (rest > 0.5) return below + 1.0;
  return std::fmod(below, 2.0) == 0.0 ? below : below + 1.0;
}

// `precision` significand bits (the implicit one included), smallest normal exponent `min_exp`
// (value 2^min_exp), largest finite value `largest`.
inline double round_to_format(double x, int precision, int min_exp, double largest) {
  if (!std::isfinite(x) || x == 0.0) return x;
  const int exponent = std::max(std::ilogb(x), min_exp);
  const double unit = std::ldexp(1.0, exponent - precision + 1);
  const double rounded = round_half_even(x / unit) * unit;
  if (std::fabs(rounded) > largest) {
    return std::copysign(std::numeric_limits<double>::infinity(), x);
  }
  return rounded;
}

inline double round_to_f16(double x) { return round_to_format(x, 11, -14, 65504.0); }
inline double round_to_bf16(double x) {
  return round_to_format(x, 8, -126, std::ldexp(255.0, 120));
}
inline double round_to_f32(double x) { return static_cast<double>(static_cast<float>(x)); }

inline std::vector<float> to_floats(const std::vector<double>& values) {
  std::vector<float> result;
  for (double x : values) result.push_back(static_cast<float>(x));
  return result;
}

}  // namespace voxloom_oracle
