// Algebra over coordinate sets. Results come in canonical order; strides must be equal; the batch
// count is the larger one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/coordinate_set.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

[[nodiscard]] CoordinateSet union_of(const CoordinateSet& a, const CoordinateSet& b);
[[nodiscard]] CoordinateSet intersection_of(const CoordinateSet& a, const CoordinateSet& b);
[[nodiscard]] CoordinateSet difference_of(const CoordinateSet& a, const CoordinateSet& b);

// The row of each coordinate in `set`, or -1.
[[nodiscard]] std::vector<std::int32_t> lookup(const CoordinateSet& set,
                                               std::span<const Coordinate> coordinates);

// Unique floor(c / stride), in canonical order; the lattice stride is multiplied.
[[nodiscard]] CoordinateSet downsample(const CoordinateSet& set, Triple stride);

struct SortedSet {
  CoordinateSet set;                      // canonical order
  std::vector<std::int32_t> permutation;  // sorted row -> original row
  std::vector<std::int32_t> inverse;      // original row -> sorted row
};
[[nodiscard]] SortedSet sort_canonical(const CoordinateSet& set);

}  // namespace voxloom
