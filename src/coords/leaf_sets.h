// Leaves of sets that are made from rows or from other sets, in canonical order. Empty leaves may be
// among them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "coords/kernel_geometry.h"
#include "coords/leaf_index.h"
#include "coords/map_builder.h"

namespace voxloom {

// The leaves of rows in any order; rows may repeat.
[[nodiscard]] std::vector<Leaf> leaves_of(std::span<const Coordinate> rows);

// The leaves of floor(c / 2).
[[nodiscard]] std::vector<Leaf> halved(std::span<const Leaf> leaves);

// The leaves of all coordinates on the output side of a geometry that meet some coordinate of `in`
// under some offset. Nothing when the geometry does not suit leaves, or when coordinates could come
// to lie beyond int32.
[[nodiscard]] std::optional<std::vector<Leaf>> swept(const LeafIndex& in,
                                                     const KernelGeometry& geometry,
                                                     OutputSide side);

// Takes away what lies outside the half-open box.
void clip(std::vector<Leaf>& leaves, const Bounds& bounds);

}  // namespace voxloom
