// Random convolution problems and their oracle, shared by the tests of this folder.
#pragma once

#include <fmt/core.h>

#include <string>
#include <vector>

#include "oracle/conv.h"
#include "oracle/random.h"
#include "oracle/support.h"
#include "support/oracle_bridge.h"
#include "voxloom/conv.h"

namespace voxloom::test {

struct Input {
  SparseTensor x;
  oracle::Features features;
};

inline Input random_input(oracle::Random& random, const oracle::CoordOptions& where,
                          std::int64_t channels, DType dtype = DType::f32, Triple stride = 1) {
  const auto coords = oracle::random_coords(random, where);
  auto features =
      oracle::random_features(random, oracle::row_count(coords), channels, rounding_of(dtype));
  const CoordinateSet set = CoordinateSet::from_rows(to_rows(coords), {.stride = stride});
  return {SparseTensor(set, to_tensor(features, dtype)), features};
}

struct Parameters {
  oracle::Weight weight;
  std::vector<double> bias;
  Tensor weight_tensor;  // grouped kernel-major
  Tensor bias_tensor;
};

inline Parameters random_parameters(oracle::Random& random, const oracle::WeightShape& shape,
                                    DType dtype = DType::f32) {
  Parameters p{oracle::Weight::zeros(shape), {}, {}, {}};
  p.weight.v = oracle::random_values(random, shape.size(), 1.0, rounding_of(dtype));
  p.bias = oracle::random_values(random, shape.c_out, 1.0, rounding_of(dtype));
  p.weight_tensor = to_tensor(
      p.weight.v, {shape.volume, shape.groups, shape.group_in(), shape.group_out()}, dtype);
  p.bias_tensor = to_tensor(p.bias, {shape.c_out}, dtype);
  return p;
}

// The result lies on `rows` in that order, and each element is within its bound.
inline void expect_conv(const SparseTensor& y, const std::vector<oracle::Coord>& rows,
                        const oracle::KernelMap& map, const oracle::Features& x,
                        const Parameters& p, const std::string& what) {
  ASSERT_EQ(to_coords(y.coords()), rows) << what;
  const oracle::FeatureSums expected = oracle::conv(map, x, p.weight, p.bias);
  expect_within(y.features(), expected.sums.value, expected.sums.zero_mean_bounds(), what);
}

inline std::string describe(const KernelSpec& k) {
  return fmt::format("kernel {} stride {} padding {} dilation {} {}", to_string(k.kernel_size),
                     to_string(k.stride), to_string(k.padding), to_string(k.dilation),
                     k.origin == Origin::centered ? "centered" : "corner");
}

}  // namespace voxloom::test
