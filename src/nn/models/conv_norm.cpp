#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/error.h"
#include "ops/conv_fused.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kOp = "nn::ConvNorm";

std::int64_t volume_of(const ConvOptions& options) {
  return KernelSpec{.kernel_size = options.kernel_size, .offsets = options.offsets}.volume();
}

// (x - mean) / sqrt(variance + eps) * scale + bias = x * folded.scale + folded.shift
struct Folded {
  std::vector<float> scale, shift;
};

Folded fold(const BatchNorm& norm) {
  const BatchNormParameters& p = norm.parameters;
  Folded folded;
  for (std::size_t c = 0; c < static_cast<std::size_t>(p.scale.size()); ++c) {
    const double deviation = std::sqrt(double{p.variance.span<float>()[c]} + double{norm.eps});
    const double scale = double{p.scale.span<float>()[c]} / deviation;
    folded.scale.push_back(static_cast<float>(scale));
    folded.shift.push_back(static_cast<float>(double{p.bias.span<float>()[c]} -
                                              double{p.mean.span<float>()[c]} * scale));
  }
  return folded;
}

bool is_pointwise(const ConvOptions& o) {
  return o.offsets.empty() && o.kernel_size == Triple(1) && o.stride == Triple(1);
}

}  // namespace

ConvNorm::ConvNorm(const Channels& channels, ConvOptions options_, bool relu_)
    : ConvolutionBase(kOp, channels, volume_of(options_), options_.groups),
      options(std::move(options_)),
      norm(channels.out),
      relu(relu_) {
  require(options.groups == 1, kOp, "needs groups = 1, got {}", options.groups);
}

SparseTensor ConvNorm::run(const SparseTensor& x, const KernelMap* map,
                           const Tensor* residual) const {
  const Folded folded = fold(norm);
  return conv_fused(kOp, x, weight, map,
                    {.scale = folded.scale,
                     .shift = folded.shift,
                     .bias = bias.defined() ? &bias : nullptr,
                     .residual = residual,
                     .relu = relu});
}

SparseTensor ConvNorm::forward(const SparseTensor& x) const {
  if (is_pointwise(options)) return run(x, nullptr, nullptr);
  const KernelMap map = conv3d_map(x, options);
  return run(x, &map, nullptr);
}

SparseTensor ConvNorm::forward(const SparseTensor& x, const SparseTensor& residual) const {
  const KernelMap map = conv3d_map(x, options);
  require(residual.coords() == map.target(), kOp,
          "the residual ({} rows) does not live on the output's rows ({})", residual.rows(),
          map.target().size());
  return run(x, &map, &residual.features());
}

SparseTensor ConvNorm::forward_up(const SparseTensor& x, const CoordinateSet& target) const {
  const KernelMap map = conv_transpose3d_map(
      x, {.kernel_size = options.kernel_size, .stride = options.stride, .target = Target(target)});
  return run(x, &map, nullptr);
}

void ConvNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  ConvolutionBase::collect_parameters(prefix, to);
  norm.collect_parameters(prefix + "norm.", to);
}

}  // namespace voxloom::nn
