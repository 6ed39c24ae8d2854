// The box around a tile that holds whatever its inner points depend on.
#pragma once

#include "voxloom/tiles.h"

namespace voxloom::artifact {

struct Halo {
  std::array<double, 3> low{}, high{};  // both ends inside
};
// Half a voxel wider than the reach: cells and cuts are sums of rounded numbers.
[[nodiscard]] Halo halo_of(const Tile& tile, const Reach& reach);

}  // namespace voxloom::artifact
