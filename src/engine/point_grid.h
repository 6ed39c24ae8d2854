// Points seen from a voxel grid: q = (p - origin) / voxel_size in binary64 from float32 positions, or in float32
// with each step rounded (Grid::in_float32).
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "voxloom/options.h"

namespace voxloom {

class PointGrid {
 public:
  // `xyz` holds three numbers per point; `batch` one, or nothing: all points are in batch 0.
  PointGrid(std::span<const float> xyz, std::span<const std::int32_t> batch, const Grid& grid)
      : xyz_(xyz), batch_(batch), grid_(grid) {}

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(xyz_.size() / 3); }
  [[nodiscard]] std::int32_t batch(std::int64_t point) const {
    return batch_.empty() ? 0 : batch_[static_cast<std::size_t>(point)];
  }
  [[nodiscard]] bool is_finite(std::int64_t point) const {
    const float* p = position_of(point);
    return std::isfinite(p[0]) && std::isfinite(p[1]) && std::isfinite(p[2]);
  }
  // In voxels from the origin.
  [[nodiscard]] std::array<double, 3> operator[](std::int64_t point) const {
    const float* p = position_of(point);
    std::array<double, 3> q{};
    if (grid_.in_float32) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const float moved = p[axis] - static_cast<float>(grid_.origin[axis]);
        q[axis] = static_cast<double>(moved / static_cast<float>(grid_.voxel_size[axis]));
      }
      return q;
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      q[axis] = (static_cast<double>(p[axis]) - grid_.origin[axis]) / grid_.voxel_size[axis];
    }
    return q;
  }

 private:
  [[nodiscard]] const float* position_of(std::int64_t point) const {
    return xyz_.data() + 3 * point;
  }

  std::span<const float> xyz_;
  std::span<const std::int32_t> batch_;
  Grid grid_;
};

// floor(q) as a 64-bit integer. Far beyond int32 it saturates, so that it stays a miss.
[[nodiscard]] inline std::int64_t floor_cell(double q) {
  constexpr double kFar = 1e15;
  const double floored = std::floor(q);
  return static_cast<std::int64_t>(floored < -kFar ? -kFar : floored > kFar ? kFar : floored);
}

}  // namespace voxloom
