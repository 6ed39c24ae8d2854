// What a forward product does with a finished sum before it is stored, so that batch norm, residual
// connection and rectifier cost no further pass over the features:
//   y = rectifier((sum + bias) * scale + shift + residual)
#pragma once

#include "cpu/kernels/args.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

struct Epilogue {
  const float* scale = nullptr;      // per output channel (G * out), or nullptr: 1
  const float* shift = nullptr;      // per output channel, or nullptr: 0
  const Tensor* residual = nullptr;  // y's shape and dtype, or nullptr: 0
  Rectifier rectifier = Rectifier::none;
  float slope = 0.01F;  // leaky_relu

  [[nodiscard]] bool is_empty() const {
    return scale == nullptr && shift == nullptr && residual == nullptr &&
           rectifier == Rectifier::none;
  }

  // The plain form, for the reference.
  [[nodiscard]] float operator()(float sum, std::int64_t channel, float residual_value) const {
    if (scale != nullptr) sum *= scale[channel];
    if (shift != nullptr) sum += shift[channel];
    sum += residual_value;
    if (rectifier == Rectifier::none || !(sum < 0.0F)) return sum;
    return rectifier == Rectifier::relu ? 0.0F : sum * slope;
  }
};

}  // namespace voxloom::cpu
