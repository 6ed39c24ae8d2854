// The register tile of the forward product and the data gradient.
//
// kRows entries by kWidth output channels stay in registers while the depth (input channels) runs:
// per step kWidth/kLanes loads of b and kRows broadcasts of a for kRows * kWidth/kLanes multiply-adds.
// The rows of a are read where they lie, so the gather costs kRows addresses per tile; c is read and
// written once per tile, depth multiply-adds apart.
#pragma once

#include "cpu/kernels/ahead.h"
#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// A multiply-add takes 4 cycles and two start per cycle: with fewer than 8 accumulators the depth is
// split over several sets of them.
template <int kRows, int kVecs>
constexpr int kSplit = kRows* kVecs >= 6   ? 1
                       : kRows* kVecs >= 3 ? 2
                                           : 4;

// Keeps the compiler from starting the next step's loads early: it would run out of registers and
// spill accumulators. The processor looks ahead by itself.
[[gnu::always_inline]] inline void keep_order() { __asm__ volatile("" ::: "memory"); }

// Steps per round of the loop over the depth.
constexpr int kSteps = 4;

// Sets: those of the full tile, also where fewer rows are left. A row's sum is then added up in one
// order, whichever rows stand beside it: part of a scene gives what the whole gives, bit for bit.
template <int kRows, int kVecs, int kSets>
struct Tile {
  const float* a[kRows];
  Vec acc[kSets][kRows][kVecs];

  [[gnu::always_inline]] inline void step(int s, const float* b, std::int64_t k) {
    Vec row[kVecs];
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) row[v] = load(b + v * kLanes);
    VOXLOOM_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vec x = broadcast(a[r][k]);
      VOXLOOM_UNROLL
      for (int v = 0; v < kVecs; ++v) accumulate(acc[s][r][v], x, row[v]);
    }
  }
};

// The first kRows entries.
template <int kRows, int kVecs, int kSets>
[[gnu::always_inline]] inline void multiply_tile(const GemmArgs& g) {
  constexpr std::int64_t kWidth = std::int64_t{kVecs} * kLanes;
  Tile<kRows, kVecs, kSets> t;
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    t.a[r] = g.a + g.a_row[r] * g.a_stride;
    const float* c = g.c + g.c_row[r] * kWidth;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      t.acc[0][r][v] = load(c + v * kLanes);
      VOXLOOM_UNROLL
      for (int s = 1; s < kSets; ++s) t.acc[s][r][v] = zero();
    }
  }
  const float* b = g.b;
  std::int64_t k = 0;
  for (; k + kSteps <= g.depth; k += kSteps, b += kSteps * kWidth) {
    VOXLOOM_UNROLL
    for (int s = 0; s < kSteps; ++s) {
      t.step(s % kSets, b + s * kWidth, k + s);
      keep_order();
    }
  }
  for (; k < g.depth; ++k, b += kWidth) t.step(0, b, k);
  // Addresses of c are worked out once more: there are no registers to keep them in.
  keep_order();
  VOXLOOM_UNROLL
  for (int r = 0; r < kRows; ++r) {
    float* c = g.c + g.c_row[r] * kWidth;
    VOXLOOM_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      VOXLOOM_UNROLL
      for (int s = 1; s < kSets; ++s) t.acc[0][r][v] = add(t.acc[0][r][v], t.acc[s][r][v]);
      store(c + v * kLanes, t.acc[0][r][v]);
    }
  }
}

// The last n <= kRows entries.
template <int kRows, int kVecs, int kSets>
inline void multiply_rest(const GemmArgs& g, std::int64_t n) {
  if constexpr (kRows > 0) {
    if (n == kRows) return multiply_tile<kRows, kVecs, kSets>(g);
    multiply_rest<kRows - 1, kVecs, kSets>(g, n);
  }
}

template <typename, int kRows, int kWidth>
inline void run(const GemmArgs& args) {
  constexpr int kVecs = kWidth / kLanes;
  constexpr int kSets = kSplit<kRows, kVecs>;
  static_assert(kVecs * kLanes == kWidth);
  GemmArgs g = args;  // in registers: keep_order() would have it read again
  for (; g.count >= kRows; g.count -= kRows, g.a_row += kRows, g.c_row += kRows) {
    ask_for(g.ahead);
    multiply_tile<kRows, kVecs, kSets>(g);
  }
  if (g.count == 0) return;
  ask_for(g.ahead);
  multiply_rest<kRows - 1, kVecs, kSets>(g, g.count);
}

}  // namespace
}  // namespace voxloom::cpu::kernels
