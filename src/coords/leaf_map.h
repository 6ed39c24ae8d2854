// Kernel maps leaf by leaf: the occupancy of the neighbouring leaves is moved under each kernel
// offset and and-ed with the leaf's own, so that only hits cost more than a few bit operations.
//
// Two sweeps over the output's leaves, in parallel over ranges of blocks: the first counts the hits
// of each (block, offset), the second writes each entry to its final place.
#pragma once

#include <optional>

#include "coords/kernel_geometry.h"
#include "coords/map_blocks.h"
#include "coords/map_builder.h"

namespace voxloom {

// Nothing when the geometry does not suit leaves, or a set has hidden rows.
[[nodiscard]] std::optional<BlockedEntries> build_blocks_by_leaves(const CoordinateSet& fine,
                                                                   const CoordinateSet& coarse,
                                                                   const KernelGeometry& geometry,
                                                                   OutputSide side);

}  // namespace voxloom
