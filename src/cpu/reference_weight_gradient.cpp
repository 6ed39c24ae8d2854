// The plain weight gradient: for each offset, entries in map order, summed in float32 within a block
// of output rows and in binary64 across blocks.

#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/convolution.h"

namespace voxloom::cpu {
namespace {

template <typename T>
void run_offset(const ConvWeightGradient& problem, std::int64_t k) {
  const std::int64_t in_channels = problem.x->dim(1);
  const std::int64_t out_channels = problem.dy->dim(1);
  const std::int64_t in = in_channels / problem.groups;
  const std::int64_t out = out_channels / problem.groups;
  const std::int64_t count = problem.groups * in * out;
  std::vector<double> total(static_cast<std::size_t>(count), 0.0);
  std::vector<float> part(static_cast<std::size_t>(count));
  for (std::int64_t block = 0; block < problem.map.block_count(); ++block) {
    const BlockSlice slice = problem.map.slice(block, k);
    if (slice.count == 0) continue;
    part.assign(part.size(), 0.0F);
    for (std::int64_t e = 0; e < slice.count; ++e) {
      const T* x = problem.x->data<T>() + slice.in_row[e] * in_channels;
      const T* dy =
          problem.dy->data<T>() + problem.map.out_row(block, slice.out_local[e]) * out_channels;
      float* sum = part.data();
      for (std::int64_t g = 0; g < problem.groups; ++g) {
        for (std::int64_t i = 0; i < in; ++i) {
          const auto value = static_cast<float>(x[g * in + i]);
          for (std::int64_t o = 0; o < out; ++o) {
            *sum++ += value * static_cast<float>(dy[g * out + o]);
          }
        }
      }
    }
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += static_cast<double>(part[i]);
  }
  float* dw = problem.dw->mutable_data<float>() + k * count;
  for (std::size_t i = 0; i < total.size(); ++i) dw[i] = static_cast<float>(total[i]);
}

}  // namespace

void reference_weight_gradient(const ConvWeightGradient& problem) {
  visit_feature_dtype("convolution", problem.x->dtype(), [&]<typename T>() {
    parallel_for(problem.map.volume, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) run_offset<T>(problem, k);
    });
  });
}

}  // namespace voxloom::cpu
