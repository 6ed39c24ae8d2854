// Values at the ends of what coordinates and features can be.
#pragma once

#include <cstdint>
#include <limits>

namespace voxloom_oracle {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr std::int64_t kMin = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();

}  // namespace voxloom_oracle
