#include "io/spread.h"

#include <algorithm>
#include <cmath>

#include "core/quantile.h"

namespace voxloom::io {
namespace {

constexpr std::int64_t kSpreadSamples = 1 << 16;

}  // namespace

SpreadSearch::SpreadSearch(std::int64_t points)
    : step_(std::max<std::int64_t>(1, points / kSpreadSamples)) {}

void SpreadSearch::look(const Column& column, std::int64_t first) {
  const std::int64_t begin = (first + step_ - 1) / step_ * step_ - first;
  for (std::int64_t i = begin; i < column.points(); i += step_) {
    const double value = column.as_double(i * column.components);
    if (std::isfinite(value)) values_.push_back(value);
  }
}

void SpreadSearch::add(std::span<const double> values) {
  values_.insert(values_.end(), values.begin(), values.end());
}

Spread SpreadSearch::spread() const {
  constexpr double kShare = 0.99;
  std::vector<double> values = values_;
  if (values.empty()) return {};
  const double least = std::ranges::min(values);
  const double low = quantile(values, 1 - kShare);
  return {.least = least, .low = low, .high = quantile(values, kShare)};
}

double usual_unit(double high, std::span<const double> units) {
  const auto unit = std::ranges::find_if(units, [&](double u) { return high <= u; });
  return unit == units.end() ? high : *unit;
}

}  // namespace voxloom::io
