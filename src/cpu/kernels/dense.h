// A plain matrix product: consecutive rows times a panel, through the epilogue straight into y. What
// a convolution with one entry per row needs: no row numbers, no sums in memory.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/rows.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// With fewer than 8 accumulators the depth is dealt to several sets of them (see outer.h).
template <int kRows, int kVecs>
constexpr int kDenseSets = kRows* kVecs >= 8   ? 1
                           : kRows* kVecs >= 4 ? 2
                                               : 4;

template <int kRows, int kVecs>
struct DenseTile {
  Vec acc[kDenseSets<kRows, kVecs>][kRows][kVecs];

  [[gnu::always_inline]] inline void step(int s, const float* const* a, const float* b,
                                          std::int64_t k) {
    Vec row[kVecs];
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) row[v] = load(b + v * kLanes);
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vec x = broadcast(a[r][k]);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) acc[s][r][v] = fma(x, row[v], acc[s][r][v]);
    }
  }
};

// sums[r][0..width) = a[r][0..depth) b
template <int kRows, int kVecs>
inline void dense_tile(const DenseArgs& g, const float* rows, float* sums) {
  constexpr int kSets = kDenseSets<kRows, kVecs>;
  constexpr std::int64_t kWidth = kVecs * kLanes;
  DenseTile<kRows, kVecs> t;
  const float* a[kRows];
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    a[r] = rows + r * g.a_stride;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      VOXLOOM_UNROLL
      for (int s = 0; s < kSets; ++s) t.acc[s][r][v] = zero();
    }
  }
  std::int64_t k = 0;
  for (; k + kSets <= g.depth; k += kSets) {
    VOXLOOM_UNROLL
    for (int s = 0; s < kSets; ++s) t.step(s, a, g.b + (k + s) * kWidth, k + s);
  }
  for (; k < g.depth; ++k) t.step(0, a, g.b + k * kWidth, k);
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      VOXLOOM_UNROLL
      for (int s = 1; s < kSets; ++s) t.acc[0][r][v] = add(t.acc[0][r][v], t.acc[s][r][v]);
      store(sums + r * kWidth + v * kLanes, t.acc[0][r][v]);
    }
  }
}

template <int kRows, int kVecs>
inline void dense_tile_of(std::int64_t count, const DenseArgs& g, const float* rows, float* sums) {
  if constexpr (kRows > 0) {
    if (count == kRows) return dense_tile<kRows, kVecs>(g, rows, sums);
    dense_tile_of<kRows - 1, kVecs>(count, g, rows, sums);
  }
}

// Asks for the rows of a and y of a later tile. The processor's own prefetch stops at each page, and
// with few channels a page is a few tiles. Addresses beyond the end do nothing.
template <typename T, int kRows>
[[gnu::always_inline]] inline void prefetch_rows(const DenseArgs& g, std::int64_t row) {
  constexpr std::int64_t kLine = 64;
  const auto ends = [](std::int64_t elements, std::int64_t size) {
    return elements * size < 4 * kLine ? elements * size : 4 * kLine;
  };
  const std::int64_t a_bytes = ends(g.depth, sizeof(float)), y_bytes = ends(g.out.width, sizeof(T));
  for (std::int64_t r = row; r < row + kRows; ++r) {
    const char* a = reinterpret_cast<const char*>(g.a + r * g.a_stride);
    for (std::int64_t at = 0; at < a_bytes; at += kLine) __builtin_prefetch(a + at);
    const char* y = static_cast<const char*>(g.out.y) +
                    r * g.out.y_stride * static_cast<std::int64_t>(sizeof(T));
    for (std::int64_t at = 0; at < y_bytes; at += kLine) __builtin_prefetch(y + at, 1);
  }
}

// T is y's type. A tile's sums pass through a buffer in the first-level cache: a store and a load
// for `depth` multiply-adds, and the epilogue is written once.
template <typename T, int kRows, int kWidth>
inline void run(const DenseArgs& g) {
  constexpr int kVecs = kWidth / kLanes;
  static_assert(kVecs * kLanes == kWidth);
  alignas(64) float sums[kRows * kWidth];
  StoreArgs out = g.out;
  out.c = sums;
  out.c_stride = kWidth;
  for (std::int64_t r = 0; r < g.out.rows; r += kRows) {
    out.rows = g.out.rows - r < kRows ? g.out.rows - r : kRows;
    prefetch_rows<T, kRows>(g, r + 4 * kRows);
    dense_tile_of<kRows, kVecs>(out.rows, g, g.a + r * g.a_stride, sums);
    out.y = static_cast<T*>(g.out.y) + r * g.out.y_stride;
    if (g.out.residual != nullptr) {
      out.residual = static_cast<const T*>(g.out.residual) + r * g.out.y_stride;
    }
    run<T, 1, kLanes>(out);
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
