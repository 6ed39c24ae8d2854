#include <cmath>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/pools.h"

namespace voxloom::cpu {
namespace {

using engine::NormalizeByWeights;

// (K, C_out): the sum of squares over the input channels that an output channel sees.
std::vector<double> squared_sums(const WeightView& w) {
  std::vector<double> sums(static_cast<std::size_t>(w.volume * w.groups * w.out));
  double* to = sums.data();
  visit_feature_dtype("normalized convolution", w.dtype, [&]<typename T>() {
    const T* from = reinterpret_cast<const T*>(w.data);
    for (std::int64_t k = 0; k < w.volume; ++k) {
      for (std::int64_t g = 0; g < w.groups; ++g) {
        for (std::int64_t o = 0; o < w.out; ++o) {
          double sum = 0;
          for (std::int64_t i = 0; i < w.in; ++i) {
            const float element =
                w.packed ? w.packed->value(k, i, o) : static_cast<float>(from[w.at(k, g, i, o)]);
            const auto value = static_cast<double>(element);
            sum += value * value;
          }
          *to++ = sum;
        }
      }
    }
  });
  return sums;
}

struct Denominators {
  MapBlocks map;
  std::vector<double> squares;  // (K, C_out)
};

// (rows, C_out), kept by each chunk for its blocks.
void sum_block(const Denominators& below, std::int64_t block, std::int64_t channels,
               std::vector<double>& sums) {
  const MapBlocks& map = below.map;
  sums.assign(static_cast<std::size_t>(map.rows_in(block) * channels), 0.0);
  for (std::int64_t k = 0; k < map.volume; ++k) {
    const BlockSlice slice = map.slice(block, k);
    const double* squares = below.squares.data() + k * channels;
    for (std::int64_t e = 0; e < slice.count; ++e) {
      double* sum = sums.data() + slice.out_local[e] * channels;
      for (std::int64_t c = 0; c < channels; ++c) sum[c] += squares[c];
    }
  }
}

template <typename T>
void store_block(const NormalizeByWeights& problem, const MapBlocks& map, std::int64_t block,
                 const std::vector<double>& sums) {
  const std::int64_t channels = problem.y->dim(1);
  const T* bias = problem.bias == nullptr ? nullptr : problem.bias->data<T>();
  for (std::int64_t local = 0; local < map.rows_in(block); ++local) {
    const std::int64_t row = map.out_row(block, local) * channels;
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

void normalize_by_weights(const NormalizeByWeights& problem) {
  const Denominators below{blocks_of(problem.map), squared_sums(problem.weight)};
  const std::int64_t channels = problem.y->dim(1);
  visit_feature_dtype("normalized convolution", problem.y->dtype(), [&]<typename T>() {
    parallel_for(below.map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<double> sums;
      for (std::int64_t block = begin; block < end; ++block) {
        sum_block(below, block, channels, sums);
        store_block<T>(problem, below.map, block, sums);
      }
    });
  });
}

}  // namespace voxloom::cpu
