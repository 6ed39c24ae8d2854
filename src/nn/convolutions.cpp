#include <cmath>

#include "coords/kernel_geometry.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/random.h"
#include "ops/conv_maps.h"
#include "voxloom/nn.h"

namespace voxloom::nn {
namespace {

Tensor uniform_tensor(Shape shape, float bound, Random& random) {
  Tensor tensor = Tensor::empty(std::move(shape), DType::f32);
  for (float& value : tensor.mutable_span<float>()) value = random.uniform(-bound, bound);
  return tensor;
}

template <typename Options>
std::int64_t checked_volume(std::string_view op, const Options& options) {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(op, kernel);
  return kernel.volume();
}

}  // namespace

ConvolutionBase::ConvolutionBase(std::string_view op, const Channels& channels, std::int64_t volume,
                                 std::int64_t groups) {
  require(channels.in >= 1 && channels.out >= 1, op, "needs at least one channel, got {} -> {}",
          channels.in, channels.out);
  require(groups >= 1 && channels.in % groups == 0 && channels.out % groups == 0, op,
          "{} -> {} channels do not split into {} groups", channels.in, channels.out, groups);
  // 0 offsets would make the bound below infinite.
  require(volume >= 1, op, "the kernel volume must be at least 1, got {}", volume);
  const std::int64_t fan_in = checked_product(op, {volume, channels.in / groups});
  const float bound = 1.0F / std::sqrt(static_cast<float>(fan_in));
  Random random(channels.seed);
  weight =
      uniform_tensor({volume, groups, channels.in / groups, channels.out / groups}, bound, random);
  if (channels.bias) bias = uniform_tensor({channels.out}, bound, random);
}

void ConvolutionBase::collect_parameters(const std::string& prefix,
                                         std::vector<NamedParameter>& to) {
  if (auto* dense = std::get_if<Tensor>(&weight)) to.push_back({prefix + "weight", dense});
  if (bias.defined()) to.push_back({prefix + "bias", &bias});
}

Conv3d::Conv3d(const Channels& channels, ConvOptions options_)
    : ConvolutionBase("nn::Conv3d", channels, checked_volume("nn::Conv3d", options_),
                      options_.groups),
      options(std::move(options_)) {}

SparseTensor Conv3d::forward(const SparseTensor& x) const {
  return conv3d(x, weight, bias, options);
}

SubmConv3d::SubmConv3d(const Channels& channels, const SubmConvOptions& options_)
    : ConvolutionBase("nn::SubmConv3d", channels, checked_volume("nn::SubmConv3d", options_),
                      options_.groups),
      options(options_) {}

SparseTensor SubmConv3d::forward(const SparseTensor& x) const {
  return subm_conv3d(x, weight, bias, options);
}

ConvTranspose3d::ConvTranspose3d(const Channels& channels, ConvTransposeOptions options_)
    : ConvolutionBase("nn::ConvTranspose3d", channels,
                      checked_volume("nn::ConvTranspose3d", options_), options_.groups),
      options(std::move(options_)) {}

SparseTensor ConvTranspose3d::forward(const SparseTensor& x) const {
  return conv_transpose3d(x, weight, bias, options);
}

SparseTensor ConvTranspose3d::forward(const SparseTensor& x, const CoordinateSet& target) const {
  ConvTransposeOptions to_target = options;
  to_target.target = target;
  return conv_transpose3d(x, weight, bias, to_target);
}

GenerativeConvTranspose3d::GenerativeConvTranspose3d(const Channels& channels,
                                                     GenerativeConvTransposeOptions options_)
    : ConvolutionBase("nn::GenerativeConvTranspose3d", channels,
                      checked_volume("nn::GenerativeConvTranspose3d", as_transpose(options_)),
                      options_.groups),
      options(std::move(options_)) {}

SparseTensor GenerativeConvTranspose3d::forward(const SparseTensor& x) const {
  return generative_conv_transpose3d(x, weight, bias, options);
}

InverseConv3d::InverseConv3d(const Channels& channels, std::int64_t kernel_volume,
                             std::int32_t groups_)
    : ConvolutionBase("nn::InverseConv3d", channels, kernel_volume, groups_), groups(groups_) {}

SparseTensor InverseConv3d::forward(const SparseTensor& /*x*/) const {
  fail("nn::InverseConv3d", "needs the forward op's map: call forward(x, map)");
}

SparseTensor InverseConv3d::forward(const SparseTensor& x, const KernelMap& forward_map) const {
  return inverse_conv3d(x, weight, bias, forward_map, groups);
}

NormalizedSubmConv3d::NormalizedSubmConv3d(const Channels& channels,
                                           const SubmConvOptions& options_, float eps_)
    : SubmConv3d(channels, options_), eps(eps_) {}

SparseTensor NormalizedSubmConv3d::forward(const SparseTensor& x) const {
  return normalized_subm_conv3d(x, weight, bias, options, eps);
}

NormalizedConvTranspose3d::NormalizedConvTranspose3d(const Channels& channels,
                                                     ConvTransposeOptions options_, float eps_)
    : ConvTranspose3d(channels, std::move(options_)), eps(eps_) {}

SparseTensor NormalizedConvTranspose3d::forward(const SparseTensor& x) const {
  return normalized_conv_transpose3d(x, weight, bias, options, eps);
}

NormalizedGenerativeConvTranspose3d::NormalizedGenerativeConvTranspose3d(
    const Channels& channels, GenerativeConvTransposeOptions options_, float eps_)
    : GenerativeConvTranspose3d(channels, std::move(options_)), eps(eps_) {}

SparseTensor NormalizedGenerativeConvTranspose3d::forward(const SparseTensor& x) const {
  return normalized_generative_conv_transpose3d(x, weight, bias, options, eps);
}

Linear::Linear(const Channels& channels) : ConvolutionBase("nn::Linear", channels, 1, 1) {
  // (1, 1, C_in, C_out) holds as many numbers as (C_out, C_in); all are drawn alike.
  weight = std::get<Tensor>(weight).reshape({channels.out, channels.in});
}

SparseTensor Linear::forward(const SparseTensor& x) const {
  return x.with_features(linear(x.features(), weight, bias));
}

}  // namespace voxloom::nn
