// Points and the voxels that hold them, as problems. A point in voxels from the grid's origin is
//   q = (p - origin) / voxel_size      in binary64, from float32 positions (point_grid.h)
// Coordinates and batches are on the host, positions and features on the problem's device.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "voxloom/coordinate_set.h"
#include "voxloom/options.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

// cells[i] = floor(q) and the point's batch.
struct PointCells {
  static constexpr std::string_view kName = "point_cells";

  const Tensor* points = nullptr;            // (P,3) float32
  std::span<const std::int32_t> batch = {};  // P, not negative; empty: all 0
  Grid grid = {};
  std::span<Coordinate> cells = {};  // P; batch -1 where a position is not finite
  std::int64_t* beyond = nullptr;    // the first point whose cell does not fit 32 bits, or -1

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.points);
  }
};

// y[i] = the features of the voxel that holds point i, or the trilinear mean of those around it. Points
// that are not finite read 0, as do points without voxels.
struct Devoxelize {
  static constexpr std::string_view kName = "devoxelize";

  const Tensor* points = nullptr;            // (P,3) float32
  std::span<const std::int32_t> batch = {};  // P; empty: all 0
  Grid grid = {};
  Interpolation interpolation = Interpolation::nearest;
  NearestMode nearest = NearestMode::cell;
  bool renormalize = false;            // linear: divide by the weight present
  const CoordinateSet* set = nullptr;  // of the voxels
  const Tensor* features = nullptr;    // (N, C), float32 / float16 / bfloat16
  Tensor* y = nullptr;                 // (P, C) of the features' dtype; every element is written

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.points);
    visit.reads(p.features);
    visit.writes(p.y);
  }
};

}  // namespace voxloom::engine
