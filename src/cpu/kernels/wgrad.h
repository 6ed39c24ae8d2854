// The register tile of the weight gradient: kRows input channels by kWidth output channels of one
// dW[k] stay in registers while the entries run, per entry kWidth/kLanes loads of dy and kRows
// broadcasts of x for kRows * kWidth/kLanes multiply-adds.
//
// Both operands are packed. A tile touches a few columns of many rows; read in place, those lie
// strides apart, share few cache sets and cost an address multiplication per row, on the port that
// the multiply-adds need: 47 % of the peak at 64 channels, against the cost of packing (two passes
// over (in + out) channels per in * out multiply-adds).
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// kUsed of the tile's kRows channels exist.
template <int kRows, int kUsed, int kVecs>
[[gnu::always_inline]] inline void accumulate_tile(const float* x, const float* dy,
                                                   std::int64_t count, float* dw) {
  Vec acc[kUsed][kVecs];
  VOXLOOM_UNROLL
  for (int r = 0; r < kUsed; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) acc[r][v] = load(dw + (r * kVecs + v) * kLanes);
  }
  for (std::int64_t e = 0; e < count;
       ++e, x += packed_columns(kRows, kLanes), dy += kVecs * kLanes) {
    Vec row[kVecs];
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) row[v] = load(dy + v * kLanes);
    VOXLOOM_UNROLL
    for (int r = 0; r < kUsed; ++r) {
      const Vec value = broadcast(x[r]);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) acc[r][v] = fma(value, row[v], acc[r][v]);
    }
  }
  VOXLOOM_UNROLL
  for (int r = 0; r < kUsed; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) store(dw + (r * kVecs + v) * kLanes, acc[r][v]);
  }
}

// The last tile, of which `used` channels exist.
template <int kRows, int kUsed, int kVecs>
inline void accumulate_rest(const WgradArgs& w, const float* x, std::int64_t used, float* dw) {
  if constexpr (kUsed > 0) {
    if (used == kUsed) return accumulate_tile<kRows, kUsed, kVecs>(x, w.dy, w.count, dw);
    accumulate_rest<kRows, kUsed - 1, kVecs>(w, x, used, dw);
  }
}

template <typename, int kRows, int kWidth>
inline void run(const WgradArgs& w) {
  constexpr int kVecs = kWidth / kLanes;
  constexpr std::int64_t kColumns = packed_columns(kRows, kLanes);
  float* dw = w.dw;
  std::int64_t i = 0;
  const auto tile = [&w](std::int64_t first) {
    return w.x + first / kColumns * w.x_stride + first % kColumns;
  };
  for (; i + kRows <= w.depth; i += kRows, dw += kRows * kWidth) {
    accumulate_tile<kRows, kRows, kVecs>(tile(i), w.dy, w.count, dw);
  }
  if (i < w.depth) accumulate_rest<kRows, kRows - 1, kVecs>(w, tile(i), w.depth - i, dw);
}

}  // namespace
}  // namespace voxloom::cpu::kernels
