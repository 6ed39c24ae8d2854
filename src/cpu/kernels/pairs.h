// Products of bfloat16 pairs on vectors: each lane of float32 sums takes the products of two channels at
// once, twice the multiply-adds of a float32 vector. Weights lie as for matrix tiles (args.h).
//
// A register tile of up to kRows entries by kVecs vectors of 16 columns; rows are read where they lie, a
// pair at a time for all lanes, and sums are loaded and stored in place. A row's sum is added up in one
// order whatever other rows there are. Subnormal numbers count as zeros, as in matrix tiles.
#pragma once

#include "cpu/kernels/ahead.h"
#include "cpu/kernels/args.h"
#include "cpu/kernels/gemm.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// Channels k and k + 1 of one row, in every lane.
inline __m512bh both(const std::uint16_t* a) {
  std::uint32_t pair;
  __builtin_memcpy(&pair, a, sizeof(pair));
  return __builtin_bit_cast(__m512bh, _mm512_set1_epi32(static_cast<int>(pair)));
}

// A row's last channel by itself, beside a zero: nothing is read behind the row.
inline __m512bh last(const std::uint16_t* a) {
  return __builtin_bit_cast(__m512bh, _mm512_set1_epi32(*a));
}

inline __m512bh load_pairs(const std::uint16_t* w) {
  return __builtin_bit_cast(__m512bh, _mm512_loadu_si512(w));
}

// `w` holds the first of kVecs groups of 16 columns, `group` elements apart.
template <int kRows, int kVecs>
[[gnu::always_inline]] inline void multiply_pairs(const TileGemmArgs& g, std::int64_t e,
                                                  const std::uint16_t* w, std::int64_t group,
                                                  std::int64_t column) {
  constexpr std::int64_t kPair = 2 * kTileColumns;
  const std::uint16_t* a[kRows];
  float* c[kRows];
  Vec acc[kRows][kVecs];
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    a[r] = g.a + g.a_row[e + r] * g.a_stride;
    c[r] = g.c + g.c_row[e + r] * g.columns + column;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) acc[r][v] = load(c[r] + v * kLanes);
  }
  const std::int64_t depth = g.depth;
  std::int64_t k = 0;
  for (; k + 2 <= depth; k += 2, w += kPair) {
    __m512bh row[kVecs];
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) row[v] = load_pairs(w + v * group);
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m512bh x = both(a[r] + k);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) acc[r][v] = _mm512_dpbf16_ps(acc[r][v], x, row[v]);
    }
    keep_order();
  }
  if (k < depth) {
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m512bh x = last(a[r] + k);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) {
        acc[r][v] = _mm512_dpbf16_ps(acc[r][v], x, load_pairs(w + v * group));
      }
    }
  }
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) store(c[r] + v * kLanes, acc[r][v]);
  }
}

// n <= kRows entries.
template <int kRows, int kVecs>
inline void multiply_rows(const TileGemmArgs& g, std::int64_t e, std::int64_t n,
                          const std::uint16_t* w, std::int64_t group, std::int64_t column) {
  if constexpr (kRows > 0) {
    if (n == kRows) return multiply_pairs<kRows, kVecs>(g, e, w, group, column);
    multiply_rows<kRows - 1, kVecs>(g, e, n, w, group, column);
  }
}

// The columns that are left, at most kVecs vectors.
template <int kRows, int kVecs>
inline void multiply_columns(const TileGemmArgs& g, std::int64_t e, std::int64_t n,
                             const std::uint16_t* w, std::int64_t group, std::int64_t column) {
  if constexpr (kVecs > 0) {
    if (g.columns - column >= kVecs * kTileColumns) {
      return multiply_rows<kRows, kVecs>(g, e, n, w, group, column);
    }
    multiply_columns<kRows, kVecs - 1>(g, e, n, w, group, column);
  }
}

template <typename, int kRows, int kWidth>
inline void run(const TileGemmArgs& args) {
  constexpr int kVecs = kWidth / kLanes;
  const TileGemmArgs g = args;
  const std::int64_t group = (g.depth + kTileDepth - 1) / kTileDepth * kTileElements;
  for (std::int64_t e = 0; e < g.count; e += kRows) {
    ask_for(g.ahead);
    const std::int64_t n = g.count - e < kRows ? g.count - e : kRows;
    const std::uint16_t* w = g.w;
    for (std::int64_t column = 0; column < g.columns; column += kWidth, w += kVecs * group) {
      multiply_columns<kRows, kVecs>(g, e, n, w, group, column);
    }
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
