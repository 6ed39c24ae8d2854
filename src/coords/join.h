// Which coordinates two sets have together, and where a set's rows stand in another.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "voxloom/coordinate_set.h"
#include "voxloom/options.h"

namespace voxloom {

// Inner and left keep a's order, right b's, outer is a's rows, then those only b has. A join that
// adds and drops nothing is one of the two sets itself; others are remembered with `a`.
[[nodiscard]] CoordinateSet joined_set(Join join, const CoordinateSet& a, const CoordinateSet& b);

// The same coordinates in the same order, and one stride: what is a row in one is that row in the other.
[[nodiscard]] bool same_rows(const CoordinateSet& a, const CoordinateSet& b);

// For each row of `target` the row of `set`, or -1. Empty when the two are one object: every row is
// its own, and nothing was looked up.
[[nodiscard]] std::vector<std::int32_t> rows_in(const CoordinateSet& set,
                                                const CoordinateSet& target);

// The given rows in the given order, or `set` itself when they are all its rows in order. The rows
// are valid and distinct.
[[nodiscard]] CoordinateSet selected_set(const CoordinateSet& set,
                                         std::span<const std::int32_t> rows);

// Rows inside the box [lo, hi], both ends included.
[[nodiscard]] std::vector<std::int32_t> rows_inside(const CoordinateSet& set, const Triple& lo,
                                                    const Triple& hi);
[[nodiscard]] CoordinateSet cropped_set(const CoordinateSet& set, const Triple& lo,
                                        const Triple& hi, std::span<const std::int32_t> rows);

}  // namespace voxloom
