#include "viz/stray.h"

#include <algorithm>

namespace voxloom::viz {

Scale scale_of(std::vector<double> values, double reach) {
  constexpr double kInner = 0.99;
  constexpr std::size_t kFewest = 50;
  if (values.empty()) return {};
  const auto [low, high] = std::ranges::minmax_element(values);
  Scale scale{.low = *low, .high = *high};
  if (values.size() < kFewest) return scale;
  const auto at = [&](double share) {
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + place, values.end());
    return values[static_cast<std::size_t>(place)];
  };
  const double first = at(1 - kInner), last = at(kInner);
  const double margin = reach * (last - first);
  if (!(margin > 0) || (scale.low >= first - margin && scale.high <= last + margin)) return scale;
  scale = {.low = last, .high = first};
  for (const double value : values) {
    if (value < first - margin || value > last + margin) {
      ++scale.stray;
    } else {
      scale.low = std::min(scale.low, value);
      scale.high = std::max(scale.high, value);
    }
  }
  return scale;
}

}  // namespace voxloom::viz
