// Checking points, their batches and the grid: what voxelize and devoxelize share.
#pragma once

#include <string_view>

#include "cpu/point_grid.h"

namespace voxloom {

// Throws std::invalid_argument unless `points` is (P,3) float32, `batch` is undefined or (P) int32
// without a negative number, and the grid's numbers are finite with voxel sizes above 0. The result
// refers to the tensors.
[[nodiscard]] cpu::PointGrid check_points(std::string_view op, const Tensor& points,
                                          const Tensor& batch, const Grid& grid);

// Throws for an unknown policy and, with NonFinite::error, for the first point that is not finite.
void check_non_finite(std::string_view op, NonFinite policy, const cpu::PointGrid& points);

}  // namespace voxloom
