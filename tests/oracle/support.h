// Output supports: which rows an op's output has, and in which order.
// Generated sets come in canonical order; a generated coordinate beyond int32 throws
// std::overflow_error. Submanifold and target supports keep the order they were given.
#pragma once

#include <optional>
#include <vector>

#include "oracle/coords.h"
#include "oracle/kernel.h"

namespace voxloom_oracle {

// Half-open [lo, hi) per axis, in output lattice coordinates. 64 bits wide: hi = 2^31 is legal.
struct Bounds {
  Triple lo;
  Triple hi;
};

inline bool inside(const std::array<Wide, 3>& p, const Bounds& bounds) {
  for (int axis = 0; axis < 3; ++axis) {
    const Wide value = p[static_cast<size_t>(axis)];
    if (value < bounds.lo[axis] || value >= bounds.hi[axis]) return false;
  }
  return true;
}

inline std::vector<Coord> submanifold_support(const std::vector<Coord>& input) { return input; }

// Stride (1,1,1) is the input's own set in its own order; otherwise unique floor(c / stride).
// Kernel, padding and dilation never add rows, so they are no arguments.
inline std::vector<Coord> strided_support(const std::vector<Coord>& input, const Triple& stride) {
  if (stride == Triple{1, 1, 1}) return input;
  std::vector<Coord> rows;
  for (const Coord& c : input) {
    rows.push_back(checked_coord(
        c[0], {floor_div(c[1], stride.x), floor_div(c[2], stride.y), floor_div(c[3], stride.z)}));
  }
  return canonical_unique(rows);
}

// Every out that at least one input reaches on the forward geometry. The bounds clip before the
// overflow check, so a clipped coordinate is never an error.
inline std::vector<Coord> reachable_support(const std::vector<Coord>& input,
                                            const std::vector<Triple>& offsets, const Geometry& g,
                                            const std::optional<Bounds>& bounds = {}) {
  std::vector<Coord> rows;
  for (const Coord& c : input) {
    for (const Triple& off : offsets) {
      std::array<Wide, 3> out{};
      if (!solve_offset(c, off, g, out)) continue;
      if (bounds && !inside(out, *bounds)) continue;
      rows.push_back(checked_coord(c[0], out));
    }
  }
  return canonical_unique(rows);
}

inline std::vector<Coord> target_support(const std::vector<Coord>& target) {
  rows_by_coord(target);  // throws on a duplicate
  return target;
}

// Unique in*stride + off*dilation - padding over all inputs and offsets.
inline std::vector<Coord> transposed_support(const std::vector<Coord>& input,
                                             const std::vector<Triple>& offsets,
                                             const Geometry& g) {
  std::vector<Coord> rows;
  for (const Coord& c : input) {
    for (const Triple& off : offsets) {
      rows.push_back(checked_coord(c[0], apply_offset(c, off, g)));
    }
  }
  return canonical_unique(rows);
}

}  // namespace voxloom_oracle
