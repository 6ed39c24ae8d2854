// What is decided once for a problem, from its shape, its types and its map alone: never from the
// number of threads or a clock, so that results do not depend on either. The rules and their reasons
// stand beside each number; docs/performance.md holds the measurements.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/quotient.h"
#include "cpu/convolution.h"
#include "cpu/weight_panels.h"

namespace voxloom::cpu {

// The least multiple of `unit` that is not below n.
constexpr std::int64_t round_up(std::int64_t n, std::int64_t unit) {
  return ceil_div(n, unit) * unit;
}

// How offset_major cuts a forward product.
struct ForwardBlocking {
  Isa isa = Isa::scalar;
  std::vector<Panel> panels;  // of one group's output channels
  // Panels that share one walk over the entries, in output channels. For each call their weights of
  // one strip at one offset through the first-level cache: 64 columns x 64 channels are 16 KiB of it. 16-bit
  // rows are converted once per walk (3 of 64 cycles at 64 columns), so they walk less often.
  std::int64_t columns_per_strip = 64;
  // Blocks of 256 output rows whose sums a task holds: one block of 64 columns is 64 KiB. Measured:
  // two are 3 to 7 % slower at 16 and 32 channels. A decoded panel serves more rows in larger tasks.
  std::int64_t blocks_per_task = 1;
  // Entries per kernel call: their rows, at most 16 KiB, stay in the first-level cache while all
  // panels of the strip run over them. A multiple of 24, which every tile height of 6, 8, 12 divides.
  std::int64_t entries_per_call = 24;

  explicit ForwardBlocking(const ConvForward& problem);
};

// How offset_major cuts a weight gradient: lists of blocks, chunks of lists, groups of offsets.
struct WeightGradientBlocking {
  // Blocks whose entries are listed together: about 96 entries, so that a tile of dW[k] runs some
  // hundred cycles between two trips to memory. Measured: 256 are 1 to 5 % slower, 768 are 5 to 10 %,
  // for the rows of more blocks leave the second-level cache before the last offset reads them.
  std::int64_t blocks_per_list = 1;
  // A chunk of lists has its own partial dW. It costs a sweep over dW, as much as 16 entries per
  // offset: so at least 256 of them, at most 16 chunks, and at most 32 MiB of partial sums.
  std::int64_t lists_per_chunk = 1, chunks = 1;
  // About 16 tasks. The more offsets a task has, the more often it finds a row in its cache.
  std::int64_t offsets_per_task = 1, offset_tasks = 1;

  // `offset_floats`: of dW[k] with padding.
  WeightGradientBlocking(const ConvWeightGradient& problem, std::int64_t offset_floats);
};

// Those of `cuts` that do something else than the algorithm's `own` and than each other, where there
// are not more blocks and columns than these.
[[nodiscard]] std::vector<Cut> others_than(const Cut& own, const std::vector<Cut>& cuts,
                                           std::int64_t most_blocks, std::int64_t most_columns);

// One line: the algorithm that would run, the instruction set, and how the work is cut.
[[nodiscard]] std::string describe(const engine::ConvForward& problem);

}  // namespace voxloom::cpu
