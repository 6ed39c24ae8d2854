#include "engine/instance_norm.h"

#include <algorithm>
#include <vector>

#include "autograd/tape.h"
#include "core/error.h"
#include "engine/choice.h"
#include "ops/arithmetic.h"
#include "ops/dense_arguments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

struct InstanceNorm {
  Tensor x, scale, mean, factor;
  Segments batches;

  // Of x, scale and bias.
  void operator()(const Tensor& dy, GradientSink& to) const {
    Tensor dx = to.wants(0) ? float_like(x) : Tensor{};
    Tensor dscale = to.wants(1) ? float_like(scale) : Tensor{};
    Tensor dbias = to.wants(2) ? float_like(scale) : Tensor{};
    engine::run(engine::InstanceNormGradient{.batches = &batches,
                                             .x = &x,
                                             .scale = &scale,
                                             .mean = &mean,
                                             .factor = &factor,
                                             .dy = &dy,
                                             .dx = dx.defined() ? &dx : nullptr,
                                             .dscale = dscale.defined() ? &dscale : nullptr,
                                             .dbias = dbias.defined() ? &dbias : nullptr});
    to.add(2, std::move(dbias));
    to.add(1, std::move(dscale));
    to.add(0, std::move(dx));
  }
};

Segments rows_of_batches(const Variable& x) {
  std::vector<std::int32_t> batch_of_row;
  batch_of_row.reserve(static_cast<std::size_t>(x.coords().size()));
  for (const Coordinate& c : x.coords().rows()) batch_of_row.push_back(c.batch);
  if (x.batch_size() <= x.coords().size()) return group_rows(batch_of_row, x.batch_size());
  // Most are without rows: what is kept should not grow with the largest number that a row has.
  std::vector<std::int32_t> present = batch_of_row;
  std::ranges::sort(present);
  present.erase(std::unique(present.begin(), present.end()), present.end());
  for (std::int32_t& batch : batch_of_row) {
    batch = static_cast<std::int32_t>(std::ranges::lower_bound(present, batch) - present.begin());
  }
  return group_rows(batch_of_row, static_cast<std::int64_t>(present.size()));
}

}  // namespace

Variable instance_norm(const Variable& x, const Affine& affine, float eps) {
  constexpr std::string_view kOp = "instance_norm";
  require(!x.is_symbolic(), kOp, "a graph has no word for it");
  require(x.is_sparse(), kOp, "needs a sparse tensor, whose rows belong to batches");
  const Tensor& value = x.value();
  check_matrix(kOp, value);
  require(value.dtype() == DType::f32, kOp, "needs float32 rows, got {}",
          voxloom::name_of(value.dtype()));
  const Tensor& scale = affine.scale.value();
  check_vector(kOp, value, scale, "scale");
  if (affine.bias.defined()) check_vector(kOp, value, affine.bias.value(), "bias");
  check_eps(kOp, eps);
  InstanceNorm norm{
      .x = value, .scale = scale, .mean = {}, .factor = {}, .batches = rows_of_batches(x)};
  norm.mean = Tensor::empty({norm.batches.count(), value.dim(1)}, DType::f32, value.device());
  norm.factor = float_like(norm.mean);
  Tensor y = float_like(value);
  engine::run(engine::InstanceNorm{.batches = &norm.batches,
                                   .x = &value,
                                   .scale = &scale,
                                   .bias = affine.bias.defined() ? &affine.bias.value() : nullptr,
                                   .eps = eps,
                                   .mean = &norm.mean,
                                   .factor = &norm.factor,
                                   .y = &y});
  return record(Operation::instance_norm, like(x, y), {&x, &affine.scale, &affine.bias},
                {norm.x, norm.mean, norm.factor}, norm);
}

}  // namespace voxloom::autograd
