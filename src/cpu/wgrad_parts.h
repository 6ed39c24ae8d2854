// How a weight gradient is cut into tasks: parts of consecutive blocks of output rows, each with sums
// of its own, times ranges of kernel offsets. The cut depends on the problem alone and the parts are
// added up in order, in binary64: the result is the same for any number of threads.
//
// A part that runs all offsets reads each row from memory once for all of them, so parts come first.
// Their sums take parts * size_of(dW) bytes, which is why wide layers get fewer parts and more
// ranges: with 256 channels a row is worth a thousand cycles, and reading it again costs little.
#pragma once

#include <algorithm>
#include <cstdint>

namespace voxloom::cpu {

struct WeightGradientParts {
  std::int64_t blocks = 0, volume = 0;
  std::int64_t parts = 1, ranges = 1;

  // `floats`: the size of one part's sums.
  WeightGradientParts(std::int64_t block_count, std::int64_t kernel_volume, std::int64_t floats)
      : blocks(block_count), volume(kernel_volume) {
    constexpr std::int64_t kMostFloats = std::int64_t{8} << 20;  // 32 MB over all parts
    constexpr std::int64_t kMostParts = 64;
    constexpr std::int64_t kLeastBlocks = 4;  // a part adds each of its sums to memory once more
    constexpr std::int64_t kEnoughTasks = 16;
    parts = std::min({kMostParts, blocks / kLeastBlocks,
                      kMostFloats / std::max<std::int64_t>(1, floats)});
    parts = std::max<std::int64_t>(1, parts);
    ranges = std::clamp<std::int64_t>((kEnoughTasks + parts - 1) / parts, 1,
                                      std::max<std::int64_t>(1, volume));
  }

  [[nodiscard]] std::int64_t tasks() const { return parts * ranges; }
  [[nodiscard]] std::int64_t first_block(std::int64_t part) const { return blocks * part / parts; }
  [[nodiscard]] std::int64_t first_offset(std::int64_t range) const {
    return volume * range / ranges;
  }
};

}  // namespace voxloom::cpu
