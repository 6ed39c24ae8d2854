// The register tile of the weight gradient: kRows input channels by kWidth output channels of one
// dW[k] stay in registers while the entries run. Both operands are read where they lie: per entry
// kWidth/kLanes loads of dy and kRows broadcasts of x for kRows * kWidth/kLanes multiply-adds.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

template <int kRows, int kVecs>
[[gnu::always_inline]] inline void accumulate_outer(const WgradArgs& w, std::int64_t i) {
  Vec acc[kRows][kVecs];
  float* dw = w.dw + i * (kVecs * kLanes);
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) acc[r][v] = load(dw + (r * kVecs + v) * kLanes);
  }
  const float* x_base = w.x + i;
  for (std::int64_t e = 0; e < w.count; ++e) {
    const float* x = x_base + w.x_row[e] * w.x_stride;
    const float* dy = w.dy + w.dy_row[e] * w.dy_stride;
    Vec row[kVecs];
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) row[v] = load(dy + v * kLanes);
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vec value = broadcast(x[r]);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) acc[r][v] = fma(value, row[v], acc[r][v]);
    }
  }
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) store(dw + (r * kVecs + v) * kLanes, acc[r][v]);
  }
}

// One tile of `rows` <= kRows input channels.
template <int kRows, int kVecs>
inline void accumulate_rows(const WgradArgs& w, std::int64_t i, std::int64_t rows) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return accumulate_outer<kRows, kVecs>(w, i);
    accumulate_rows<kRows - 1, kVecs>(w, i, rows);
  }
}

template <typename, int kRows, int kWidth>
inline void run(const WgradArgs& w) {
  // Tiles of nearly equal size: 16 channels are 6 + 5 + 5, not 6 + 6 + 4, since small tiles wait for
  // their own additions.
  const std::int64_t tiles = (w.depth + kRows - 1) / kRows;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t begin = w.depth * t / tiles;
    accumulate_rows<kRows, kWidth / kLanes>(w, begin, w.depth * (t + 1) / tiles - begin);
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
