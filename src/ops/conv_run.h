// From checked arguments to a result: what every convolution op ends in.
#pragma once

#include "ops/conv_weight.h"
#include "voxloom/kernel_map.h"
#include "voxloom/sparse_tensor.h"

namespace voxloom {

// y = bias + sum x W over the map; `bias` may be undefined.
[[nodiscard]] Tensor run_on_map(const Tensor& x, const ConvWeight& weight, const Tensor& bias,
                                const KernelMap& map, DType out_dtype);

// A kernel of volume 1 that leaves each row where it is: y = bias + x W.
[[nodiscard]] Tensor run_pointwise(const Tensor& x, const ConvWeight& weight, const Tensor& bias);

}  // namespace voxloom
