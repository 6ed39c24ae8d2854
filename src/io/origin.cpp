#include "io/origin.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace voxloom::io {
namespace {

constexpr std::int64_t kSamples = 4096;

// Of an even number of values the middle one that is nearer to 0.
double median_of(std::vector<double> values) {
  const auto upper = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, upper);
  if (values.size() % 2 == 1) return *upper;
  const double lower = *std::max_element(values.begin(), upper);
  return std::abs(lower) < std::abs(*upper) ? lower : *upper;
}

}  // namespace

double origin_near(double coordinate) {
  if (!std::isfinite(coordinate) || std::abs(coordinate) <= kNearby) return 0;
  return std::trunc(coordinate);
}

double rounding_of(double size) { return 4 * std::numeric_limits<double>::epsilon() * size; }

OriginSearch::OriginSearch(std::int64_t points)
    : stride_(std::max<std::int64_t>(1, (points + kSamples - 1) / kSamples)) {}

void OriginSearch::add(std::int64_t points,
                       const std::function<double(std::size_t, std::int64_t)>& coordinate) {
  const std::int64_t first = (seen_ + stride_ - 1) / stride_ * stride_ - seen_;
  for (std::int64_t i = first; i < points; i += stride_) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double value = coordinate(axis, i);
      if (std::isfinite(value)) samples_.at(axis).push_back(value);
    }
  }
  seen_ += points;
}

std::array<double, 3> OriginSearch::origin(const Quantization* lattice) const {
  std::array<double, 3> origin{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<double> values = samples_.at(axis);
    if (values.empty()) continue;
    const double middle = median_of(std::move(values));
    origin.at(axis) = origin_near(middle);
    const bool own = lattice != nullptr && origin.at(axis) != 0 &&
                     std::abs(lattice->offset.at(axis) - middle) <= kNearby;
    if (own) origin.at(axis) = lattice->offset.at(axis);
  }
  return origin;
}

std::optional<std::array<double, 3>> OriginSearch::middle(const std::array<double, 3>& by) const {
  std::array<double, 3> middle{};
  bool is_far = false;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (samples_.at(axis).empty()) continue;
    const double median = by.at(axis) + median_of(samples_.at(axis));
    is_far = is_far || origin_near(median) != 0;
    middle.at(axis) = std::trunc(median) + 0.0;  // no -0
  }
  return is_far ? std::optional(middle) : std::nullopt;
}

}  // namespace voxloom::io
