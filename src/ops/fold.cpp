#include "ops/fold.h"

#include <algorithm>

#include "engine/arithmetic.h"
#include "engine/choice.h"
#include "engine/fold.h"
#include "ops/arithmetic.h"

namespace voxloom {
namespace {

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

}  // namespace voxloom
