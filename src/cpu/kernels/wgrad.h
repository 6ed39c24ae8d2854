// The register tile of the weight gradient: kRows input channels by kWidth output channels of one
// dW[k] stay in registers while the entries run, per entry a pointer to each operand's row,
// kWidth/kLanes loads of dy and kRows broadcasts of x for kRows * kWidth/kLanes multiply-adds.
//
// Rows are named by pointers, so that they may lie in the features or in a panel. Row numbers
// would cost an address multiplication per entry and tile, on a port that the multiply-adds need.
#pragma once

#include "cpu/kernels/ahead.h"
#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// With fewer than 8 accumulators (4 cycles, 2 units) the entries are dealt to several sets of them.
template <int kRows, int kVecs>
constexpr int kWgradSets = kRows* kVecs >= 8   ? 1
                           : kRows* kVecs >= 4 ? 2
                                               : 4;

template <int kRows, int kVecs>
struct WgradTile {
  Vec acc[kWgradSets<kRows, kVecs>][kRows][kVecs];

  [[gnu::always_inline]] inline void step(int s, const float* x, const float* dy) {
    Vec row[kVecs];
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) row[v] = load(dy + v * kLanes);
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vec value = broadcast(x[r]);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) acc[s][r][v] = fma(value, row[v], acc[s][r][v]);
    }
  }
};

// The channels of x that stand `x_at` behind its rows' pointers. A sum runs over this call's entries
// before it meets the sums of earlier calls: long sums keep their digits.
template <int kRows, int kVecs>
[[gnu::always_inline]] inline void wgrad_tile(const WgradArgs& w, std::int64_t x_at, float* dw) {
  constexpr int kSets = kWgradSets<kRows, kVecs>;
  WgradTile<kRows, kVecs> t;
  VOXLOOM_UNROLL
  for (int s = 0; s < kSets; ++s) {
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) t.acc[s][r][v] = zero();
    }
  }
  // With many channels the sums of all offsets outgrow the second-level cache.
  constexpr std::int64_t kLine = 16;
  VOXLOOM_UNROLL
  for (std::int64_t i = 0; i < kRows * kVecs * kLanes; i += kLine) __builtin_prefetch(dw + i, 1);
  const std::int64_t dy_at = w.dy_at;
  std::int64_t e = 0;
  for (; e + kSets <= w.count; e += kSets) {
    VOXLOOM_UNROLL
    for (int s = 0; s < kSets; ++s) t.step(s, w.x[e + s] + x_at, w.dy[e + s] + dy_at);
  }
  for (; e < w.count; ++e) t.step(0, w.x[e] + x_at, w.dy[e] + dy_at);
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      VOXLOOM_UNROLL
      for (int s = 1; s < kSets; ++s) t.acc[0][r][v] = add(t.acc[0][r][v], t.acc[s][r][v]);
      float* to = dw + (r * kVecs + v) * kLanes;
      store(to, add(load(to), t.acc[0][r][v]));
    }
  }
}

template <int kRows, int kVecs>
inline void wgrad_tile_of(std::int64_t rows, const WgradArgs& w, std::int64_t x_at, float* dw) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return wgrad_tile<kRows, kVecs>(w, x_at, dw);
    wgrad_tile_of<kRows - 1, kVecs>(rows, w, x_at, dw);
  }
}

// How high the next tile is when `left` channels are left: a last tile with too few accumulators to
// keep the units busy shares with the one before it (32 channels on 6 rows: 6 6 6 6 4 4).
template <int kRows, int kVecs>
inline std::int64_t next_rows(std::int64_t left) {
  if (left <= kRows) return left;
  const std::int64_t rest = left - kRows;
  return rest * kVecs < 8 && rest < kRows ? (left + 1) / 2 : kRows;
}

template <typename, int kRows, int kWidth>
inline void run(const WgradArgs& w) {
  constexpr int kVecs = kWidth / kLanes;
  static_assert(kVecs * kLanes == kWidth);
  std::int64_t x_at = w.x_at;
  float* dw = w.dw;
  for (std::int64_t done = 0; done < w.depth; done += w.x_columns, x_at += w.x_stride) {
    const std::int64_t columns = w.depth - done < w.x_columns ? w.depth - done : w.x_columns;
    std::int64_t i = 0;
    for (; next_rows<kRows, kVecs>(columns - i) == kRows; i += kRows, dw += kRows * kWidth) {
      ask_for(w.ahead);
      wgrad_tile<kRows, kVecs>(w, x_at + i, dw);
    }
    while (i < columns) {
      ask_for(w.ahead);
      const std::int64_t rows = next_rows<kRows, kVecs>(columns - i);
      wgrad_tile_of<kRows, kVecs>(rows, w, x_at + i, dw);
      i += rows;
      dw += rows * kWidth;
    }
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
