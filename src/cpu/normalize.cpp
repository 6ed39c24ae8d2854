// One block of output rows at a time. The sum under the root is binary64: squares of float32 weights
// from 1e-38 to 1e38 neither overflow nor vanish in it, whatever their mixture.

#include "cpu/normalize.h"

#include <cmath>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"

namespace voxloom::cpu {
namespace {

// (rows, C), kept by each chunk for its blocks.
void sum_block(const Normalize& problem, std::int64_t block, std::vector<double>& sums) {
  const std::int64_t channels = problem.y->dim(1);
  sums.assign(static_cast<std::size_t>(problem.map.rows_in(block) * channels), 0.0);
  for (std::int64_t k = 0; k < problem.map.volume; ++k) {
    const BlockSlice slice = problem.map.slice(block, k);
    const double* squares = problem.squared_weight_sums.data() + k * channels;
    for (std::int64_t e = 0; e < slice.count; ++e) {
      double* sum = sums.data() + slice.out_local[e] * channels;
      for (std::int64_t c = 0; c < channels; ++c) sum[c] += squares[c];
    }
  }
}

template <typename T>
void store_block(const Normalize& problem, std::int64_t block, const std::vector<double>& sums) {
  const std::int64_t channels = problem.y->dim(1);
  const T* bias = problem.bias == nullptr ? nullptr : problem.bias->data<T>();
  for (std::int64_t local = 0; local < problem.map.rows_in(block); ++local) {
    const std::int64_t row = problem.map.out_row(block, local) * channels;
    const float* numerator = problem.numerator->data<float>() + row;
    const double* sum = sums.data() + local * channels;
    T* y = problem.y->mutable_data<T>() + row;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double value = numerator[c] / std::sqrt(sum[c] + double{problem.eps});
      const double offset =
          bias == nullptr ? 0.0 : static_cast<double>(static_cast<float>(bias[c]));
      y[c] = T(static_cast<float>(value + offset));
    }
  }
}

}  // namespace

void normalize(const Normalize& problem) {
  visit_feature_dtype("normalized convolution", problem.y->dtype(), [&]<typename T>() {
    parallel_for(problem.map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<double> sums;
      for (std::int64_t block = begin; block < end; ++block) {
        sum_block(problem, block, sums);
        store_block<T>(problem, block, sums);
      }
    });
  });
}

}  // namespace voxloom::cpu
