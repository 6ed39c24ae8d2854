// Kernel offsets and the two relations between input and output coordinates.
//   forward:     in  = out*stride + off*dilation - padding
//   transposed:  out = in*stride  + off*dilation - padding
#pragma once

#include <vector>

#include "oracle/types.h"

namespace voxloom_oracle {

enum class Origin { kCentered, kCorner };

struct Geometry {
  Triple stride{1, 1, 1};
  Triple padding{0, 0, 0};
  Triple dilation{1, 1, 1};
};

inline int64_t volume(const Triple& t) { return t.x * t.y * t.z; }

// k of the kernel cell (ix, iy, iz): z is the fastest axis.
inline int64_t kernel_index(const Triple& size, int64_t ix, int64_t iy, int64_t iz) {
  return (ix * size.y + iy) * size.z + iz;
}

// Centered: an odd size is symmetric about 0; an even size has no middle and starts at 0.
inline int64_t axis_offset(int64_t size, int64_t i, Origin origin) {
  const bool symmetric = origin == Origin::kCentered && size % 2 == 1;
  return symmetric ? i - size / 2 : i;
}

inline std::vector<Triple> kernel_offsets(const Triple& size, Origin origin) {
  std::vector<Triple> offsets(static_cast<size_t>(volume(size)));
  for (int64_t ix = 0; ix < size.x; ++ix) {
    for (int64_t iy = 0; iy < size.y; ++iy) {
      for (int64_t iz = 0; iz < size.z; ++iz) {
        offsets[static_cast<size_t>(kernel_index(size, ix, iy, iz))] = {
            axis_offset(size.x, ix, origin), axis_offset(size.y, iy, origin),
            axis_offset(size.z, iz, origin)};
      }
    }
  }
  return offsets;
}

// base*stride + off*dilation - padding: the input of a forward map when base is the output, the
// output of a transposed map when base is the input. Spatial part only; the batch never changes.
inline std::array<Wide, 3> apply_offset(const Coord& base, const Triple& off, const Geometry& g) {
  std::array<Wide, 3> p{};
  for (int axis = 0; axis < 3; ++axis) {
    const auto a = static_cast<size_t>(axis);
    p[a] =
        Wide{base[a + 1]} * g.stride[axis] + Wide{off[axis]} * g.dilation[axis] - g.padding[axis];
  }
  return p;
}

// The inverse question: which base gives `image` under this offset? False when the stride does not
// divide, because then no base does.
inline bool solve_offset(const Coord& image, const Triple& off, const Geometry& g,
                         std::array<Wide, 3>& base) {
  for (int axis = 0; axis < 3; ++axis) {
    const auto a = static_cast<size_t>(axis);
    const Wide scaled = Wide{image[a + 1]} - Wide{off[axis]} * g.dilation[axis] + g.padding[axis];
    if (scaled % g.stride[axis] != 0) return false;
    base[a] = scaled / g.stride[axis];
  }
  return true;
}

}  // namespace voxloom_oracle
