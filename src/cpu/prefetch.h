// Fetching rows ahead. Rows are gathered, so the processor cannot guess the next ones, and at few
// channels a row that comes from beyond the second-level cache costs as much as its arithmetic
// (16 x 16 channels, 10 entries a row: 160 cycles; a miss: about 200). While a task computes, it asks
// for the rows of y that it will store and for the rows of x that the next blocks will read.
#pragma once

#include <cstdint>
#include <vector>

#include "coords/map_blocks.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

class Prefetch {
 public:
  Prefetch(const MapBlocks& map, const Tensor& x, const Tensor& y);

  // To be called once for each kernel offset k while blocks [first, last) are computed: asks for that
  // offset's share of the rows.
  void share(std::int64_t k, std::int64_t first, std::int64_t last) const {
    share_y(k, first, last);
    share_x(k, last, last + (last - first));
  }

 private:
  void share_x(std::int64_t k, std::int64_t first, std::int64_t last) const;
  void share_y(std::int64_t k, std::int64_t first, std::int64_t last) const;

  MapBlocks map_;
  const std::byte* x_;
  const std::byte* y_;
  std::int64_t x_row_bytes_, y_row_bytes_;
  // A neighbouring row is read under many offsets; the busiest one alone names most of the rows.
  // -1: each row is read about once, all offsets name rows.
  std::int64_t busiest_ = -1;
};

}  // namespace voxloom::cpu
