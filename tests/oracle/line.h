// Short spellings for one-dimensional, one-channel hand-worked cases.
#pragma once

#include <vector>

#include "oracle/kernel.h"
#include "oracle/map.h"
#include "oracle/types.h"

namespace voxloom_oracle {

// Batch 0 coordinates on the x axis.
inline std::vector<Coord> line(const std::vector<int64_t>& xs) {
  std::vector<Coord> coords;
  for (int64_t x : xs) coords.push_back({0, x, 0, 0});
  return coords;
}

// One channel, one value per row.
inline Features column(const std::vector<double>& values) {
  return {static_cast<int64_t>(values.size()), 1, values};
}

// A kernel of n cells along x.
inline std::vector<Triple> line_offsets(int64_t n, Origin origin) {
  return kernel_offsets({n, 1, 1}, origin);
}

inline Geometry line_geometry(int64_t stride, int64_t padding = 0, int64_t dilation = 1) {
  return {.stride = {stride, 1, 1}, .padding = {padding, 0, 0}, .dilation = {dilation, 1, 1}};
}

}  // namespace voxloom_oracle
