// Error bounds of a float32 result against the oracle, and the comparison that applies them.
// Checks are on every element: the maximum error counts, not a mean.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "oracle/types.h"

namespace voxloom_oracle {

// n products and, in magnitude, sum|x||w| + |bias|: holds for any data and any summation order.
inline double always_bound(int64_t n, double magnitude) {
  return static_cast<double>(n + 2) * std::ldexp(1.0, -24) * magnitude + 1e-30;
}

// Holds in addition on zero-mean random data, where rounding errors cancel.
inline double zero_mean_bound(double magnitude) { return 4e-6 * magnitude + 1e-7; }

// Normalized convolutions: relative to the value before the bias is added.
inline double normalized_bound(double value_before_bias) {
  return 1e-5 * std::fabs(value_before_bias) + 1e-6;
}

enum class Storage { kF32, kF16, kBF16 };

// What one rounding at the store may add to an error `bound` on a result near `value`. The last
// term is half the spacing of the format's subnormals.
inline double with_store(double bound, double value, Storage storage) {
  const double size = std::fabs(value) + bound;
  if (storage == Storage::kF16) return bound + std::ldexp(size, -11) + std::ldexp(1.0, -25);
  if (storage == Storage::kBF16) return bound + std::ldexp(size, -8) + std::ldexp(1.0, -134);
  return bound;
}

struct Violation {
  size_t position = 0;
  double actual = 0;
  double expected = 0;
  double bound = 0;

  std::string text() const {
    return "element " + std::to_string(position) + ": got " + std::to_string(actual) +
           ", expected " + std::to_string(expected) + ", error " +
           std::to_string(std::fabs(actual - expected) / bound) + " times the bound";
  }
};

// NaN matches NaN and an infinity matches itself; anything else must be within the bound.
inline bool within(double actual, double expected, double bound) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected)) return actual == expected;
  return std::fabs(actual - expected) <= bound;  // false when actual is NaN
}

// The worst element outside its bound; nullopt when all are inside. Sizes must agree.
template <typename Actual>
std::optional<Violation> find_violation(const std::vector<Actual>& actual,
                                        const std::vector<double>& expected,
                                        const std::vector<double>& bound) {
  if (actual.size() != expected.size() || bound.size() != expected.size()) {
    throw std::invalid_argument("oracle: compared sizes differ: got " +
                                std::to_string(actual.size()) + ", expected " +
                                std::to_string(expected.size()) + " elements and " +
                                std::to_string(bound.size()) + " bounds");
  }
  std::optional<Violation> worst;
  double worst_ratio = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto value = static_cast<double>(actual[i]);
    if (within(value, expected[i], bound[i])) continue;
    const double ratio = std::fabs(value - expected[i]) / bound[i];
    // A NaN ratio (something not finite on one side only) outranks every number.
    if (worst && !(std::isnan(ratio) || ratio > worst_ratio)) continue;
    worst = Violation{i, value, expected[i], bound[i]};
    worst_ratio = ratio;
  }
  return worst;
}

// The same bound for every element, for ops without a sum.
template <typename Actual>
std::optional<Violation> find_violation(const std::vector<Actual>& actual,
                                        const std::vector<double>& expected, double bound) {
  return find_violation(actual, expected, std::vector<double>(expected.size(), bound));
}

}  // namespace voxloom_oracle
