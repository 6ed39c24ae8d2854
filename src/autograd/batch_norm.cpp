// Batch norm over the rows of a tensor: with given statistics, and with its own.

#include "engine/batch_norm.h"

#include "autograd/tape.h"
#include "autograd/trace.h"
#include "core/error.h"
#include "engine/choice.h"
#include "ops/arithmetic.h"
#include "ops/dense_arguments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

const Tensor* or_none(const Tensor& tensor) { return tensor.defined() ? &tensor : nullptr; }

// What the gradient reads.
struct BatchNorm {
  Tensor x, y;  // y only with a rectifier
  Tensor scale;
  Statistics statistics;
  float eps = 0;
  bool is_own = true;  // the statistics are x's own

  // Of x, scale, bias and residual.
  void operator()(Tensor dy, GradientSink& to) const {
    if (y.defined() && !dy.is_unique()) dy = dy.clone();  // it is rectified in place
    const auto vector = [&](std::size_t input) {
      return to.wants(input) ? float_like(scale) : Tensor{};
    };
    Tensor dscale = vector(1), dbias = vector(2), dx;
    // The residual's gradient stays as it is.
    if (to.wants(0)) dx = to.wants(3) ? float_like(x) : place_over(dy);
    engine::run(engine::BatchNormGradient{.x = &x,
                                          .y = or_none(y),
                                          .scale = &scale,
                                          .mean = &statistics.mean,
                                          .variance = &statistics.variance,
                                          .eps = eps,
                                          .is_own = is_own,
                                          .dy = &dy,
                                          .dscale = dscale.defined() ? &dscale : nullptr,
                                          .dbias = dbias.defined() ? &dbias : nullptr,
                                          .dx = dx.defined() ? &dx : nullptr});
    to.add(1, std::move(dscale));
    to.add(2, std::move(dbias));
    to.add(3, std::move(dy));
    to.add(0, std::move(dx));
  }
};

Variable record_batch_norm(Operation operation, Variable result, const Variable& x,
                           const Affine& affine, const Variable& residual, BatchNorm norm) {
  std::vector<Tensor> saved = {norm.x, norm.y};
  return record(operation, std::move(result), {&x, &affine.scale, &affine.bias, &residual},
                std::move(saved), std::move(norm));
}

Statistics column_statistics(const Tensor& x) {
  Statistics statistics{Tensor::empty({x.dim(1)}, DType::f32, x.device()),
                        Tensor::empty({x.dim(1)}, DType::f32, x.device())};
  engine::run(engine::ColumnStatistics{
      .x = &x, .mean = &statistics.mean, .variance = &statistics.variance});
  return statistics;
}

}  // namespace

Variable batch_norm(const Variable& x, const Affine& affine, const Statistics& statistics,
                    float eps) {
  const Tensor& scale = affine.scale.value();
  const Tensor bias = affine.bias.defined()
                          ? affine.bias.value()
                          : Tensor::zeros(scale.shape(), DType::f32, scale.device());
  if (x.is_symbolic()) {
    return trace({"batch_norm",
                  {{"input", x},
                   {"scale", affine.scale},
                   {"bias", Variable(bias)},
                   {"mean", Variable(statistics.mean)},
                   {"var", Variable(statistics.variance)}},
                  {{"eps", eps}}});
  }
  const Tensor y = voxloom::batch_norm(
      x.value(),
      {.scale = scale, .bias = bias, .mean = statistics.mean, .variance = statistics.variance},
      eps);
  return record_batch_norm(Operation::batch_norm, like(x, y), x, affine, {},
                           {.x = x.value(),
                            .y = {},
                            .scale = scale,
                            .statistics = statistics,
                            .eps = eps,
                            .is_own = false});
}

BatchNormResult batch_norm_of_batch(const Variable& x, const Affine& affine,
                                    const BatchNormTail& tail, float eps) {
  constexpr std::string_view kOp = "batch_norm";
  check_matrix(kOp, x.value());
  require(x.value().dtype() == DType::f32, kOp, "statistics of a batch need float32 rows, got {}",
          voxloom::name_of(x.value().dtype()));
  check_vector(kOp, x.value(), affine.scale.value(), "scale");
  if (affine.bias.defined()) check_vector(kOp, x.value(), affine.bias.value(), "bias");
  check_eps(kOp, eps);
  const Variable& residual = tail.residual;
  require(!residual.defined() || (residual.value().shape() == x.value().shape() &&
                                  residual.value().dtype() == DType::f32),
          kOp, "expected a residual of shape {} and type float32, got {}", x.value().shape(),
          residual.value());
  require(!residual.defined() || has_rows_of(residual, x), kOp,
          "the residual {} does not live on the rows of {}", residual.value(), x.value());
  const Statistics statistics = column_statistics(x.value());
  Tensor y = float_like(x.value());
  engine::run(engine::BatchNormOfBatch{.x = &x.value(),
                                       .scale = &affine.scale.value(),
                                       .bias = or_none(affine.bias.value()),
                                       .mean = &statistics.mean,
                                       .variance = &statistics.variance,
                                       .eps = eps,
                                       .residual = or_none(residual.value()),
                                       .relu = tail.relu,
                                       .y = &y});
  BatchNorm norm{.x = x.value(),
                 .y = tail.relu ? y : Tensor{},
                 .scale = affine.scale.value(),
                 .statistics = statistics,
                 .eps = eps};
  return {record_batch_norm(Operation::batch_norm_batch, like(x, y), x, affine, residual,
                            std::move(norm)),
          statistics};
}

}  // namespace voxloom::autograd
