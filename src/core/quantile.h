// The value that a share of others does not exceed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace voxloom {

// Of values that are not empty and finite, which it reorders; a share from 0, the least, to 1, the greatest.
template <typename T>
[[nodiscard]] T quantile(std::vector<T>& values, double share) {
  const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}

}  // namespace voxloom
