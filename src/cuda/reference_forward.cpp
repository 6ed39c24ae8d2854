// The plain forward product: right for every type, group count and channel count. Faster kernels are
// measured against it.

#include "cuda/convolution.h"
#include "cuda/dispatch.h"
#include "cuda/number.h"

namespace voxloom::cuda {
namespace {

// One thread per output row and channel.
template <typename T, typename W, typename Y>
struct ForwardRows {
  static constexpr int kThreads = 256;
  ConvForward p;

  VOXLOOM_DEVICE float sum_of(std::int64_t rank, std::int64_t g, std::int64_t o) const {
    const WeightView& w = p.weight;
    const auto* weights = static_cast<const W*>(w.data);
    float sum = 0.0F;
    for (std::int64_t k = 0; k < w.volume; ++k) {
      const std::int64_t in_row = p.map.partner(rank, k);
      if (in_row < 0) continue;
      const T* x = static_cast<const T*>(p.x) + (in_row * w.groups + g) * w.in;
      const W* column = weights + w.at(k, g, 0, o);
      for (std::int64_t i = 0; i < w.in; ++i) {
        sum = fused(value_of(x[i]), value_of(column[i * w.stride_i]), sum);
      }
    }
    return sum;
  }

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    const std::int64_t channels = p.weight.groups * p.weight.out;
    const std::int64_t count = p.map.out_rows * channels;
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      const std::int64_t rank = i / channels, channel = i % channels;
      float sum = sum_of(rank, channel / p.weight.out, channel % p.weight.out);
      const std::int64_t at = p.map.out_row(rank) * channels + channel;
      if (p.bias != nullptr) sum += value_of(static_cast<const T*>(p.bias)[channel]);
      const void* residual = p.epilogue.residual;
      const float other =
          residual == nullptr ? 0.0F : value_of(static_cast<const Y*>(residual)[at]);
      static_cast<Y*>(p.y)[at] = rounded<Y>(p.epilogue(sum, channel, other));
    }
  }
};

}  // namespace

void reference_forward(const ConvForward& problem, Stream stream) {
  const std::int64_t count = problem.map.out_rows * problem.weight.groups * problem.weight.out;
  visit_dtype(problem.x_dtype, [&]<typename T>(Type<T>) {
    visit_or_float<T>(problem.weight.dtype, [&]<typename W>(Type<W>) {
      visit_or_float<T>(problem.y_dtype, [&]<typename Y>(Type<Y>) {
        launch_items(stream, count, ForwardRows<T, W, Y>{problem});
      });
    });
  });
}

}  // namespace voxloom::cuda
