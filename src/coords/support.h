// Output supports for ops: the public ones (kernel_map.h) with the op's name in their messages.
#pragma once

#include <optional>
#include <string_view>

#include "voxloom/kernel_map.h"

namespace voxloom {

[[nodiscard]] CoordinateSet strided_support(std::string_view op, const CoordinateSet& source,
                                            Triple stride);
[[nodiscard]] CoordinateSet reachable_support(std::string_view op, const CoordinateSet& source,
                                              const KernelSpec& kernel,
                                              const std::optional<Bounds>& bounds);
[[nodiscard]] CoordinateSet transposed_support(std::string_view op, const CoordinateSet& source,
                                               const KernelSpec& kernel);

}  // namespace voxloom
