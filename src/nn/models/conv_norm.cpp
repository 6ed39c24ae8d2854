#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "coords/kernel_geometry.h"
#include "coords/strides.h"
#include "core/error.h"
#include "ops/conv_fused.h"
#include "ops/conv_maps.h"
#include "ops/dense_arguments.h"
#include "ops/target.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kOp = "nn::ConvNorm";

std::int64_t checked_volume(const ConvOptions& options) {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(kOp, kernel);
  return kernel.volume();
}

// (x - mean) / sqrt(variance + eps) * scale + bias = x * folded.scale + folded.shift
struct Folded {
  std::vector<float> scale, shift;
};

// Users assign these tensors, so each is checked at each call.
void check_parameter(const Tensor& values, std::string_view name, std::int64_t channels) {
  require(values.defined() && values.rank() == 1 && values.dim(0) == channels &&
              values.dtype() == DType::f32,
          kOp, "expected the norm's {} of shape ({}) and type float32, got {}", name, channels,
          text_of(values));
}

Folded fold(const BatchNorm& norm, std::int64_t channels) {
  const BatchNormParameters& p = norm.parameters;
  check_parameter(p.scale, "scale", channels);
  check_parameter(p.bias, "bias", channels);
  check_parameter(p.mean, "mean", channels);
  check_parameter(p.variance, "variance", channels);
  check_eps(kOp, norm.eps);
  Folded folded;
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    const double deviation = std::sqrt(double{p.variance.span<float>()[c]} + double{norm.eps});
    const double scale = double{p.scale.span<float>()[c]} / deviation;
    folded.scale.push_back(static_cast<float>(scale));
    folded.shift.push_back(static_cast<float>(double{p.bias.span<float>()[c]} -
                                              double{p.mean.span<float>()[c]} * scale));
  }
  return folded;
}

}  // namespace

ConvNorm::ConvNorm(const Channels& channels, ConvOptions options_, bool relu_)
    : ConvolutionBase(kOp, channels, checked_volume(options_), options_.groups),
      options(std::move(options_)),
      norm(channels.out),
      relu(relu_),
      out_channels_(channels.out) {
  require(options.groups == 1, kOp, "needs groups = 1, got {}", options.groups);
}

SparseTensor ConvNorm::run(const SparseTensor& x, const KernelMap* map,
                           const SparseTensor* residual, std::int64_t batch_size) const {
  const Folded folded = fold(norm, out_channels_);
  return conv_fused(kOp, x, weight, map,
                    {.scale = folded.scale,
                     .shift = folded.shift,
                     .bias = bias.defined() ? &bias : nullptr,
                     .residual = residual != nullptr ? &residual->features() : nullptr,
                     .relu = relu,
                     .batch_size = batch_size});
}

SparseTensor ConvNorm::forward(const SparseTensor& x) const {
  if (is_pointwise(options)) return run(x, nullptr, nullptr, 0);
  const KernelMap map = forward_map_for(kOp, x, options);
  return run(x, &map, nullptr, target_batch_size(options.target));
}

SparseTensor ConvNorm::forward(const SparseTensor& x, const SparseTensor& residual) const {
  const KernelMap map = forward_map_for(kOp, x, options);
  require(residual.coords() == map.target(), kOp,
          "the residual ({} rows) does not live on the output's rows ({})", residual.rows(),
          map.target().size());
  return run(x, &map, &residual,
             std::max(residual.batch_size(), target_batch_size(options.target)));
}

SparseTensor ConvNorm::forward_up(const SparseTensor& x, const CoordinateSet& target) const {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(kOp, kernel);
  const CoordinateSet rows =
      resolve_target(kOp, target, divided_stride(kOp, x.stride(), kernel.stride), x.batch_size());
  const KernelMap map = transposed_map(x.coords(), rows, kernel);
  return run(x, &map, nullptr, 0);
}

void ConvNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  ConvolutionBase::collect_parameters(prefix, to);
  norm.collect_parameters(prefix + "norm.", to);
}

}  // namespace voxloom::nn
