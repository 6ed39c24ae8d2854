// As many multiply-adds as the processor can do: independent chains, enough to hide the latency
// (4 cycles, 2 units: 8 chains; 12 leave room for one slow cycle), nothing from memory.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

template <typename, int kRows, int kWidth>
inline void run(const PeakArgs& p) {
  static_assert(kWidth == kLanes);
  Vec acc[kRows];
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) acc[r] = broadcast(static_cast<float>(r));
  const Vec x = broadcast(0.5F);
  const Vec y = broadcast(1.0F);
  for (std::int64_t s = 0; s < p.steps; ++s) {
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) acc[r] = fma(acc[r], x, y);
  }
  float lanes[kLanes];
  float sum = 0.0F;
  for (int r = 0; r < kRows; ++r) {
    store(lanes, acc[r]);
    for (int i = 0; i < kLanes; ++i) sum += lanes[i];
  }
  *p.out = sum;
}

}  // namespace
}  // namespace voxloom::cpu::kernels
