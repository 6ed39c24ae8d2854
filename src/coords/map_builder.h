// Building the blocked entries of a map: one exact look-up per (output row, kernel offset).
// This is the plain way, right for every relation, and the reference for faster ones.
#pragma once

#include "coords/map_blocks.h"
#include "coords/relation.h"

namespace voxloom {

enum class OutputSide { coarse, fine };

[[nodiscard]] BlockedEntries build_blocks_by_lookup(const CoordinateSet& fine,
                                                    const CoordinateSet& coarse,
                                                    const Relation& relation, OutputSide side);

}  // namespace voxloom
