// Building the blocked entries of a map.
#pragma once

#include "coords/kernel_geometry.h"
#include "coords/map_blocks.h"

namespace voxloom {

enum class OutputSide { coarse, fine };

// Leaf by leaf where the geometry allows it, else by look-up.
[[nodiscard]] BlockedEntries build_blocks(const CoordinateSet& fine, const CoordinateSet& coarse,
                                          const KernelGeometry& geometry, OutputSide side);

// One exact look-up per (output row, kernel offset): the plain way, right for every geometry, and
// the reference for faster ones.
[[nodiscard]] BlockedEntries build_blocks_by_lookup(const CoordinateSet& fine,
                                                    const CoordinateSet& coarse,
                                                    const KernelGeometry& geometry,
                                                    OutputSide side);

}  // namespace voxloom
