// A batch norm with its running statistics as a part of the convolution before it:
//   (x - mean) / sqrt(variance + eps) * scale + bias = x * factor + shift
#pragma once

#include <string_view>

#include "voxloom/nn.h"

namespace voxloom::nn {

struct FoldedNorm {
  Tensor factor, shift;  // (C) float32
};

[[nodiscard]] FoldedNorm fold(const BatchNormParameters& parameters, float eps);
// Users assign the norm's tensors, so each is checked: std::invalid_argument with `op`.
[[nodiscard]] FoldedNorm fold(std::string_view op, const BatchNorm& norm, std::int64_t channels);

struct FoldedProduct {
  Weight weight;  // of the same layout
  Tensor bias;
};

// A dense float32 weight and its bias, which may be undefined. Of rank 2 a linear layer's weight is
// (out, in), a depthwise convolution's (K, C).
[[nodiscard]] FoldedProduct fold(const Tensor& weight, bool is_linear, const Tensor& bias,
                                 const FoldedNorm& norm);

}  // namespace voxloom::nn
