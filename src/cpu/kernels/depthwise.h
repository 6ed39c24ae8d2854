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
  const DepthwiseArgs d = args;
  const T* x = static_cast<const T*>(d.x);
  float* sums = d.c + plane * kWidth;
  const std::int64_t c_stride = d.planes * kWidth;
  Vec w[kVecs], row[kVecs];
  load_row<float, kVecs, true>(d.w + plane * kWidth, kWidth, w);
  // Entries in batches, all loads before the stores: rows of c within a slice differ, and a load must
  // not wait for stores in flight that share its address within a page.
  constexpr int kBatch = 4;
  std::int64_t e = 0;
  for (; e + kBatch <= d.count; e += kBatch) {
    Vec sum[kBatch][kVecs];
    float* c[kBatch];
    VOXLOOM_UNROLL
    for (int s = 0; s < kBatch; ++s) {
      load_row<T, kVecs, kFull>(x + d.x_row[e + s] * d.x_stride, d.channels, row);
      c[s] = sums + d.c_row[e + s] * c_stride;
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) sum[s][v] = fma(row[v], w[v], load(c[s] + v * kLanes));
    }
    VOXLOOM_UNROLL
    for (int s = 0; s < kBatch; ++s) {
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) store(c[s] + v * kLanes, sum[s][v]);
    }
  }
  for (; e < d.count; ++e) {
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

// kVecs vector columns of the weight gradient from channel `first` on. Entries are dealt to enough sets
// of sums to hide the additions' latency: four, or the columns do it.
template <typename T, int kVecs, bool kFull>
inline void column_dot(const ColumnDotArgs& d, std::int64_t first) {
  constexpr int kSets = kVecs >= 4 ? 1 : 4;
  const T* x = static_cast<const T*>(d.x) + first;
  const T* dy = static_cast<const T*>(d.dy) + first;
  const std::int64_t n = d.channels - first;
  Vec sum[kSets][kVecs], a[kVecs], b[kVecs];
  VOXLOOM_UNROLL
  for (int s = 0; s < kSets; ++s) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) sum[s][v] = zero();
  }
  const auto step = [&](int s, std::int64_t e) __attribute__((always_inline)) {
    load_row<T, kVecs, kFull>(x + d.x_row[e] * d.x_stride, n, a);
    load_row<T, kVecs, kFull>(dy + d.dy_row[e] * d.dy_stride, n, b);
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) sum[s][v] = fma(a[v], b[v], sum[s][v]);
  };
  std::int64_t e = 0;
  for (; e + kSets <= d.count; e += kSets) {
    VOXLOOM_UNROLL
    for (int s = 0; s < kSets; ++s) step(s, e + s);
  }
  for (; e < d.count; ++e) step(0, e);
  VOXLOOM_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    const std::int64_t left = kFull || n - v * kLanes > kLanes ? kLanes : n - v * kLanes;
    if (left <= 0) continue;
    Vec total = sum[0][v];
    VOXLOOM_UNROLL
    for (int s = 1; s < kSets; ++s) total = add(total, sum[s][v]);
    float* out = d.out + first + v * kLanes;
    store_first(out, add(load_first(out, left), total), left);
  }
}

template <typename T, int, int kWidth>
inline void run(const ColumnDotArgs& d) {
  static_assert(kWidth == kLanes);
  std::int64_t c = 0;
  for (; c + 4 * kLanes <= d.channels; c += 4 * kLanes) column_dot<T, 4, true>(d, c);
  for (; c + kLanes <= d.channels; c += kLanes) column_dot<T, 1, true>(d, c);
  if (c < d.channels) column_dot<T, 1, false>(d, c);
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
