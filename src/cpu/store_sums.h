// From finished float32 sums to the output rows: bias, epilogue, rounding.
#pragma once

#include <cstdint>

#include "cpu/convolution.h"
#include "cpu/kernel_table.h"

namespace voxloom::cpu {

class SumStore {
 public:
  SumStore(const ConvForward& problem, Isa isa);

  // Sums of output ranks [first, first + rows) and channels [column, column + width), row by row,
  // `stride` apart.
  struct Tile {
    const float* sums;
    std::int64_t stride;
    std::int64_t first, rows;
    std::int64_t column, width;
  };
  void operator()(const Tile& tile) const;

  // Where and how the sums of ranks from `first` on and channels from `column` on are stored: all but
  // the sums, their rows and their width.
  [[nodiscard]] StoreArgs target(std::int64_t first, std::int64_t column) const;

 private:
  const ConvForward& p_;
  Kernel<StoreArgs> store_;
  Tensor bias_;  // float32
};

}  // namespace voxloom::cpu
