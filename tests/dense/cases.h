// Small helpers shared by the tests of the dense ops.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "oracle/dense.h"
#include "oracle/random.h"
#include "support/exactly.h"
#include "support/same_bits.h"
#include "voxloom/dense.h"

namespace voxloom::test {

inline constexpr double kUlp = 0x1p-24;

inline const std::vector<DType> kFeatureTypes = {DType::f32, DType::f16, DType::bf16};

inline std::vector<double> random_vector(oracle::Random& random, std::int64_t n, DType dtype) {
  return oracle::random_values(random, n, 1.0, rounding_of(dtype));
}

inline Tensor column_tensor(const std::vector<double>& values, DType dtype = DType::f32) {
  return to_tensor(values, {static_cast<std::int64_t>(values.size())}, dtype);
}

// The same values, kept as the storage type holds them.
inline std::vector<double> rounded(std::vector<double> values, DType dtype) {
  for (double& v : values) v = rounding_of(dtype)(v);
  return values;
}

}  // namespace voxloom::test
