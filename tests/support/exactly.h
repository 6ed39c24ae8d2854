// Comparing values that must not differ at all, NaN and infinities included.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "support/oracle_bridge.h"

namespace voxloom::test {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();

inline void expect_exactly(const Tensor& actual, const std::vector<double>& expected,
                           const std::string& what) {
  ASSERT_EQ(static_cast<std::size_t>(actual.size()), expected.size()) << what;
  const auto violation = oracle::find_violation(to_doubles(actual), expected, 0.0);
  EXPECT_FALSE(violation) << what << ": " << (violation ? violation->text() : "");
}

}  // namespace voxloom::test
