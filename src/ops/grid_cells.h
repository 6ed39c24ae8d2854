// Where the rows of a set stand in a dense grid.
#pragma once

#include <cstdint>
#include <vector>

#include "voxloom/coordinate_set.h"
#include "voxloom/tensor.h"

namespace voxloom {

// For each row its place among the cells of a grid (B, X, Y, Z, ...) that begins at `lo`, or -1 outside.
// The number of cells fits 64 bits.
[[nodiscard]] std::vector<std::int64_t> cells_of(const CoordinateSet& set, const Triple& lo,
                                                 const Shape& shape);

}  // namespace voxloom
