// Output supports for ops: the public ones (kernel_map.h) with the op's name in their messages.
#pragma once

#include <optional>
#include <string_view>

#include "coords/kernel_geometry.h"
#include "coords/leaf_index.h"
#include "coords/map_builder.h"
#include "voxloom/kernel_map.h"

namespace voxloom {

[[nodiscard]] CoordinateSet strided_support(std::string_view op, const CoordinateSet& source,
                                            Triple stride);
[[nodiscard]] CoordinateSet reachable_support(std::string_view op, const CoordinateSet& source,
                                              const KernelSpec& kernel,
                                              const std::optional<Bounds>& bounds);
[[nodiscard]] CoordinateSet transposed_support(std::string_view op, const CoordinateSet& source,
                                               const KernelSpec& kernel);

// The coordinates on the output side that meet some row of `source`, cut to `bounds`: what the reachable
// (coarse) and the transposed support (fine) are made of.
[[nodiscard]] LeafIndex reached_index(std::string_view op, const CoordinateSet& source,
                                      const KernelGeometry& geometry, OutputSide side,
                                      const std::optional<Bounds>& bounds);

// std::invalid_argument: a lower end beyond the upper one.
void require_bounds(std::string_view op, const Bounds& bounds);

}  // namespace voxloom
