// Normalized convolutions: conv(x,W) / sqrt(conv(1, W*W) + eps) + bias.

#include <algorithm>
#include <cmath>

#include "coords/kernel_geometry.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/pools.h"
#include "ops/conv_maps.h"
#include "ops/conv_run.h"
#include "ops/target.h"
#include "voxloom/conv.h"

namespace voxloom {
namespace {

Tensor run_normalized(const Tensor& x, const ConvWeight& weight, const Tensor& bias,
                      const KernelMap& map, float eps) {
  const Tensor numerator = run_on_map(x, weight, {}, map, DType::f32);
  Tensor y = Tensor::empty(numerator.shape(), x.dtype(), x.device());
  engine::run(engine::NormalizeByWeights{.map = map,
                                         .numerator = &numerator,
                                         .weight = weight.view,
                                         .bias = bias.defined() ? &bias : nullptr,
                                         .eps = eps,
                                         .y = &y});
  return y;
}

ConvWeight check(std::string_view op, const SparseTensor& x, const Weight& weight,
                 const Tensor& bias, const KernelSpec& kernel, std::int64_t groups, float eps) {
  require(std::isfinite(eps) && eps >= 0, op, "eps must be finite and not negative, got {}", eps);
  const WeightContext context = weight_context(op, kernel, x.features(), groups);
  ConvWeight checked = check_weight(context, weight);
  check_bias(context, bias, checked.out_channels());
  return checked;
}

SparseTensor normalized_transpose(std::string_view op, const SparseTensor& x, const Weight& weight,
                                  const Tensor& bias, const ConvTransposeOptions& options,
                                  float eps) {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(op, kernel);
  const ConvWeight checked = check(op, x, weight, bias, kernel, options.groups, eps);
  const KernelMap map = transposed_map_for(op, x, options);
  return {map.target(), run_normalized(x.features(), checked, bias, map, eps),
          std::max(x.batch_size(), target_batch_size(options.target))};
}

}  // namespace

SparseTensor normalized_subm_conv3d(const SparseTensor& x, const Weight& weight, const Tensor& bias,
                                    const SubmConvOptions& options, float eps) {
  constexpr std::string_view kOp = "normalized_subm_conv3d";
  const KernelSpec kernel = kernel_of(options);
  check_kernel(kOp, kernel);
  const ConvWeight checked = check(kOp, x, weight, bias, kernel, options.groups, eps);
  if (kernel.volume() == 1) return x.with_features(run_pointwise(x.features(), checked, bias));
  const KernelMap map = submanifold_map_for(kOp, x, options);
  return x.with_features(run_normalized(x.features(), checked, bias, map, eps));
}

SparseTensor normalized_conv_transpose3d(const SparseTensor& x, const Weight& weight,
                                         const Tensor& bias, const ConvTransposeOptions& options,
                                         float eps) {
  return normalized_transpose("normalized_conv_transpose3d", x, weight, bias, options, eps);
}

SparseTensor normalized_generative_conv_transpose3d(const SparseTensor& x, const Weight& weight,
                                                    const Tensor& bias,
                                                    const GenerativeConvTransposeOptions& options,
                                                    float eps) {
  return normalized_transpose("normalized_generative_conv_transpose3d", x, weight, bias,
                              as_transpose(options), eps);
}

}  // namespace voxloom
