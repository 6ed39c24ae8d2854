// A batch norm with its running statistics as a part of the convolution before it:
//   (x - mean) / sqrt(variance + eps) * scale + bias = x * factor + shift
#pragma once

#include <string_view>
#include <vector>

#include "voxloom/nn.h"

namespace voxloom::nn {

struct FoldedNorm {
  std::vector<float> factor, shift;  // (C)
};

// Users assign the norm's tensors, so each is checked: std::invalid_argument with `op`.
[[nodiscard]] FoldedNorm fold(std::string_view op, const BatchNorm& norm, std::int64_t channels);

struct FoldedProduct {
  Weight weight;  // of the same layout
  Tensor bias;
};

// Packed weights cannot, and normalized convolutions divide in between.
[[nodiscard]] bool can_fold(const ConvolutionBase& product);
[[nodiscard]] FoldedProduct fold(const ConvolutionBase& product, const BatchNorm& norm);

}  // namespace voxloom::nn
