// Pools and resampling. Sums and means go back over the swapped map; a maximum goes back to the row
// it came from.

#include "autograd/pool_gradients.h"
#include "autograd/segment_gradient.h"
#include "autograd/tape.h"
#include "autograd/trace.h"
#include "ops/conv_maps.h"
#include "ops/pool_weights.h"
#include "schema/describe.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

Variable record_sum(Operation operation, const SparseTensor& y, const Variable& x, MapSum sum) {
  const auto gradient = [sum = std::move(sum)](const Tensor& dy, GradientSink& to) {
    to.add(0, sum.gradient(dy));
  };
  return record(operation, Variable(y), {&x}, {}, gradient);
}

KernelMap pool_map(const Variable& x, const CoordinateSet& pooled, const PoolOptions& o) {
  return forward_map(x.coords(), pooled,
                     {.kernel_size = o.kernel_size,
                      .stride = o.stride,
                      .padding = o.padding,
                      .dilation = o.dilation,
                      .origin = o.origin});
}

SegmentGradient batch_gradient(const Variable& x, PoolMode mode) {
  SegmentGradient gradient{.reduction = mode == PoolMode::max   ? Reduction::max
                                        : mode == PoolMode::avg ? Reduction::mean
                                                                : Reduction::sum,
                           .segment_of_row = {},
                           .segments = x.batch_size()};
  for (const Coordinate& c : x.coords().rows()) gradient.segment_of_row.push_back(c.batch);
  if (mode == PoolMode::max) gradient.features = x.value();
  return gradient;
}

}  // namespace

Variable pool3d(const Variable& x, const PoolOptions& options) {
  if (x.is_symbolic()) return trace({"pool3d", {{"input", x}}, schema::describe(options)});
  const SparseTensor y = voxloom::pool3d(x.tensor(), options);
  const KernelMap map = pool_map(x, y.coords(), options);
  if (options.mode != PoolMode::max) {
    return record_sum(Operation::pool3d, y, x,
                      {.map = map, .offset_weights = {}, .mean = options.mode == PoolMode::avg});
  }
  const auto gradient = [map, value = x.value()](const Tensor& dy, GradientSink& to) {
    to.add(0, scatter_to_winners(map, value, dy));
  };
  return record(Operation::pool3d, Variable(y), {&x}, {x.value()}, gradient);
}

Variable max_unpool3d(const Variable& x, const Variable& pooled, const PoolOptions& options) {
  if (any_symbolic({&x, &pooled})) {
    return trace(
        {"max_unpool3d", {{"input", x}, {"pooled", pooled}}, schema::describe_unpool(options)});
  }
  const SparseTensor y = voxloom::max_unpool3d(x.tensor(), pooled.tensor(), options);
  const KernelMap map = pool_map(x, pooled.coords(), options);
  // x only says who won.
  const auto gradient = [map, value = x.value()](const Tensor& dy, GradientSink& to) {
    to.add(0, gather_from_winners(map, value, dy));
  };
  return record(Operation::max_unpool3d, Variable(y), {&pooled}, {x.value()}, gradient);
}

Variable pool_transpose3d(const Variable& x, const PoolTransposeOptions& given,
                          const Variable& target) {
  if (any_symbolic({&x, &target})) {
    return trace({"pool_transpose3d", {{"input", x}, {"target", target}}, schema::describe(given)});
  }
  const PoolTransposeOptions options = with_target(given, target);
  const SparseTensor y = voxloom::pool_transpose3d(x.tensor(), options);
  const KernelSpec kernel{.kernel_size = options.kernel_size,
                          .stride = options.stride,
                          .padding = options.padding,
                          .dilation = options.dilation,
                          .origin = Origin::corner};
  return record_sum(
      Operation::pool_transpose3d, y, x,
      {.map = transposed_map(x.coords(), y.coords(), kernel), .offset_weights = {}, .mean = true});
}

Variable trilinear_upsample3d(const Variable& x, const UpsampleOptions& given,
                              const Variable& target) {
  if (any_symbolic({&x, &target})) {
    return trace(
        {"trilinear_upsample3d", {{"input", x}, {"target", target}}, schema::describe(given)});
  }
  const UpsampleOptions options = with_target(given, target);
  const SparseTensor y = voxloom::trilinear_upsample3d(x.tensor(), options);
  const KernelSpec kernel = kernel_of(trilinear_geometry("trilinear_upsample3d", options));
  return record_sum(Operation::trilinear_upsample3d, y, x,
                    {.map = transposed_map(x.coords(), y.coords(), kernel),
                     .offset_weights = trilinear_weights(options.stride),
                     .mean = true});
}

Variable global_pool(const Variable& x, PoolMode mode) {
  if (x.is_symbolic()) {
    return trace({"global_pool", {{"input", x}}, {{"mode", schema::describe(mode)}}});
  }
  const Tensor y = voxloom::global_pool(x.tensor(), mode);
  if (!x.needs_gradient()) return {y};
  SegmentGradient rule = batch_gradient(x, mode);
  std::vector<Tensor> saved = {rule.features};
  const auto gradient = [rule = std::move(rule)](const Tensor& dy, GradientSink& to) {
    to.add(0, rule(dy));
  };
  return record(Operation::global_pool, Variable(y), {&x}, std::move(saved), gradient);
}

}  // namespace voxloom::autograd
