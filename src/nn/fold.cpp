#include "nn/fold.h"

#include <algorithm>

#include "core/error.h"
#include "engine/arithmetic.h"
#include "engine/choice.h"
#include "engine/fold.h"
#include "ops/arithmetic.h"
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

// How a weight's output channels lie in it: (any, groups, in, out).
engine::ScaleOutputs outputs_of(const Tensor& weight, bool is_linear, std::int64_t channels) {
  const Shape& shape = weight.shape();
  const bool is_output_major = weight.rank() == 5 || (weight.rank() == 2 && is_linear);
  if (is_output_major) {
    return {.groups = channels, .in = weight.size() / std::max<std::int64_t>(1, channels)};
  }
  if (weight.rank() == 4) return {.groups = shape[1], .in = shape[2], .out = shape[3]};
  return {.out = channels};
}

}  // namespace

FoldedNorm fold(const BatchNormParameters& p, float eps) {
  FoldedNorm folded{float_like(p.scale), float_like(p.scale)};
  engine::run(engine::FoldBatchNorm{.scale = &p.scale,
                                    .bias = &p.bias,
                                    .mean = &p.mean,
                                    .variance = &p.variance,
                                    .eps = eps,
                                    .factor = &folded.factor,
                                    .shift = &folded.shift});
  return folded;
}

FoldedNorm fold(std::string_view op, const BatchNorm& norm, std::int64_t channels) {
  const BatchNormParameters p = norm.parameters();
  check_parameter(op, p.scale, "scale", channels);
  check_parameter(op, p.bias, "bias", channels);
  check_parameter(op, p.mean, "mean", channels);
  check_parameter(op, p.variance, "variance", channels);
  check_eps(op, norm.eps);
  return fold(p, norm.eps);
}

FoldedProduct fold(const Tensor& weight, bool is_linear, const Tensor& bias,
                   const FoldedNorm& norm) {
  FoldedProduct folded{float_like(weight), norm.shift};
  engine::ScaleOutputs product = outputs_of(weight, is_linear, norm.shift.size());
  product.weight = &weight;
  product.factor = &norm.factor;
  product.y = &std::get<Tensor>(folded.weight);
  engine::run(product);
  if (!bias.defined()) return folded;
  folded.bias = float_like(norm.shift);
  engine::run(engine::Multiply{.a = &bias, .b = &norm.factor, .c = &norm.shift, .y = &folded.bias});
  return folded;
}

}  // namespace voxloom::nn
