// Random points, and the oracle's view of what the library is given.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "oracle/points.h"
#include "oracle/random.h"
#include "support/exactly.h"
#include "voxloom/points.h"

namespace voxloom::test {

inline Tensor xyz_of(const oracle::Points& points) {
  std::vector<float> values;
  for (const auto& p : points.xyz) values.insert(values.end(), p.begin(), p.end());
  return Tensor::from(values, {points.size(), 3});
}

inline Tensor batch_of(const oracle::Points& points) {
  std::vector<std::int32_t> values;
  for (const std::int64_t b : points.batch) values.push_back(static_cast<std::int32_t>(b));
  return Tensor::from(values, {points.size()});
}

inline oracle::VoxelGrid to_oracle(const Grid& grid) { return {grid.voxel_size, grid.origin}; }

struct Scatter {
  std::int64_t count = 200;
  double reach = 4;                      // coordinates in (-reach, reach)
  std::vector<std::int64_t> batches{0};  // drawn from
  double lattice_share = 0;              // points rounded to whole numbers on a random axis
  double bad_share = 0;                  // points that are not finite
};

inline oracle::Points random_points(oracle::Random& random, const Scatter& scatter) {
  oracle::Points points;
  const auto last = static_cast<std::int64_t>(scatter.batches.size()) - 1;
  for (std::int64_t i = 0; i < scatter.count; ++i) {
    std::array<float, 3> p{};
    for (float& v : p) v = static_cast<float>((2 * random.unit() - 1) * scatter.reach);
    float& any = p[static_cast<std::size_t>(random.integer(0, 2))];
    if (random.chance(scatter.lattice_share)) any = std::nearbyint(any);
    if (random.chance(scatter.bad_share))
      any = static_cast<float>(random.chance(0.5) ? kNan : -kInf);
    points.xyz.push_back(p);
    points.batch.push_back(scatter.batches[static_cast<std::size_t>(random.integer(0, last))]);
  }
  return points;
}

inline oracle::Features absolute(oracle::Features f) {
  for (double& value : f.v) value = std::fabs(value);
  return f;
}

}  // namespace voxloom::test
