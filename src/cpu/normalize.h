// The last step of normalized convolutions.
#pragma once

#include "voxloom/tensor.h"

namespace voxloom::cpu {

// y = numerator / sqrt(denominator + eps) + bias, elementwise; both inputs float32 (N,C), bias (C)
// of y's dtype or nullptr.
void normalize(const Tensor& numerator, const Tensor& denominator, const Tensor* bias, float eps,
               Tensor& y);

}  // namespace voxloom::cpu
