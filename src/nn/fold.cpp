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
          text_of(values));
}

// The output channel that an element of a weight belongs to.
std::int64_t channel_of(const Tensor& weight, std::int64_t element, std::int64_t channels) {
  const Shape& shape = weight.shape();
  switch (weight.rank()) {
    case 5: return element / (weight.size() / channels);
    case 4: return element / (shape[2] * shape[3]) % shape[1] * shape[3] + element % shape[3];
    case 3: return element % channels;
    default: return element / shape[1];
  }
}

}  // namespace

FoldedNorm fold(std::string_view op, const BatchNorm& norm, std::int64_t channels) {
  const BatchNormParameters& p = norm.parameters;
  check_parameter(op, p.scale, "scale", channels);
  check_parameter(op, p.bias, "bias", channels);
  check_parameter(op, p.mean, "mean", channels);
  check_parameter(op, p.variance, "variance", channels);
  check_eps(op, norm.eps);
  FoldedNorm folded;
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    const double deviation = std::sqrt(double{p.variance.span<float>()[c]} + double{norm.eps});
    const double factor = double{p.scale.span<float>()[c]} / deviation;
    folded.factor.push_back(static_cast<float>(factor));
    folded.shift.push_back(static_cast<float>(double{p.bias.span<float>()[c]} -
                                              double{p.mean.span<float>()[c]} * factor));
  }
  return folded;
}

bool can_fold(const ConvolutionBase& product) {
  const auto* weight = std::get_if<Tensor>(&product.weight);
  if (weight == nullptr || weight->dtype() != DType::f32 || product.is_normalized()) return false;
  // Elsewhere than in Linear, rank 2 is also what depthwise weights have.
  return weight->rank() > 2 || dynamic_cast<const Linear*>(&product) != nullptr;
}

FoldedProduct fold(const ConvolutionBase& product, const BatchNorm& norm) {
  const std::int64_t channels = norm.parameters.scale.size();
  const FoldedNorm folded = fold("nn::fold", norm, channels);
  Tensor weight = std::get<Tensor>(product.weight).clone();
  const auto values = weight.mutable_span<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t c = channel_of(weight, static_cast<std::int64_t>(i), channels);
    values[i] *= folded.factor[static_cast<std::size_t>(c)];
  }
  Tensor bias = Tensor::from(folded.shift, {channels});
  for (std::size_t c = 0; product.bias.defined() && c < folded.shift.size(); ++c) {
    bias.mutable_span<float>()[c] += product.bias.span<float>()[c] * folded.factor[c];
  }
  return {std::move(weight), std::move(bias)};
}

}  // namespace voxloom::nn
