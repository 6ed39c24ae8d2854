// A matrix product: rows times a panel, through the epilogue straight into y, with no sums in memory.
// What an output row with one entry needs: consecutive rows, or those that a map names.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/gemm.h"
#include "cpu/kernels/rows.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// With fewer than 8 accumulators the depth is dealt to several sets of them (see wgrad.h).
template <int kRows, int kVecs>
constexpr int kDenseSets = kRows* kVecs >= 8   ? 1
                           : kRows* kVecs >= 4 ? 2
                                               : 4;

// Sets: those of the full tile, so that a row's sum does not depend on its neighbours (see gemm.h).
template <int kRows, int kVecs, int kSets>
struct DenseTile {
  Vec acc[kSets][kRows][kVecs];

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

// Where entry e's sums go, in elements from y and from the residual.
[[gnu::always_inline]] inline std::int64_t output_at(const DenseArgs& g, std::int64_t e) {
  const std::int64_t local = g.c_row == nullptr ? e : g.c_row[e];
  return (g.out.y_row == nullptr ? local : g.out.y_row[local]) * g.out.y_stride;
}

// Sums go to y from the registers. Most products have no epilogue: only a plain store is worth
// unrolling.
template <typename T, int kRows, int kVecs>
[[gnu::always_inline]] inline void store_tile(const DenseArgs& g, std::int64_t first,
                                              const Vec (&sums)[kRows][kVecs]) {
  const StoreArgs& s = g.out;
  T* y = static_cast<T*>(s.y);
  if (is_plain(s) && s.width == kVecs * kLanes) {
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      T* to = y + output_at(g, first + r);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) store(to + v * kLanes, sums[r][v]);
    }
    return;
  }
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const std::int64_t at = output_at(g, first + r);
    const T* residual = s.residual == nullptr ? nullptr : static_cast<const T*>(s.residual) + at;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      const std::int64_t i = v * kLanes, n = s.width - i;
      if (n <= 0) break;
      store_some(y + at + i, finish(s, sums[r][v], i, residual, n), n);
    }
  }
}

// Entries [first, first + kRows).
template <typename T, int kRows, int kVecs, int kSets>
inline void dense_tile(const DenseArgs& g, std::int64_t first) {
  constexpr std::int64_t kWidth = kVecs * kLanes;
  DenseTile<kRows, kVecs, kSets> t;
  const float* a[kRows];
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    a[r] = g.a + (g.a_row == nullptr ? first + r : g.a_row[first + r]) * g.a_stride;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      VOXLOOM_UNROLL
      for (int s = 0; s < kSets; ++s) t.acc[s][r][v] = zero();
    }
  }
  const float* b = g.b;
  std::int64_t k = 0;
  for (; k + kSteps <= g.depth; k += kSteps, b += kSteps * kWidth) {
    VOXLOOM_UNROLL
    for (int s = 0; s < kSteps; ++s) {
      t.step(s % kSets, a, b + s * kWidth, k + s);
      keep_order();
    }
  }
  for (; k < g.depth; ++k, b += kWidth) t.step(0, a, b, k);
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      VOXLOOM_UNROLL
      for (int s = 1; s < kSets; ++s) t.acc[0][r][v] = add(t.acc[0][r][v], t.acc[s][r][v]);
    }
  }
  store_tile<T>(g, first, t.acc[0]);
}

template <typename T, int kRows, int kVecs, int kSets>
inline void dense_tile_of(std::int64_t count, const DenseArgs& g, std::int64_t first) {
  if constexpr (kRows > 0) {
    if (count == kRows) return dense_tile<T, kRows, kVecs, kSets>(g, first);
    dense_tile_of<T, kRows - 1, kVecs, kSets>(count, g, first);
  }
}

// Asks for a later tile's rows of a and y. The processor's own prefetch stops at each page, and with
// few channels a page is a few tiles; with many there is time to wait. Addresses beyond the end do
// nothing.
template <typename T, int kRows>
[[gnu::always_inline]] inline void prefetch_rows(const DenseArgs& g, std::int64_t row) {
  constexpr std::int64_t kLine = 64;
  constexpr std::int64_t kMostBytes = 256;
  const std::int64_t a_bytes = g.depth * std::int64_t{sizeof(float)};
  const std::int64_t y_bytes = g.out.width * std::int64_t{sizeof(T)};
  if (a_bytes > kMostBytes) return;
  const char* a = reinterpret_cast<const char*>(g.a + row * g.a_stride);
  char* y = static_cast<char*>(g.out.y) + row * g.out.y_stride * std::int64_t{sizeof(T)};
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    for (std::int64_t at = 0; at < a_bytes; at += kLine) __builtin_prefetch(a + at);
    for (std::int64_t at = 0; at < y_bytes; at += kLine) __builtin_prefetch(y + at, 1);
    a += g.a_stride * std::int64_t{sizeof(float)};
    y += g.out.y_stride * std::int64_t{sizeof(T)};
  }
}

// T is y's type.
template <typename T, int kRows, int kWidth>
inline void run(const DenseArgs& g) {
  constexpr int kVecs = kWidth / kLanes;
  constexpr int kSets = kDenseSets<kRows, kVecs>;
  static_assert(kVecs * kLanes == kWidth);
  const bool consecutive = g.a_row == nullptr && g.c_row == nullptr;
  std::int64_t r = 0;
  for (; r + kRows <= g.out.rows; r += kRows) {
    ask_for(g.ahead);
    if (consecutive) prefetch_rows<T, kRows>(g, r + 4 * kRows);
    dense_tile<T, kRows, kVecs, kSets>(g, r);
  }
  if (r == g.out.rows) return;
  ask_for(g.ahead);
  dense_tile_of<T, kRows - 1, kVecs, kSets>(g.out.rows - r, g, r);
}

}  // namespace
}  // namespace voxloom::cpu::kernels
