// Reading voxel features at points. Everything was checked by the op; points that are not finite
// read 0, as do points without voxels.
#pragma once

#include "cpu/point_grid.h"

namespace voxloom::cpu {

struct Devoxelize {
  PointGrid points;
  const SparseTensor* voxels = nullptr;
  NearestMode nearest = NearestMode::cell;
  bool renormalize = false;
  Tensor* y = nullptr;  // (P, C), the voxels' dtype; every element is written
};

void devoxelize_nearest(const Devoxelize& problem);
void devoxelize_linear(const Devoxelize& problem);

}  // namespace voxloom::cpu
