#include <cmath>

#include "core/checked.h"
#include "core/error.h"
#include "core/random.h"
#include "nn/kernel_shape.h"
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
KernelShape kernel_shape(std::string_view op, const Options& options) {
  return checked_shape(op, kernel_of(options), options.groups);
}

}  // namespace

ConvolutionBase::ConvolutionBase(std::string_view op, const Channels& channels,
                                 const KernelShape& kernel)
    : kernel_(kernel) {
  kernel_.in = channels.in;
  kernel_.out = channels.out;
  const std::int64_t volume = kernel.volume, groups = kernel.groups;
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
                                         std::vector<NamedParameter>& to) const {
  if (weight.defined()) {
    collect(prefix + "weight", weight, to);
    to.back().kernel = kernel_;
  }
  collect(prefix + "bias", bias, to);
}

autograd::Parameters ConvolutionBase::parameters(Pass& pass) const {
  return {.weight = pass.weight(weight), .bias = pass.parameter(bias)};
}

Conv3d::Conv3d(const Channels& channels, ConvOptions options_)
    : ConvolutionBase("nn::Conv3d", channels, kernel_shape("nn::Conv3d", options_)),
      options(std::move(options_)) {}

Variable Conv3d::run(const Variable& x, Pass& pass) const {
  return autograd::conv3d(x, parameters(pass), options);
}

SubmConv3d::SubmConv3d(const Channels& channels, const SubmConvOptions& options_)
    : ConvolutionBase("nn::SubmConv3d", channels, kernel_shape("nn::SubmConv3d", options_)),
      options(options_) {}

Variable SubmConv3d::run(const Variable& x, Pass& pass) const {
  return autograd::subm_conv3d(x, parameters(pass), options);
}

ConvTranspose3d::ConvTranspose3d(const Channels& channels, ConvTransposeOptions options_)
    : ConvolutionBase("nn::ConvTranspose3d", channels,
                      kernel_shape("nn::ConvTranspose3d", options_)),
      options(std::move(options_)) {}

Variable ConvTranspose3d::run(const Variable& x, Pass& pass) const {
  return autograd::conv_transpose3d(x, parameters(pass), options);
}

Variable ConvTranspose3d::run(const Variable& x, const Variable& target, Pass& pass) const {
  return autograd::conv_transpose3d(x, parameters(pass), options, target);
}

SparseTensor ConvTranspose3d::forward(const SparseTensor& x, const CoordinateSet& target) const {
  Pass inference;
  ConvTransposeOptions to_target = options;
  to_target.target = target;
  return autograd::conv_transpose3d(x, parameters(inference), to_target).tensor();
}

GenerativeConvTranspose3d::GenerativeConvTranspose3d(const Channels& channels,
                                                     GenerativeConvTransposeOptions options_)
    : ConvolutionBase("nn::GenerativeConvTranspose3d", channels,
                      kernel_shape("nn::GenerativeConvTranspose3d", as_transpose(options_))),
      options(std::move(options_)) {}

Variable GenerativeConvTranspose3d::run(const Variable& x, Pass& pass) const {
  return autograd::generative_conv_transpose3d(x, parameters(pass), options);
}

InverseConv3d::InverseConv3d(const Channels& channels, ConvOptions forward)
    : ConvolutionBase("nn::InverseConv3d", channels, kernel_shape("nn::InverseConv3d", forward)),
      forward_options(std::move(forward)),
      groups(forward_options->groups) {}

InverseConv3d::InverseConv3d(const Channels& channels, std::int64_t kernel_volume,
                             std::int32_t groups_)
    : ConvolutionBase("nn::InverseConv3d", channels, {.volume = kernel_volume, .groups = groups_}),
      groups(groups_) {}

Variable InverseConv3d::run(const Variable& /*x*/, Pass& /*pass*/) const {
  fail("nn::InverseConv3d",
       "needs the forward op's input or its map: call run(x, reference, pass) or forward(x, map)");
}

Variable InverseConv3d::run(const Variable& x, const Variable& reference, Pass& pass) const {
  require(forward_options.has_value(), "nn::InverseConv3d",
          "was made without the forward op's options: it needs its map");
  return autograd::inverse_conv3d(x, parameters(pass), reference, *forward_options);
}

Variable InverseConv3d::run(const Variable& x, const KernelMap& forward_map, Pass& pass) const {
  return autograd::inverse_conv3d(x, parameters(pass), forward_map, groups);
}

SparseTensor InverseConv3d::forward(const SparseTensor& x, const KernelMap& forward_map) const {
  Pass inference;
  return run(x, forward_map, inference).tensor();
}

NormalizedSubmConv3d::NormalizedSubmConv3d(const Channels& channels,
                                           const SubmConvOptions& options_, float eps_)
    : SubmConv3d(channels, options_), eps(eps_) {}

Variable NormalizedSubmConv3d::run(const Variable& x, Pass& pass) const {
  return autograd::normalized_subm_conv3d(x, parameters(pass), options, eps);
}

NormalizedConvTranspose3d::NormalizedConvTranspose3d(const Channels& channels,
                                                     ConvTransposeOptions options_, float eps_)
    : ConvTranspose3d(channels, std::move(options_)), eps(eps_) {}

Variable NormalizedConvTranspose3d::run(const Variable& x, Pass& pass) const {
  return autograd::normalized_conv_transpose3d(x, parameters(pass), options, eps);
}

NormalizedGenerativeConvTranspose3d::NormalizedGenerativeConvTranspose3d(
    const Channels& channels, GenerativeConvTransposeOptions options_, float eps_)
    : GenerativeConvTranspose3d(channels, std::move(options_)), eps(eps_) {}

Variable NormalizedGenerativeConvTranspose3d::run(const Variable& x, Pass& pass) const {
  return autograd::normalized_generative_conv_transpose3d(x, parameters(pass), options, eps);
}

Linear::Linear(const Channels& channels)
    : ConvolutionBase("nn::Linear", channels, {.box = Triple(1), .is_linear = true}) {
  // (1, 1, C_in, C_out) holds as many numbers as (C_out, C_in); all are drawn alike.
  weight = weight.tensor().reshape({channels.out, channels.in});
}

Variable Linear::run(const Variable& x, Pass& pass) const {
  return autograd::linear(x, parameters(pass));
}

}  // namespace voxloom::nn
