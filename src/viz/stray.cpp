#include "viz/stray.h"

#include <algorithm>

#include "core/quantile.h"

namespace voxloom::viz {

Scale scale_of(std::vector<double> values, double reach) {
  constexpr double kInner = 0.99;
  constexpr std::size_t kFewest = 50;
  if (values.empty()) return {};
  const auto [low, high] = std::ranges::minmax_element(values);
  Scale scale{.low = *low, .high = *high};
  if (values.size() < kFewest) return scale;
  const double first = quantile(values, 1 - kInner), last = quantile(values, kInner);
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
