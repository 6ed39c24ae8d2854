// Operations on each element alone. Shapes and dtypes of x and y are equal.
#pragma once

#include "voxloom/options.h"

namespace voxloom::cpu {

void activate(const Tensor& x, Activation kind, const ActivationOptions& options, Tensor& y);
void exp(const Tensor& x, Tensor& y);
void round(const Tensor& x, Tensor& y);  // half to even

}  // namespace voxloom::cpu
