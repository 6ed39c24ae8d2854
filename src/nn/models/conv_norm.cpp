#include <algorithm>
#include <utility>

#include "coords/strides.h"
#include "core/error.h"
#include "nn/fold.h"
#include "nn/kernel_shape.h"
#include "ops/conv_fused.h"
#include "ops/conv_maps.h"
#include "ops/target.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kConvNormOp = "nn::ConvNorm";

}  // namespace

ConvNorm::ConvNorm(const Channels& channels, ConvOptions options_, bool relu_)
    : ConvolutionBase(kConvNormOp, channels,
                      checked_shape(kConvNormOp, kernel_of(options_), options_.groups)),
      options(std::move(options_)),
      norm(channels.out),
      relu(relu_),
      out_channels_(channels.out) {
  require(options.groups == 1, kConvNormOp, "needs groups = 1, got {}", options.groups);
}

SparseTensor ConvNorm::fused(const SparseTensor& x, const KernelMap* map, const Variable& residual,
                             std::int64_t batch_size) const {
  const FoldedNorm folded = fold(kConvNormOp, norm, out_channels_);
  return conv_fused(kConvNormOp, x, weight.weight(), map,
                    {.scale = &folded.factor,
                     .shift = &folded.shift,
                     .bias = bias.defined() ? &bias.tensor() : nullptr,
                     .residual = residual.defined() ? &residual.value() : nullptr,
                     .relu = relu,
                     .batch_size = batch_size});
}

Variable ConvNorm::finish(const Variable& product, const Variable& residual, Pass& pass) const {
  return norm.run(product, {.residual = residual, .relu = relu}, pass);
}

// In inference all is one step; not on a tape, and not where it is written down.
bool ConvNorm::is_fused(const Variable& x, const Pass& pass) {
  return !pass.has_tape() && !x.is_symbolic();
}

Variable ConvNorm::run(const Variable& x, Pass& pass) const {
  if (!is_fused(x, pass)) return finish(autograd::conv3d(x, parameters(pass), options), {}, pass);
  if (is_pointwise(options)) return fused(x.tensor(), nullptr, {}, 0);
  const KernelMap map = forward_map_for(kConvNormOp, x.tensor(), options);
  return fused(x.tensor(), &map, {}, target_batch_size(options.target));
}

Variable ConvNorm::run(const Variable& x, const Variable& residual, Pass& pass) const {
  if (!is_fused(x, pass)) {
    return finish(autograd::conv3d(x, parameters(pass), options), residual, pass);
  }
  const KernelMap map = forward_map_for(kConvNormOp, x.tensor(), options);
  require(residual.coords() == map.target(), kConvNormOp,
          "the residual ({} rows) does not live on the output's rows ({})",
          residual.coords().size(), map.target().size());
  return fused(x.tensor(), &map, residual,
               std::max(residual.batch_size(), target_batch_size(options.target)));
}

SparseTensor ConvNorm::forward(const SparseTensor& x, const SparseTensor& residual) const {
  Pass inference;
  return run(x, residual, inference).tensor();
}

ConvTransposeOptions ConvNorm::transposed() const {
  return {.kernel_size = options.kernel_size,
          .stride = options.stride,
          .padding = options.padding,
          .dilation = options.dilation,
          .origin = options.origin};
}

KernelMap ConvNorm::map_up(const Variable& x, const CoordinateSet& target) const {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(kConvNormOp, kernel);
  const CoordinateSet rows = resolve_target(
      kConvNormOp, target, divided_stride(kConvNormOp, x.coords().stride(), kernel.stride),
      x.batch_size());
  return transposed_map(x.coords(), rows, kernel);
}

Variable ConvNorm::run_up(const Variable& x, const Variable& target, Pass& pass) const {
  if (x.is_symbolic()) {
    require(options.offsets.empty(), kConvNormOp,
            "a transposed convolution over a list of offsets cannot be written as a graph");
    return finish(autograd::conv_transpose3d(x, parameters(pass), transposed(), target), {}, pass);
  }
  const KernelMap map = map_up(x, target.coords());
  if (!pass.has_tape()) return fused(x.tensor(), &map, {}, 0);
  return finish(autograd::conv_on_map(x, parameters(pass), map), {}, pass);
}

SparseTensor ConvNorm::forward_up(const SparseTensor& x, const CoordinateSet& target) const {
  const KernelMap map = map_up(x, target);
  return fused(x, &map, {}, 0);
}

void ConvNorm::collect_parameters(const std::string& prefix,
                                  std::vector<NamedParameter>& to) const {
  collect_parameters({prefix, prefix + "norm."}, to);
}

void ConvNorm::collect_parameters(const Prefixes& prefixes, std::vector<NamedParameter>& to) const {
  ConvolutionBase::collect_parameters(prefixes.product, to);
  norm.collect_parameters(prefixes.norm, to);
}

}  // namespace voxloom::nn
