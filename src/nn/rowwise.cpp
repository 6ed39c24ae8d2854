// Modules that act on each row alone, and those that only forward their options.

#include "autograd/tape.h"
#include "core/error.h"
#include "ops/arithmetic.h"
#include "voxloom/nn.h"

namespace voxloom::nn {
namespace {

Tensor constant(std::int64_t channels, float value) {
  return Tensor::full({channels}, DType::f32, value);
}

Variable with_residual(const Variable& y, const Variable& residual) {
  if (y.is_symbolic() || residual.is_symbolic()) return autograd::add(y, residual);
  if (!y.is_sparse()) return autograd::plus(y, residual.dense());
  require(autograd::has_rows_of(residual, y), "nn::BatchNorm",
          "the residual {} does not live on the rows of {}", residual.value(), y.value());
  // On y's own set, so that the sum finds its rows without a look.
  return autograd::add(y, residual.on_rows_of(y));
}

}  // namespace

BatchNorm::BatchNorm(std::int64_t channels, float eps_)
    : scale(constant(channels, 1)),
      bias(constant(channels, 0)),
      mean(constant(channels, 0)),
      variance(constant(channels, 1)),
      eps(eps_) {}

BatchNormParameters BatchNorm::parameters() const {
  return {.scale = scale, .bias = bias, .mean = mean, .variance = variance};
}

Variable BatchNorm::run(const Variable& x, Pass& pass) const { return run(x, {}, pass); }

Variable BatchNorm::run(const Variable& x, const autograd::BatchNormTail& tail, Pass& pass) const {
  const autograd::Affine affine{pass.parameter(scale), pass.parameter(bias)};
  if (pass.is_training()) {
    autograd::BatchNormResult result = autograd::batch_norm_of_batch(x, affine, tail, eps);
    note_statistics(result.statistics, x.value().dim(0), pass);
    return std::move(result.y);
  }
  Variable y = autograd::batch_norm(x, affine, {mean, variance}, eps);
  if (tail.residual.defined()) y = with_residual(y, tail.residual);
  return tail.relu ? autograd::activate(y, Activation::relu) : y;
}

// The variance over all rows there will ever be is estimated from n of them: n / (n - 1).
void BatchNorm::note_statistics(const autograd::Statistics& seen, std::int64_t rows,
                                Pass& pass) const {
  if (rows == 0) return;
  const auto count = static_cast<float>(rows);
  pass.note_statistic(mean, seen.mean);
  pass.note_statistic(variance, scaled(seen.variance, rows > 1 ? count / (count - 1.0F) : 1.0F));
}

void BatchNorm::collect_parameters(const std::string& prefix,
                                   std::vector<NamedParameter>& to) const {
  collect(prefix + "weight", scale, to);
  collect(prefix + "bias", bias, to);
  collect(prefix + "running_mean", mean, to, false);
  collect(prefix + "running_var", variance, to, false);
}

LayerNorm::LayerNorm(std::int64_t channels, float eps_)
    : scale(constant(channels, 1)), bias(constant(channels, 0)), eps(eps_) {}

Variable LayerNorm::run(const Variable& x, Pass& pass) const {
  return autograd::layer_norm(x, {pass.parameter(scale), pass.parameter(bias)}, eps);
}

void LayerNorm::collect_parameters(const std::string& prefix,
                                   std::vector<NamedParameter>& to) const {
  collect(prefix + "weight", scale, to);
  collect(prefix + "bias", bias, to);
}

RmsNorm::RmsNorm(std::int64_t channels, float eps_) : scale(constant(channels, 1)), eps(eps_) {}

Variable RmsNorm::run(const Variable& x, Pass& pass) const {
  return autograd::rms_norm(x, pass.parameter(scale), eps);
}

void RmsNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) const {
  collect(prefix + "weight", scale, to);
}

GroupNorm::GroupNorm(std::int64_t channels, std::int64_t groups_, float eps_)
    : scale(constant(channels, 1)), bias(constant(channels, 0)), groups(groups_), eps(eps_) {
  require(groups >= 1 && channels % groups == 0, "nn::GroupNorm",
          "{} channels do not split into {} groups", channels, groups);
}

Variable GroupNorm::run(const Variable& x, Pass& pass) const {
  return autograd::group_norm(x, {pass.parameter(scale), pass.parameter(bias)}, groups, eps);
}

void GroupNorm::collect_parameters(const std::string& prefix,
                                   std::vector<NamedParameter>& to) const {
  collect(prefix + "weight", scale, to);
  collect(prefix + "bias", bias, to);
}

InstanceNorm::InstanceNorm(std::int64_t channels, float eps_)
    : scale(constant(channels, 1)), bias(constant(channels, 0)), eps(eps_) {}

Variable InstanceNorm::run(const Variable& x, Pass& pass) const {
  return autograd::instance_norm(x, {pass.parameter(scale), pass.parameter(bias)}, eps);
}

void InstanceNorm::collect_parameters(const std::string& prefix,
                                      std::vector<NamedParameter>& to) const {
  collect(prefix + "weight", scale, to);
  collect(prefix + "bias", bias, to);
}

Dropout::Dropout(float probability_) : probability(probability_) {
  require(probability >= 0.0F && probability < 1.0F, "nn::Dropout",
          "the probability should lie in [0, 1), got {}", probability);
}

Variable Dropout::run(const Variable& x, Pass& pass) const {
  return pass.is_training() ? autograd::dropout(x, probability, pass.next_seed()) : x;
}

Variable Activate::run(const Variable& x, Pass& /*pass*/) const {
  return autograd::activate(x, kind, options);
}

Variable Pool3d::run(const Variable& x, Pass& /*pass*/) const {
  return autograd::pool3d(x, options);
}

Variable PoolTranspose3d::run(const Variable& x, Pass& /*pass*/) const {
  return autograd::pool_transpose3d(x, options);
}

Variable TrilinearUpsample3d::run(const Variable& x, Pass& /*pass*/) const {
  return autograd::trilinear_upsample3d(x, options);
}

}  // namespace voxloom::nn
