// How a weight gradient is cut into tasks: parts of consecutive blocks of output rows, each with sums
// of its own, times ranges of kernel offsets, times whatever else the algorithm can do apart
// (`passes`). The cut depends on the problem alone and the parts are added up in order, in binary64:
// the result is the same for any number of threads.
//
// A part's sums are cleared, and added to the others at the end: some 4 cycles per 16 sums, so that
// with 1024 products per sum (64 multiply-adds of 16 lanes) they are a few percent. They may take half
// the features' memory. A range reads and packs dy again, so ranges only make up for what is missing
// to enough tasks.
#pragma once

#include <algorithm>
#include <cstdint>

#include "coords/map_blocks.h"

namespace voxloom::cpu {

struct WeightGradientParts {
  std::int64_t blocks = 0, volume = 0;
  std::int64_t parts = 1, ranges = 1, passes = 1;

  // `sum_floats`: the size of one part's sums; `feature_floats`: of x and dy.
  WeightGradientParts(const MapBlocks& map, std::int64_t pass_count, std::int64_t sum_floats,
                      std::int64_t feature_floats)
      : blocks(map.block_count()), volume(map.volume), passes(pass_count) {
    constexpr std::int64_t kMostParts = 64;
    constexpr std::int64_t kLeastProducts = 1024;
    constexpr std::int64_t kEnoughTasks = 8;
    const std::int64_t offsets = std::max<std::int64_t>(1, volume);
    const std::int64_t products = map.entries->begin.back() / offsets;
    const std::int64_t affordable = feature_floats / 2 / std::max<std::int64_t>(1, sum_floats);
    parts = std::clamp<std::int64_t>(std::min(affordable, products / kLeastProducts), 1,
                                     std::clamp<std::int64_t>(blocks, 1, kMostParts));
    ranges = std::clamp<std::int64_t>(kEnoughTasks / std::max<std::int64_t>(1, parts * passes), 1,
                                      offsets);
  }

  [[nodiscard]] std::int64_t tasks() const { return parts * ranges * passes; }
  [[nodiscard]] std::int64_t first_block(std::int64_t part) const { return blocks * part / parts; }
  [[nodiscard]] std::int64_t first_offset(std::int64_t range) const {
    return volume * range / ranges;
  }
};

}  // namespace voxloom::cpu
