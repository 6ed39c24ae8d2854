// devoxelize: voxel features read at points.

#include "cpu/devoxelize.h"

#include "core/error.h"
#include "ops/point_arguments.h"
#include "voxloom/points.h"

namespace voxloom {

Tensor devoxelize(const Tensor& points, const SparseTensor& voxels, const Tensor& batch,
                  const DevoxelizeOptions& options) {
  constexpr std::string_view kOp = "devoxelize";
  const cpu::PointGrid grid = check_points(kOp, points, batch, options.grid);
  require(options.nearest == NearestMode::cell || options.nearest == NearestMode::lattice, kOp,
          "unknown nearest mode number {}", static_cast<int>(options.nearest));
  check_non_finite(kOp, options.non_finite, grid);
  Tensor y = Tensor::empty({grid.size(), voxels.channels()}, voxels.dtype());
  const cpu::Devoxelize problem{.points = grid,
                                .voxels = &voxels,
                                .nearest = options.nearest,
                                .renormalize = options.renormalize,
                                .y = &y};
  switch (options.interpolation) {
    case Interpolation::nearest: cpu::devoxelize_nearest(problem); return y;
    case Interpolation::linear: cpu::devoxelize_linear(problem); return y;
  }
  fail(kOp, "unknown interpolation number {}", static_cast<int>(options.interpolation));
}

}  // namespace voxloom
