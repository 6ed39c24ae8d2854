// Losses that compare elements with targets.
#include <cmath>

#include "autograd/tape.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/losses.h"
#include "ops/arithmetic.h"
#include "ops/dense_arguments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

void check_targets(std::string_view op, const Tensor& x, const Tensor& targets,
                   const Tensor& row_weights) {
  check_matrix(op, x);
  require(x.dtype() == DType::f32 && x.dim(1) >= 1, op,
          "expected float32 values of at least one channel, got {}", x);
  require(targets.defined() && targets.shape() == x.shape() && targets.dtype() == DType::f32, op,
          "expected targets of shape {} and type float32, got {}", x.shape(), targets);
  if (!row_weights.defined()) return;
  require(row_weights.rank() == 1 && row_weights.dim(0) == x.dim(0) &&
              row_weights.dtype() == DType::f32,
          op, "expected row weights of shape ({}) and type float32, got {}", x.dim(0), row_weights);
  const Tensor on_host = row_weights.to(Device{});
  for (const float w : on_host.span<float>()) {
    require(std::isfinite(w) && w >= 0.0F, op, "a row weight is {}", w);
  }
}

// The loss of others has no lower bound: a label of 255 would be learned from, and nothing say so.
void check_shares(std::string_view op, const Tensor& targets, const Tensor& row_weights) {
  const Tensor on_host = targets.to(Device{});
  const Tensor weights = row_weights.defined() ? row_weights.to(Device{}) : Tensor{};
  const std::int64_t width = targets.dim(1);
  const float* target = on_host.data<float>();
  for (std::int64_t row = 0; row < targets.dim(0); ++row, target += width) {
    if (weights.defined() && !(weights.data<float>()[row] > 0)) continue;
    for (std::int64_t c = 0; c < width; ++c) {
      require(target[c] >= 0.0F && target[c] <= 1.0F, op,
              "the target of row {}, channel {} is {}, expected 0 to 1", row, c, target[c]);
    }
  }
}

Variable element_loss(Operation operation, engine::ElementLossKind kind, const Variable& x,
                      const Tensor& targets, float parameter, const Tensor& row_weights) {
  const Tensor& value = x.value();
  check_targets(name_of(operation), value, targets, row_weights);
  if (kind == engine::ElementLossKind::binary_cross_entropy) {
    check_shares(name_of(operation), targets, row_weights);
  }
  Tensor loss = Tensor::empty({1}, DType::f32, value.device());
  Tensor dx = float_like(value);
  engine::run(engine::ElementLoss{.kind = kind,
                                  .parameter = parameter,
                                  .x = &value,
                                  .targets = &targets,
                                  .row_weights = row_weights.defined() ? &row_weights : nullptr,
                                  .loss = &loss,
                                  .dx = &dx});
  const auto gradient = [dx](const Tensor& dy, GradientSink& to) {
    to.add(0, multiplied_by_element(dx, dy));
  };
  return record(operation, Variable(std::move(loss)), {&x}, {dx}, gradient);
}

void check_above_zero(Operation operation, const char* name, float value) {
  require(std::isfinite(value) && value > 0.0F, name_of(operation), "{} should be above 0, got {}",
          name, value);
}

}  // namespace

Variable squared_error(const Variable& x, const Tensor& targets, const Tensor& row_weights) {
  return element_loss(Operation::squared_error, engine::ElementLossKind::squared, x, targets, 1,
                      row_weights);
}

Variable smooth_l1(const Variable& x, const Tensor& targets, float beta,
                   const Tensor& row_weights) {
  check_above_zero(Operation::smooth_l1, "beta", beta);
  return element_loss(Operation::smooth_l1, engine::ElementLossKind::smooth_l1, x, targets, beta,
                      row_weights);
}

Variable binary_cross_entropy(const Variable& x, const Tensor& targets, float positive,
                              const Tensor& row_weights) {
  check_above_zero(Operation::binary_cross_entropy, "the weight of positives", positive);
  return element_loss(Operation::binary_cross_entropy,
                      engine::ElementLossKind::binary_cross_entropy, x, targets, positive,
                      row_weights);
}

}  // namespace voxloom::autograd
