// The rows of an output that the caller asked for.
#pragma once

#include <cstdint>
#include <string_view>

#include "voxloom/conv.h"

namespace voxloom {

[[nodiscard]] inline bool has_target(const Target& target) {
  return !std::holds_alternative<std::monostate>(target);
}

// The caller's set, in the caller's order. A set or a tensor must have stride `output_stride`; an
// (N,4) array is taken at it, with at least `batch_size` batches.
[[nodiscard]] CoordinateSet resolve_target(std::string_view op, const Target& target,
                                           const Triple& output_stride, std::int64_t batch_size);

// The batch count of the target, 0 where it has none of its own.
[[nodiscard]] std::int64_t target_batch_size(const Target& target);

}  // namespace voxloom
