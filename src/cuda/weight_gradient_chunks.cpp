#include "cuda/weight_gradient_chunks.h"

namespace voxloom::cuda {
namespace {

struct AddChunks {
  static constexpr int kThreads = 256;
  const float* sums;
  std::int64_t chunks, weights;
  float* dw;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < weights; i += thread.all()) {
      float sum = 0.0F;
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) sum += sums[chunk * weights + i];
      dw[i] = sum;
    }
  }
};

}  // namespace

void add_weight_chunks(const float* sums, std::int64_t chunks, std::int64_t weights, float* dw,
                       Stream stream) {
  launch_items(stream, weights, AddChunks{sums, chunks, weights, dw});
}

}  // namespace voxloom::cuda
