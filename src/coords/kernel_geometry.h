// A kernel's geometry with everything that does not matter taken out: fine = coarse*stride + shift_k.
// Two kernels with the same geometry share their maps.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "coords/derived_cache.h"
#include "voxloom/kernel_map.h"

namespace voxloom {

// Throws std::invalid_argument unless sizes, stride and dilation are at least 1, padding is not
// negative, the origin is known and the volume is bounded. `op` stands in the message.
void check_kernel(std::string_view op, const KernelSpec& kernel);

struct KernelGeometry {
  struct Shift {
    std::int64_t x, y, z;
    friend constexpr bool operator==(const Shift&, const Shift&) = default;
  };

  Triple stride = 1;
  std::vector<Shift> shifts;  // one per kernel offset

  // Checks the kernel and works out the shifts.
  [[nodiscard]] static KernelGeometry from(std::string_view op, const KernelSpec& kernel);

  [[nodiscard]] std::int64_t volume() const { return static_cast<std::int64_t>(shifts.size()); }
  // Offset k and offset K-1-k are mirror images and the stride is 1: over one set, the map with
  // its rows swapped is the map with its offsets mirrored.
  [[nodiscard]] bool is_symmetric() const;
  // No two shifts are congruent modulo the stride: a fine row meets at most one coarse row.
  [[nodiscard]] bool has_single_partners() const;
  // The shifts are those from 0 below the stride, each once: a fine row meets the coarse row in whose cell it
  // lies, and no other.
  [[nodiscard]] bool tiles() const;
  [[nodiscard]] DerivedCache::Key key() const;
};

}  // namespace voxloom
