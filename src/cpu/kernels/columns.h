// Sums over rows, one for each channel: vectors run over channels, four of them hide the additions'
// latency.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// Lanes beyond n are 0; n may be anything.
template <typename T>
[[gnu::always_inline]] inline Vec load_columns(const T* p, std::int64_t n) {
  if (n >= kLanes) return load(p);
  return n > 0 ? load_part(p, n) : zero();
}

inline void store_columns(float* p, Vec v, std::int64_t n) {
  if (n == kLanes) return store(p, v);
  store_part(p, v, n);
}

template <typename T, int, int kWidth>
inline void run(const ColumnSumArgs& d) {
  static_assert(kWidth == kLanes);
  for (std::int64_t c = 0; c < d.channels; c += kLanes) {
    const std::int64_t n = d.channels - c < kLanes ? d.channels - c : kLanes;
    const T* x = static_cast<const T*>(d.x) + c;
    Vec sum[4] = {zero(), zero(), zero(), zero()};
    std::int64_t r = 0;
    for (; r + 4 <= d.rows; r += 4) {
      VOXLOOM_UNROLL
      for (int s = 0; s < 4; ++s) sum[s] = add(sum[s], load_columns(x + (r + s) * d.x_stride, n));
    }
    for (; r < d.rows; ++r) sum[0] = add(sum[0], load_columns(x + r * d.x_stride, n));
    const Vec total = add(add(sum[0], sum[1]), add(sum[2], sum[3]));
    store_columns(d.out + c, add(load_columns(d.out + c, n), total), n);
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
