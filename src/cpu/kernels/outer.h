// The register tile of the weight gradient: kRows input channels by kWidth output channels stay in
// registers while the entries run.
//
// Per entry: one address of a and one of b, kWidth/kLanes loads of b and kRows broadcasts of a for
// kRows * kWidth/kLanes multiply-adds. All broadcasts share one pointer, so that tiles may be higher
// than those of the forward product, whose rows need a pointer each. A tile touches a line or two of
// each row of a, too little for the processor to see a pattern: the kernel asks for them ahead.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// With fewer than 8 accumulators (4 cycles, 2 units) the entries are dealt to several sets of them.
template <int kRows, int kVecs>
constexpr int kOuterSets = kRows* kVecs >= 8   ? 1
                           : kRows* kVecs >= 4 ? 2
                                               : 4;

template <int kRows, int kVecs>
struct OuterTile {
  Vec acc[kOuterSets<kRows, kVecs>][kRows][kVecs];

  [[gnu::always_inline]] inline void step(int s, const float* a, const float* b) {
    Vec row[kVecs];
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) row[v] = load(b + v * kLanes);
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vec x = broadcast(a[r]);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) acc[s][r][v] = fma(x, row[v], acc[s][r][v]);
    }
  }
};

// Input channels [first, first + kRows).
template <int kRows, int kVecs>
inline void outer_tile(const OuterArgs& g, std::int64_t first) {
  constexpr int kSets = kOuterSets<kRows, kVecs>;
  constexpr std::int64_t kWidth = kVecs * kLanes;
  OuterTile<kRows, kVecs> t;
  VOXLOOM_UNROLL
  for (int s = 0; s < kSets; ++s) {
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) t.acc[s][r][v] = zero();
    }
  }
  const float* a = g.a + first;
  float* c = g.c + first * kWidth;
  std::int64_t e = 0;
  for (; e + kSets <= g.count; e += kSets) {
    VOXLOOM_UNROLL
    for (int s = 0; s < kSets; ++s) {
      __builtin_prefetch(a + g.a_row[e + s + OuterArgs::kAhead] * g.a_stride);
      t.step(s, a + g.a_row[e + s] * g.a_stride, g.b + g.b_row[e + s] * kWidth);
    }
  }
  for (; e < g.count; ++e) t.step(0, a + g.a_row[e] * g.a_stride, g.b + g.b_row[e] * kWidth);
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      VOXLOOM_UNROLL
      for (int s = 1; s < kSets; ++s) t.acc[0][r][v] = add(t.acc[0][r][v], t.acc[s][r][v]);
      float* to = c + r * kWidth + v * kLanes;
      store(to, add(load(to), t.acc[0][r][v]));
    }
  }
}

template <int kRows, int kVecs>
inline void outer_tile_of(std::int64_t rows, const OuterArgs& g, std::int64_t first) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return outer_tile<kRows, kVecs>(g, first);
    outer_tile_of<kRows - 1, kVecs>(rows, g, first);
  }
}

// Tiles as equal as possible: 32 channels on a 6-row tile are 6 6 5 5 5 5, where 6 6 6 6 6 2 would
// leave the last tile waiting for its few accumulators.
template <typename, int kRows, int kWidth>
inline void run(const OuterArgs& g) {
  constexpr int kVecs = kWidth / kLanes;
  static_assert(kVecs * kLanes == kWidth);
  const std::int64_t tiles = (g.depth + kRows - 1) / kRows;
  std::int64_t first = 0;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t rows = (g.depth - first) / (tiles - t);
    outer_tile_of<kRows, kVecs>(rows, g, first);
    first += rows;
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
