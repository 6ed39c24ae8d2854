// Normalized convolutions: conv(x,W) / sqrt(conv(1, W*W) + eps) + bias.

#include <algorithm>
#include <cmath>
#include <vector>

#include "coords/kernel_geometry.h"
#include "core/dispatch.h"
#include "core/error.h"
#include "cpu/normalize.h"
#include "ops/conv_maps.h"
#include "ops/conv_run.h"
#include "ops/target.h"
#include "voxloom/conv.h"

namespace voxloom {
namespace {

// (K, C_out): the sum of squares over the input channels that an output channel sees. In binary64:
// the square of a float32 may be beyond float32 at either end.
std::vector<double> squared_weight_sums(const engine::WeightView& w) {
  std::vector<double> sums(static_cast<std::size_t>(w.volume * w.groups * w.out));
  double* to = sums.data();
  visit_feature_dtype("normalized convolution", w.dtype, [&]<typename T>() {
    const T* from = reinterpret_cast<const T*>(w.data);
    for (std::int64_t k = 0; k < w.volume; ++k) {
      for (std::int64_t g = 0; g < w.groups; ++g) {
        for (std::int64_t o = 0; o < w.out; ++o) {
          double sum = 0;
          for (std::int64_t i = 0; i < w.in; ++i) {
            const float element =
                w.packed ? w.packed->value(k, i, o) : static_cast<float>(from[w.at(k, g, i, o)]);
            const auto value = static_cast<double>(element);
            sum += value * value;
          }
          *to++ = sum;
        }
      }
    }
  });
  return sums;
}

Tensor run_normalized(const Tensor& x, const ConvWeight& weight, const Tensor& bias,
                      const KernelMap& map, float eps) {
  const Tensor numerator = run_on_map(x, weight, {}, map, DType::f32);
  const std::vector<double> sums = squared_weight_sums(weight.view);
  Tensor y = Tensor::empty(numerator.shape(), x.dtype());
  cpu::normalize({.map = blocks_of(map),
                  .numerator = &numerator,
                  .squared_weight_sums = sums,
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
