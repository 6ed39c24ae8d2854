// The order in which a loop over kernel offsets, then input rows, meets output rows first: the one in which libraries
// number outputs that find them while they look for pairs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "coords/map_blocks.h"
#include "coords/map_builder.h"

namespace voxloom {

// Output rows that have entries, in that order. `sources`: how many input rows there are.
// std::invalid_argument: an input row that meets two of them under one offset, which pairs of the caller's own can say.
[[nodiscard]] std::vector<std::int32_t> rows_as_met(std::string_view op, const MapBlocks& blocks,
                                                    std::int64_t sources);

// The same error for whoever else wants one partner; `met` is the one before.
[[noreturn]] void fail_two_partners(std::string_view op, std::int32_t in, std::int32_t met,
                                    std::int32_t out);

struct Reached {
  CoordinateSet set;
  KernelMap map;
};

// What a forward (coarse) or transposed (fine) kernel reaches from `source` inside `bounds`, numbered in that order, and
// the map onto it. Set, order and map come of one sweep over the entries. The set has the lattice stride of `source`.
// Errors: as reachable_support and transposed_support.
[[nodiscard]] Reached reached_as_met(std::string_view op, const CoordinateSet& source,
                                     const KernelSpec& kernel, OutputSide side,
                                     const std::optional<Bounds>& bounds);

}  // namespace voxloom
