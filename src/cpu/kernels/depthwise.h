// One channel per group: nothing is reused but the weights, so these run at the speed of loads. A
// strip of a few vectors of channels at a time: its weights, or its sums, stay in registers.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// kEntries at a time, all loads before the first store: their rows of c differ, which the processor
// cannot know.
template <int kEntries, int kVecs, typename T>
[[gnu::always_inline]] inline void multiply_entries(const DepthwiseArgs& d, std::int64_t e,
                                                    const Vec (&w)[kVecs], std::int64_t i) {
  float* c[kEntries];
  Vec sum[kEntries][kVecs];
  VOXLOOM_UNROLL
  for (int n = 0; n < kEntries; ++n) {
    const T* x = static_cast<const T*>(d.x) + d.x_row[e + n] * d.x_stride + i;
    c[n] = d.c + d.c_row[e + n] * d.c_stride + i;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      sum[n][v] = fma(load(x + v * kLanes), w[v], load(c[n] + v * kLanes));
    }
  }
  VOXLOOM_UNROLL
  for (int n = 0; n < kEntries; ++n) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) store(c[n] + v * kLanes, sum[n][v]);
  }
}

// By value: see rows.h.
template <int kVecs, typename T>
inline void multiply_strip(const DepthwiseArgs d, std::int64_t i) {
  constexpr int kEntries = 4;
  Vec w[kVecs];
  VOXLOOM_UNROLL
  for (int v = 0; v < kVecs; ++v) w[v] = load(d.w + i + v * kLanes);
  std::int64_t e = 0;
  for (; e + kEntries <= d.count; e += kEntries) multiply_entries<kEntries, kVecs, T>(d, e, w, i);
  for (; e < d.count; ++e) multiply_entries<1, kVecs, T>(d, e, w, i);
}

// The last n < kLanes channels.
template <typename T>
inline void multiply_vector(const DepthwiseArgs d, std::int64_t i, std::int64_t n) {
  const Vec w = load_some(d.w + i, n);
  for (std::int64_t e = 0; e < d.count; ++e) {
    const T* x = static_cast<const T*>(d.x) + d.x_row[e] * d.x_stride + i;
    float* c = d.c + d.c_row[e] * d.c_stride + i;
    store_some(c, fma(load_some(x, n), w, load_some(c, n)), n);
  }
}

template <typename T, int, int kWidth>
inline void run(const DepthwiseArgs& d) {
  static_assert(kWidth == kLanes);
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= d.channels; i += 2 * kLanes) multiply_strip<2, T>(d, i);
  for (; i + kLanes <= d.channels; i += kLanes) multiply_strip<1, T>(d, i);
  if (i < d.channels) multiply_vector<T>(d, i, d.channels - i);
}

template <int kVecs, typename T>
inline void reduce_strip(const DepthwiseWgradArgs& d, std::int64_t i) {
  Vec sum[kVecs];
  VOXLOOM_UNROLL
  for (int v = 0; v < kVecs; ++v) sum[v] = load(d.dw + i + v * kLanes);
  for (std::int64_t e = 0; e < d.count; ++e) {
    const T* x = static_cast<const T*>(d.x) + d.x_row[e] * d.stride + i;
    const T* dy = static_cast<const T*>(d.dy) + d.dy_row[e] * d.stride + i;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v)
      sum[v] = fma(load(x + v * kLanes), load(dy + v * kLanes), sum[v]);
  }
  VOXLOOM_UNROLL
  for (int v = 0; v < kVecs; ++v) store(d.dw + i + v * kLanes, sum[v]);
}

template <typename T>
inline void reduce_vector(const DepthwiseWgradArgs& d, std::int64_t i, std::int64_t n) {
  Vec sum = load_some(d.dw + i, n);
  for (std::int64_t e = 0; e < d.count; ++e) {
    const T* x = static_cast<const T*>(d.x) + d.x_row[e] * d.stride + i;
    const T* dy = static_cast<const T*>(d.dy) + d.dy_row[e] * d.stride + i;
    sum = fma(load_some(x, n), load_some(dy, n), sum);
  }
  store_some(d.dw + i, sum, n);
}

template <typename T, int, int kWidth>
inline void run(const DepthwiseWgradArgs& d) {
  static_assert(kWidth == kLanes);
  std::int64_t i = 0;
  for (; i + 4 * kLanes <= d.channels; i += 4 * kLanes) reduce_strip<4, T>(d, i);
  for (; i + 2 * kLanes <= d.channels; i += 2 * kLanes) reduce_strip<2, T>(d, i);
  for (; i < d.channels; i += kLanes) reduce_vector<T>(d, i, d.channels - i);
}

}  // namespace
}  // namespace voxloom::cpu::kernels
