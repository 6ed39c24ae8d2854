// The engine's encoding of a caller's own pairs.
#pragma once

#include <cstdint>
#include <span>

#include "coords/map_blocks.h"
#include "coords/map_builder.h"

namespace voxloom {

// `pairs` go from fine (in_row) to coarse rows (out_row); `side` is where the output is.
// std::invalid_argument when an output row has two entries under one offset.
[[nodiscard]] BlockedEntries blocks_of_pairs(const CoordinateSet& fine, const CoordinateSet& coarse,
                                             std::int64_t volume, std::span<const MapEntry> pairs,
                                             OutputSide side);

}  // namespace voxloom
