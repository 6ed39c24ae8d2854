// The plain forward product: right for every type, group count and channel count. Other algorithms
// are measured against it.

#include <algorithm>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/convolution.h"

namespace voxloom::cpu {
namespace {

template <typename T, typename W>
void accumulate(const ConvForward& problem, std::int64_t k, const T* x, float* sums) {
  const WeightView& w = problem.weight;
  const W* weights = reinterpret_cast<const W*>(w.data);
  for (std::int64_t g = 0; g < w.groups; ++g) {
    for (std::int64_t i = 0; i < w.in; ++i) {
      const auto value = static_cast<float>(x[g * w.in + i]);
      for (std::int64_t o = 0; o < w.out; ++o) {
        sums[g * w.out + o] += value * static_cast<float>(weights[w.at(k, g, i, o)]);
      }
    }
  }
}

template <typename T>
void accumulate_packed(const ConvForward& problem, std::int64_t k, const T* x, float* sums) {
  const WeightView& w = problem.weight;
  for (std::int64_t i = 0; i < w.in; ++i) {
    const auto value = static_cast<float>(x[i]);
    for (std::int64_t o = 0; o < w.out; ++o) sums[o] += value * w.packed->value(k, i, o);
  }
}

template <typename T, typename W, typename Y>
void run_block(const ConvForward& problem, std::int64_t block) {
  const MapBlocks& map = problem.map;
  const std::int64_t in_channels = problem.x->dim(1);
  const std::int64_t out_channels = problem.y->dim(1);
  const std::int64_t rows = map.rows_in(block);
  std::vector<float> sums(static_cast<std::size_t>(rows * out_channels), 0.0F);
  for (std::int64_t k = 0; k < map.volume; ++k) {
    const BlockSlice slice = map.slice(block, k);
    for (std::int64_t e = 0; e < slice.count; ++e) {
      const T* x = problem.x->data<T>() + slice.in_row[e] * in_channels;
      float* sum = sums.data() + slice.out_local[e] * out_channels;
      problem.weight.packed ? accumulate_packed(problem, k, x, sum)
                            : accumulate<T, W>(problem, k, x, sum);
    }
  }
  for (std::int64_t local = 0; local < rows; ++local) {
    const std::int64_t at = map.out_row(block, local) * out_channels;
    Y* y = problem.y->mutable_data<Y>() + at;
    const Tensor* residual = problem.epilogue.residual;
    const float* sum = sums.data() + local * out_channels;
    for (std::int64_t o = 0; o < out_channels; ++o) {
      const float bias =
          problem.bias == nullptr ? 0.0F : static_cast<float>(problem.bias->data<T>()[o]);
      const float other =
          residual == nullptr ? 0.0F : static_cast<float>(residual->data<Y>()[at + o]);
      y[o] = Y(problem.epilogue(sum[o] + bias, o, other));
    }
  }
}

}  // namespace

void reference_forward(const ConvForward& problem) {
  visit_feature_dtype("convolution", problem.x->dtype(), [&]<typename T>() {
    visit_feature_dtype("convolution", problem.weight.dtype, [&]<typename W>() {
      visit_feature_dtype("convolution", problem.y->dtype(), [&]<typename Y>() {
        parallel_for(problem.map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t block = begin; block < end; ++block) {
            run_block<T, W, Y>(problem, block);
          }
        });
      });
    });
  });
}

}  // namespace voxloom::cpu
