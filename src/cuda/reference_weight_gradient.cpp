// The plain weight gradient: each chunk of output rows has its own float32 sums, which are then added in
// chunk order. How many chunks there are depends on the problem alone.

#include "cuda/convolution.h"
#include "cuda/dispatch.h"
#include "cuda/number.h"
#include "cuda/weight_gradient_chunks.h"

namespace voxloom::cuda {
namespace {

// One thread per chunk and weight.
template <typename T>
struct SumChunk {
  static constexpr int kThreads = 256;
  ConvWeightGradient p;
  std::int64_t chunks, chunk_rows;
  float* sums;  // [chunk][k][g][i][o]

  VOXLOOM_DEVICE float sum_of(std::int64_t k, std::int64_t x_channel, std::int64_t dy_channel,
                              std::int64_t first) const {
    const auto* x = static_cast<const T*>(p.x);
    const auto* dy = static_cast<const T*>(p.dy);
    const std::int64_t end =
        first + chunk_rows < p.map.out_rows ? first + chunk_rows : p.map.out_rows;
    float sum = 0.0F;
    for (std::int64_t rank = first; rank < end; ++rank) {
      const std::int64_t in_row = p.map.partner(rank, k);
      if (in_row < 0) continue;
      sum = fused(value_of(x[in_row * p.groups * p.in + x_channel]),
                  value_of(dy[p.map.out_row(rank) * p.groups * p.out + dy_channel]), sum);
    }
    return sum;
  }

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    const std::int64_t weights = p.map.volume * p.groups * p.in * p.out;
    const std::int64_t count = chunks * weights;
    for (std::int64_t at = thread.global(); at < count; at += thread.all()) {
      const std::int64_t chunk = at / weights;
      std::int64_t rest = at % weights;
      const std::int64_t o = rest % p.out;
      rest /= p.out;
      const std::int64_t i = rest % p.in;
      rest /= p.in;
      const std::int64_t g = rest % p.groups;
      sums[at] = sum_of(rest / p.groups, g * p.in + i, g * p.out + o, chunk * chunk_rows);
    }
  }
};

}  // namespace

void reference_weight_gradient(const ConvWeightGradient& problem, Stream stream) {
  const std::int64_t weights = problem.map.volume * problem.groups * problem.in * problem.out;
  const std::int64_t chunks = weight_chunks(problem.map.out_rows, weights);
  Array<float> sums(chunks * weights, stream);
  visit_dtype(problem.dtype, [&]<typename T>(Type<T>) {
    launch_items(stream, chunks * weights,
                 SumChunk<T>{problem, chunks, weight_chunk_rows(problem.map.out_rows, weights),
                             sums.data()});
  });
  add_weight_chunks(sums.data(), chunks, weights, problem.dw, stream);
}

}  // namespace voxloom::cuda
