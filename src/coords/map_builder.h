// Building the blocked entries of a map.
#pragma once

#include "coords/map_blocks.h"
#include "coords/relation.h"

namespace voxloom {

enum class OutputSide { coarse, fine };

// Leaf by leaf where the relation allows it, else by look-up.
[[nodiscard]] BlockedEntries build_blocks(const CoordinateSet& fine, const CoordinateSet& coarse,
                                          const Relation& relation, OutputSide side);

// One exact look-up per (output row, kernel offset): the plain way, right for every relation, and
// the reference for faster ones.
[[nodiscard]] BlockedEntries build_blocks_by_lookup(const CoordinateSet& fine,
                                                    const CoordinateSet& coarse,
                                                    const Relation& relation, OutputSide side);

}  // namespace voxloom
