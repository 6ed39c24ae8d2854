// Checking points, their batches and the grid: what voxelize and devoxelize share.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "voxloom/points.h"

namespace voxloom {

struct CheckedPoints {
  Tensor positions;  // (P,3) float32, on the caller's device
  Tensor batch;      // (P) int32 on the CPU, without a negative number; undefined: all 0

  [[nodiscard]] std::int64_t size() const { return positions.dim(0); }
  [[nodiscard]] std::span<const std::int32_t> batches() const;  // empty: all 0
};

// Throws std::invalid_argument unless `points` is (P,3) float32, `batch` is undefined or (P) int32
// without a negative number, and the grid's numbers are finite with voxel sizes above 0.
[[nodiscard]] CheckedPoints check_points(std::string_view op, const Tensor& points,
                                         const Tensor& batch, const Grid& grid);

// Throws for an unknown policy and, with NonFinite::error, for the first point that is not finite.
void check_non_finite(std::string_view op, NonFinite policy, const CheckedPoints& points);

}  // namespace voxloom
