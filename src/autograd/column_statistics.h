// Mean and variance of each column of a feature matrix.
#pragma once

#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {

// One pass: sums of x - s and of its square, where s is the first row. It lies within a few
// deviations of the mean, so that nothing cancels. No rows: mean 0, variance 0.
[[nodiscard]] Statistics column_statistics(const Tensor& x);

}  // namespace voxloom::autograd
