// The rows of each kernel offset side by side, as libraries that multiply offset by offset lay them out.
#pragma once

#include <cstdint>
#include <vector>

#include "voxloom/kernel_map.h"

namespace voxloom {

struct OffsetTable {
  Tensor rows;  // (2, K, N_in) int32: input rows, ascending, and their output rows; then -1
  std::vector<std::int32_t> counts;  // (K) how many
};

// `is_mirrored`: of an odd kernel over one set the middle offset leads from each row to itself, and those behind it are
// the ones before it, backwards, in their order.
// std::invalid_argument: an input row that meets two output rows under one offset.
[[nodiscard]] OffsetTable offset_table_of(const KernelMap& map, bool is_mirrored);

}  // namespace voxloom
