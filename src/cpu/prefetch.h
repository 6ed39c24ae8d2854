// Fetching rows ahead. Rows are gathered, so the processor cannot guess the next ones, and at few
// channels a row that comes from beyond the second-level cache costs as much as its arithmetic
// (16 x 16 channels, 10 entries a row: 160 cycles; a miss: about 200). While a task computes, it asks
// for the output rows that it will touch and for the input rows that the next blocks will read.
#pragma once

#include <cstdint>
#include <vector>

#include "coords/map_blocks.h"
#include "cpu/kernels/args.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

class Prefetch {
 public:
  enum class Outputs : std::uint8_t { written, read };
  Prefetch(const MapBlocks& map, const Tensor& x, const Tensor& y, Outputs outputs);

  // One task's walk over the input rows of some blocks and the output rows of others, cut into
  // `steps` shares. A share should be a few dozen lines: a processor has 10 to 50 requests in flight
  // and waits when there are more. Blocks that do not exist name no rows.
  class Walk {
   public:
    struct Blocks {
      std::int64_t first, last;
    };
    Walk(const Prefetch& owner, Blocks inputs, Blocks outputs, std::int64_t steps);
    void step();

   private:
    void step_inputs();
    void step_outputs();

    const Prefetch& owner_;
    Blocks inputs_;
    std::int64_t entry_ = 0;  // next one of block inputs_.first
    std::int64_t entries_a_step_ = 0;
    std::int64_t row_, last_row_;  // output ranks
    std::int64_t rows_a_step_;
  };

  // One task's walk for kernels to take, some rows with each of about `tiles` register tiles.
  class Spread {
   public:
    Spread(const Prefetch& owner, Walk::Blocks inputs, Walk::Blocks outputs, std::int64_t tiles);
    // What the next kernel call asks for.
    [[nodiscard]] Ahead* ahead();

   private:
    void start_block();

    const Prefetch& owner_;
    Walk::Blocks inputs_;  // those that were not begun
    std::int64_t tiles_a_block_;
    Ahead ahead_;
  };

 private:
  struct Entries {
    const std::int32_t* in_row;
    std::int64_t count;
  };
  [[nodiscard]] Entries named(std::int64_t block) const;

  MapBlocks map_;
  const std::byte* x_;
  const std::byte* y_;
  std::int64_t x_row_bytes_, y_row_bytes_;
  Outputs outputs_;
  // A neighbouring row is read under many offsets; the busiest one alone names most of the rows.
  // -1: each row is read about once, all offsets name rows. Offsets of a block lie together.
  std::int64_t busiest_ = -1;
};

}  // namespace voxloom::cpu
