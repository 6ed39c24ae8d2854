// Sums over the threads of a block.
#pragma once

#include "cuda/device.h"

namespace voxloom::cuda {

template <int kThreads>
struct WarpSums {
  std::uint32_t of[kThreads / kWarp];
};

// The sum of what the threads before this one gave; `total` is that of all. Between two uses of the same
// `sums` the block must meet once more.
template <int kThreads>
VOXLOOM_DEVICE std::uint32_t sum_before(const Team& team, WarpSums<kThreads>& sums,
                                        std::uint32_t mine, std::uint32_t& total) {
  std::uint32_t sum = mine;
  for (int step = 1; step < kWarp; step *= 2) {
    const int from = team.lane() - step;
    const std::uint32_t other = team.shuffle(sum, from < 0 ? 0 : from);
    if (from >= 0) sum += other;
  }
  if (team.lane() == kWarp - 1) sums.of[team.warp()] = sum;
  team.barrier();
  std::uint32_t before = 0;
  total = 0;
  for (int w = 0; w < kThreads / kWarp; ++w) {
    if (w < team.warp()) before += sums.of[w];
    total += sums.of[w];
  }
  return before + sum - mine;
}

}  // namespace voxloom::cuda
