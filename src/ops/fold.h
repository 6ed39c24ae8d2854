// A batch norm with its running statistics as a part of the product before it:
//   (x - mean) / sqrt(variance + eps) * scale + bias = x * factor + shift
#pragma once

#include "voxloom/dense.h"
#include "voxloom/weight.h"

namespace voxloom {

struct FoldedNorm {
  Tensor factor, shift;  // (C) float32
};

[[nodiscard]] FoldedNorm fold(const BatchNormParameters& parameters, float eps);

struct FoldedProduct {
  Weight weight;  // of the same layout
  Tensor bias;
};

// A dense float32 weight and its bias, which may be undefined. Of rank 2 a linear layer's weight is
// (out, in), a depthwise convolution's (K, C).
[[nodiscard]] FoldedProduct fold(const Tensor& weight, bool is_linear, const Tensor& bias,
                                 const FoldedNorm& norm);

}  // namespace voxloom
