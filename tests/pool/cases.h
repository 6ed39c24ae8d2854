// Inputs and bounds shared by the pooling tests.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "oracle/line.h"
#include "oracle/pool.h"
#include "oracle/random.h"
#include "support/exactly.h"
#include "voxloom/pool.h"

namespace voxloom::test {

struct PoolInput {
  std::string name;
  SparseTensor x;
  std::vector<oracle::Coord> coords;
  oracle::Features features;
};

inline PoolInput make_input(const oracle::NamedCoords& where, oracle::Features features,
                            DType dtype = DType::f32, Triple stride = 1) {
  const CoordinateSet set = CoordinateSet::from_rows(
      to_rows(where.coords), {.stride = stride, .batch_size = where.batch_size});
  return {where.name, SparseTensor(set, to_tensor(features, dtype)), where.coords,
          std::move(features)};
}

inline PoolInput random_input(oracle::Random& random, const oracle::NamedCoords& where,
                              std::int64_t channels, DType dtype = DType::f32, Triple stride = 1) {
  auto features = oracle::random_features(random, oracle::row_count(where.coords), channels,
                                          rounding_of(dtype));
  return make_input(where, std::move(features), dtype, stride);
}

// Few distinct values, so that ties are everywhere, and some NaN and infinities.
inline oracle::Features tied_features(oracle::Random& random, std::int64_t rows,
                                      std::int64_t channels) {
  oracle::Features f = oracle::Features::zeros(rows, channels);
  for (double& value : f.v) {
    const std::int64_t draw = random.integer(0, 39);
    value = draw == 0 ? kNan : draw == 1 ? kInf : draw == 2 ? -kInf : double(draw % 3) - 1.0;
  }
  return f;
}

// One batch on the x axis, one channel.
inline SparseTensor line_tensor(const std::vector<std::int64_t>& xs,
                                const std::vector<double>& values, Triple stride = 1) {
  const oracle::NamedCoords where{"line", oracle::line(xs), xs.empty() ? 0 : 1};
  return make_input(where, oracle::column(values), DType::f32, stride).x;
}

inline std::vector<std::int64_t> xs_of(const CoordinateSet& set) {
  std::vector<std::int64_t> xs;
  for (const Coordinate& c : set.rows()) xs.push_back(c.x);
  return xs;
}

inline oracle::Features absolute(oracle::Features f) {
  for (double& value : f.v) value = std::fabs(value);
  return f;
}

// Bounds of a weighted sum or mean with `counts` contributors per row and the given magnitudes.
inline std::vector<double> sum_bounds(const oracle::Features& magnitude,
                                      const std::vector<std::int64_t>& counts) {
  std::vector<double> bounds;
  for (std::int64_t row = 0; row < magnitude.rows; ++row) {
    for (std::int64_t c = 0; c < magnitude.channels; ++c) {
      const double m = magnitude.at(row, c);
      bounds.push_back(std::fmin(oracle::always_bound(counts[static_cast<std::size_t>(row)], m),
                                 oracle::zero_mean_bound(m)));
    }
  }
  return bounds;
}

}  // namespace voxloom::test
