#include "nn/fold.h"

#include <cmath>

#include "core/error.h"
#include "ops/dense_arguments.h"

namespace voxloom::nn {
namespace {

void check_parameter(std::string_view op, const Tensor& values, std::string_view name,
                     std::int64_t channels) {
  require(values.defined() && values.rank() == 1 && values.dim(0) == channels &&
              values.dtype() == DType::f32,
          op, "expected the norm's {} of shape ({}) and type float32, got {}", name, channels,
          values);
}

// The output channel that an element of a weight belongs to.
std::int64_t channel_of(const Tensor& weight, bool is_linear, std::int64_t element,
                        std::int64_t channels) {
  const Shape& shape = weight.shape();
  switch (weight.rank()) {
    case 5: return element / (weight.size() / channels);
    case 4: return element / (shape[2] * shape[3]) % shape[1] * shape[3] + element % shape[3];
    case 3: return element % channels;
    default: return is_linear ? element / shape[1] : element % shape[1];
  }
}

}  // namespace

FoldedNorm fold(const BatchNormParameters& p, float eps) {
  FoldedNorm folded{Tensor::empty(p.scale.shape(), DType::f32),
                    Tensor::empty(p.scale.shape(), DType::f32)};
  const auto factors = folded.factor.mutable_span<float>();
  const auto shifts = folded.shift.mutable_span<float>();
  for (std::size_t c = 0; c < factors.size(); ++c) {
    const double deviation = std::sqrt(double{p.variance.span<float>()[c]} + double{eps});
    const double factor = double{p.scale.span<float>()[c]} / deviation;
    factors[c] = static_cast<float>(factor);
    shifts[c] = static_cast<float>(double{p.bias.span<float>()[c]} -
                                   double{p.mean.span<float>()[c]} * factor);
  }
  return folded;
}

FoldedNorm fold(std::string_view op, const BatchNorm& norm, std::int64_t channels) {
  const BatchNormParameters& p = norm.parameters;
  check_parameter(op, p.scale, "scale", channels);
  check_parameter(op, p.bias, "bias", channels);
  check_parameter(op, p.mean, "mean", channels);
  check_parameter(op, p.variance, "variance", channels);
  check_eps(op, norm.eps);
  return fold(p, norm.eps);
}

bool can_fold(const ConvolutionBase& product) {
  const auto* weight = std::get_if<Tensor>(&product.weight);
  if (weight == nullptr || weight->dtype() != DType::f32 || product.is_normalized()) return false;
  // Elsewhere than in Linear, rank 2 is also what depthwise weights have.
  return weight->rank() > 2 || dynamic_cast<const Linear*>(&product) != nullptr;
}

FoldedProduct fold(const Tensor& weight, bool is_linear, const Tensor& bias,
                   const FoldedNorm& norm) {
  const std::int64_t channels = norm.shift.size();
  const std::span<const float> factors = norm.factor.span<float>();
  Tensor scaled = weight.clone();
  const auto values = scaled.mutable_span<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t c = channel_of(weight, is_linear, static_cast<std::int64_t>(i), channels);
    values[i] *= factors[static_cast<std::size_t>(c)];
  }
  Tensor shifted = norm.shift.clone();
  for (std::size_t c = 0; bias.defined() && c < factors.size(); ++c) {
    shifted.mutable_span<float>()[c] += bias.span<float>()[c] * factors[c];
  }
  return {std::move(scaled), std::move(shifted)};
}

FoldedProduct fold(const ConvolutionBase& product, const BatchNorm& norm) {
  const std::int64_t channels = norm.parameters.scale.size();
  // can_fold() lets rank 2 through for linear layers alone.
  return fold(std::get<Tensor>(product.weight), true, product.bias,
              fold("nn::fold", norm, channels));
}

}  // namespace voxloom::nn
