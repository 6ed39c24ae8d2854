// The box around a tile that holds whatever its inner points depend on, and what lies in both.
#pragma once

#include "voxloom/tiles.h"

namespace voxloom::artifact {

struct Halo {
  std::array<double, 3> low{}, high{};  // both ends inside
};
// Half a voxel wider than the reach: cells and cuts are sums of rounded numbers. On grids whose cells are found in
// float32 (Grid::in_float32) also by what that rounds so far from the origin.
[[nodiscard]] Halo halo_of(const Tile& tile, const Reach& reach);

[[nodiscard]] inline bool is_in(const std::array<float, 3>& p, const Halo& halo) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (!(p[axis] >= halo.low[axis] && p[axis] <= halo.high[axis])) return false;
  }
  return true;
}

[[nodiscard]] inline bool is_inner(const std::array<float, 3>& p, const Tile& tile) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (!(p[axis] >= tile.low[axis] && p[axis] < tile.high[axis])) return false;
  }
  return true;
}

}  // namespace voxloom::artifact
