// Depthwise products, in which a channel meets its own weights only: vectors run over channels, 16-bit
// features are converted as they are loaded. All of these wait for memory, not for arithmetic.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// Lanes beyond n are 0; n may be anything.
template <typename T>
[[gnu::always_inline]] inline Vec load_first(const T* p, std::int64_t n) {
  if (n >= kLanes) return load(p);
  return n > 0 ? load_part(p, n) : zero();
}

inline void store_first(float* p, Vec v, std::int64_t n) {
  if (n == kLanes) return store(p, v);
  store_part(p, v, n);
}

template <typename T, int kVecs, bool kFull>
[[gnu::always_inline]] inline void load_row(const T* p, std::int64_t channels, Vec* row) {
  VOXLOOM_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    row[v] = kFull ? load(p + v * kLanes) : load_first(p + v * kLanes, channels - v * kLanes);
  }
}

// The arguments are copied first: a vector store may alias anything, and would have each of them
// loaded again for every entry.
template <typename T, int kVecs, bool kFull>
inline void depthwise_plane(const DepthwiseArgs& args, std::int64_t plane) {
  constexpr std::int64_t kWidth = kVecs * kLanes;
  constexpr std::int64_t kAhead = 64;
  const DepthwiseArgs d = args;
  const T* x = static_cast<const T*>(d.x);
  float* sums = d.c + plane * kWidth;
  const std::int64_t c_stride = d.planes * kWidth;
  Vec w[kVecs], row[kVecs];
  load_row<float, kVecs, true>(d.w + plane * kWidth, kWidth, w);
  for (std::int64_t e = 0; e < d.count; ++e) {
    const std::int64_t later = e + kAhead < d.readable ? e + kAhead : d.readable - 1;
    __builtin_prefetch(x + d.x_row[later] * d.x_stride);
    load_row<T, kVecs, kFull>(x + d.x_row[e] * d.x_stride, d.channels, row);
    float* c = sums + d.c_row[e] * c_stride;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      store(c + v * kLanes, fma(row[v], w[v], load(c + v * kLanes)));
    }
  }
}

template <typename T, int, int kWidth>
inline void run(const DepthwiseArgs& d) {
  constexpr int kVecs = kWidth / kLanes;
  static_assert(kVecs * kLanes == kWidth);
  for (std::int64_t plane = 0; plane < d.planes; ++plane) {
    if (d.channels == kWidth) {
      depthwise_plane<T, kVecs, true>(d, plane);
    } else {
      depthwise_plane<T, kVecs, false>(d, plane);
    }
  }
}

// One vector column of the weight gradient; four sums, dealt to in turn, hide the additions' latency.
template <typename T>
inline Vec column_dot(const ColumnDotArgs& d, std::int64_t channel) {
  const T* x = static_cast<const T*>(d.x) + channel;
  const T* dy = static_cast<const T*>(d.dy) + channel;
  const std::int64_t n = d.channels - channel;
  Vec sum[4] = {zero(), zero(), zero(), zero()};
  std::int64_t e = 0;
  for (; e + 4 <= d.count; e += 4) {
    VOXLOOM_UNROLL
    for (int s = 0; s < 4; ++s) {
      sum[s] = fma(load_first(x + d.x_row[e + s] * d.x_stride, n),
                   load_first(dy + d.dy_row[e + s] * d.dy_stride, n), sum[s]);
    }
  }
  for (; e < d.count; ++e) {
    sum[0] = fma(load_first(x + d.x_row[e] * d.x_stride, n),
                 load_first(dy + d.dy_row[e] * d.dy_stride, n), sum[0]);
  }
  return add(add(sum[0], sum[1]), add(sum[2], sum[3]));
}

template <typename T, int, int kWidth>
inline void run(const ColumnDotArgs& d) {
  static_assert(kWidth == kLanes);
  for (std::int64_t c = 0; c < d.channels; c += kLanes) {
    const std::int64_t n = d.channels - c < kLanes ? d.channels - c : kLanes;
    store_first(d.out + c, add(load_first(d.out + c, n), column_dot<T>(d, c)), n);
  }
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
      for (int s = 0; s < 4; ++s) sum[s] = add(sum[s], load_first(x + (r + s) * d.x_stride, n));
    }
    for (; r < d.rows; ++r) sum[0] = add(sum[0], load_first(x + r * d.x_stride, n));
    const Vec total = add(add(sum[0], sum[1]), add(sum[2], sum[3]));
    store_first(d.out + c, add(load_first(d.out + c, n), total), n);
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
