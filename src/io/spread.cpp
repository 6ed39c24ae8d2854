#include "io/spread.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace voxloom::io {

Spread spread_of(std::span<const Column* const> columns) {
  constexpr std::int64_t kSamples = 1 << 16;
  constexpr double kShare = 0.99;
  std::vector<double> values;
  for (const Column* column : columns) {
    const std::int64_t step = std::max<std::int64_t>(1, column->points() / kSamples);
    for (std::int64_t i = 0; i < column->points(); i += step) {
      const double value = column->as_double(i * column->components);
      if (std::isfinite(value)) values.push_back(value);
    }
  }
  if (values.empty()) return {};
  const auto at = [&](double share) {
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + place, values.end());
    return values[static_cast<std::size_t>(place)];
  };
  const double least = std::ranges::min(values);
  const double low = at(1 - kShare);
  return {.least = least, .low = low, .high = at(kShare)};
}

double usual_unit(double high, std::span<const double> units) {
  const auto unit = std::ranges::find_if(units, [&](double u) { return high <= u; });
  return unit == units.end() ? high : *unit;
}

}  // namespace voxloom::io
