// Means and variances of columns from one sweep over their rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace voxloom::cpu {

// Adds x - s and its square per column to `sums`, of 2 * width numbers, where s is one of the rows: it lies within a few
// deviations of the mean, so that nothing cancels.
inline void add_moments(std::int64_t width, const float* v, const float* shift,
                        float* __restrict sums) {
  float* __restrict squares = sums + width;
  for (std::int64_t c = 0; c < width; ++c) {
    const float away = v[c] - shift[c];
    sums[c] += away;
    squares[c] += away * away;
  }
}

struct ColumnMoments {
  double away = 0;  // of the mean from s
  double variance = 0;
};
// Of what add_moments() added up over `rows` rows, at least one.
inline ColumnMoments moments_of(const std::vector<double>& sums, std::int64_t width,
                                std::int64_t column, double rows) {
  const double away = sums[static_cast<std::size_t>(column)] / rows;
  const double square = sums[static_cast<std::size_t>(width + column)] / rows;
  return {away, std::max(0.0, square - away * away)};
}

}  // namespace voxloom::cpu
