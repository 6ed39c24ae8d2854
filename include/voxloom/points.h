// Between points and voxels. docs/semantics.md, section 8.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/options.h"
#include "voxloom/sparse_tensor.h"

namespace VOXLOOM_API voxloom {

struct VoxelizeOptions {
  Grid grid = {};
  Reduction reduction = Reduction::mean;
  NonFinite non_finite = NonFinite::error;  // of positions; features may be anything
  Triple stride = 1;                        // metadata of the result only
  std::optional<std::int64_t> batch_size = {};
};

struct Voxelized {
  SparseTensor tensor;                     // canonical order
  std::vector<std::int32_t> row_of_point;  // -1: dropped
  std::int64_t dropped = 0;
};

// `points` (P,3) float32; `features` (P,C), or undefined with Reduction::count;
// `batch` (P) int32, or undefined: all 0. cell = floor((p - origin) / voxel_size) in float64.
// Reduction::count gives one channel (float32 without features, else their dtype).
[[nodiscard]] Voxelized voxelize(const Tensor& points, const Tensor& features,
                                 const Tensor& batch = {}, const VoxelizeOptions& options = {});

struct DevoxelizeOptions {
  Grid grid = {};
  Interpolation interpolation = Interpolation::nearest;
  NearestMode nearest = NearestMode::cell;  // cell: the cell that holds the point;
                                            // lattice: floor(q + 0.5)
  bool renormalize = false;                 // linear: divide by the weight present
  NonFinite non_finite = NonFinite::error;  // a dropped point gets 0
};

// (P,C) in the voxels' dtype; a point without voxels gets 0.
[[nodiscard]] Tensor devoxelize(const Tensor& points, const SparseTensor& voxels,
                                const Tensor& batch = {}, const DevoxelizeOptions& options = {});

// A sparse tensor from rows that may repeat: duplicates are merged by `reduction`. Rows are checked
// whatever options.trusted says: merging looks at each of them anyway.
[[nodiscard]] Voxelized sparse_from_points(const Tensor& rows, const Tensor& features,
                                           Reduction reduction,
                                           const CoordinateSetOptions& options = {});

}  // namespace voxloom
