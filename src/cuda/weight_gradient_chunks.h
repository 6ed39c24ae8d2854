// How a weight gradient is cut, for every algorithm: chunks of output rows in canonical order, at most
// 64, whose sums are added in order.
#pragma once

#include <cstdint>

#include "cuda/device.h"

namespace voxloom::cuda {

// `weights` is the number of weights; many of them in many chunks would be gigabytes.
VOXLOOM_ON_BOTH std::int64_t weight_chunk_rows(std::int64_t rows, std::int64_t weights) {
  constexpr std::int64_t kLeast = 1024, kMostChunks = 64, kMostSums = std::int64_t{1} << 25;
  constexpr std::int64_t kStep = 256;
  std::int64_t chunks = weights == 0 ? kMostChunks : kMostSums / weights;
  chunks = chunks < 4 ? 4 : chunks > kMostChunks ? kMostChunks : chunks;
  const std::int64_t even = ((rows + chunks - 1) / chunks + kStep - 1) / kStep * kStep;
  return even < kLeast ? kLeast : even;
}
VOXLOOM_ON_BOTH std::int64_t weight_chunks(std::int64_t rows, std::int64_t weights) {
  const std::int64_t chunk = weight_chunk_rows(rows, weights);
  return (rows + chunk - 1) / chunk;
}

// dw[i] = sums[0][i] + sums[1][i] + ...; 0 without chunks.
void add_weight_chunks(const float* sums, std::int64_t chunks, std::int64_t weights, float* dw,
                       Stream stream);

}  // namespace voxloom::cuda
