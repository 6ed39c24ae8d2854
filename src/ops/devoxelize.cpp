// devoxelize: voxel features read at points.

#include "core/error.h"
#include "engine/choice.h"
#include "engine/points.h"
#include "ops/point_arguments.h"
#include "voxloom/points.h"

namespace voxloom {

Tensor devoxelize(const Tensor& points, const SparseTensor& voxels, const Tensor& batch,
                  const DevoxelizeOptions& options) {
  constexpr std::string_view kOp = "devoxelize";
  const CheckedPoints checked = check_points(kOp, points, batch, options.grid);
  require(options.nearest == NearestMode::cell || options.nearest == NearestMode::lattice, kOp,
          "unknown nearest mode number {}", static_cast<int>(options.nearest));
  check_non_finite(kOp, options.non_finite, checked);
  require(options.interpolation == Interpolation::nearest ||
              options.interpolation == Interpolation::linear,
          kOp, "unknown interpolation number {}", static_cast<int>(options.interpolation));
  const Tensor& features = voxels.features();
  Tensor y = Tensor::empty({checked.size(), voxels.channels()}, voxels.dtype(), features.device());
  engine::run(engine::Devoxelize{.points = &checked.positions,
                                 .batch = checked.batches(),
                                 .grid = options.grid,
                                 .interpolation = options.interpolation,
                                 .nearest = options.nearest,
                                 .renormalize = options.renormalize,
                                 .set = &voxels.coords(),
                                 .features = &features,
                                 .y = &y});
  return y;
}

}  // namespace voxloom
