// Between points and voxels. A voxel's gradient goes to its points; a point's to the voxels it read.

#include "autograd/segment_gradient.h"
#include "autograd/tape.h"
#include "engine/choice.h"
#include "engine/spread.h"
#include "ops/point_arguments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

Variable record_merge(const Voxelized& merged, const Variable& features, Reduction reduction) {
  Variable y(merged.tensor);
  if (reduction == Reduction::count || !features.needs_gradient()) return y;
  SegmentGradient rule{reduction, merged.row_of_point, merged.tensor.rows()};
  if (reduction == Reduction::max) rule.features = features.value();
  std::vector<Tensor> saved = {rule.features};
  const auto gradient = [rule = std::move(rule)](const Tensor& dy, GradientSink& to) {
    to.add(0, rule(dy));
  };
  return record(Operation::voxelize, std::move(y), {&features}, std::move(saved), gradient);
}

}  // namespace

Variable voxelize(const PointTensors& where, const Variable& features,
                  const VoxelizeOptions& options) {
  return record_merge(voxloom::voxelize(where.points, features.value(), where.batch, options),
                      features, options.reduction);
}

Variable sparse_from_points(const Tensor& rows, const Variable& features, Reduction reduction,
                            const CoordinateSetOptions& options) {
  return record_merge(voxloom::sparse_from_points(rows, features.value(), reduction, options),
                      features, reduction);
}

Variable devoxelize(const PointTensors& where, const Variable& voxels,
                    const DevoxelizeOptions& options) {
  const Tensor y = voxloom::devoxelize(where.points, voxels.tensor(), where.batch, options);
  const auto gradient = [where, set = voxels.coords(), options](const Tensor& dy,
                                                                GradientSink& to) {
    const CheckedPoints checked =
        check_points("devoxelize", where.points, where.batch, options.grid);
    Tensor dx = Tensor::empty({set.size(), dy.dim(1)}, DType::f32, dy.device());
    engine::run(engine::DevoxelizeGradient{.points = &checked.positions,
                                           .batch = checked.batches(),
                                           .grid = options.grid,
                                           .interpolation = options.interpolation,
                                           .nearest = options.nearest,
                                           .renormalize = options.renormalize,
                                           .set = &set,
                                           .dy = &dy,
                                           .dx = &dx});
    to.add(0, std::move(dx));
  };
  return record(Operation::devoxelize, Variable(y), {&voxels}, {}, gradient);
}

}  // namespace voxloom::autograd
