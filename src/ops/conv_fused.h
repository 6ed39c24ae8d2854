// A convolution with what follows it folded into its last store: nothing between a product and its
// normalized, activated result is written to memory, and a half-precision result is rounded once.
#pragma once

#include <cstdint>
#include <string_view>

#include "voxloom/kernel_map.h"
#include "voxloom/sparse_tensor.h"
#include "voxloom/weight.h"

namespace voxloom {

// y = activation((sum + bias) * scale + shift + residual); what is empty is left out.
struct ConvFusion {
  const Tensor* scale = nullptr;     // (C_out) float32
  const Tensor* shift = nullptr;     // (C_out) float32
  const Tensor* bias = nullptr;      // (C_out), the features' dtype
  const Tensor* residual = nullptr;  // (N_out, C_out), the features' dtype
  bool relu = false;
  std::int64_t batch_size = 0;  // at least; of the target or the residual, whose sets may not know
};

// `map` nullptr: a plain matrix product, each row with itself.
[[nodiscard]] SparseTensor conv_fused(std::string_view op, const SparseTensor& x,
                                      const Weight& weight, const KernelMap* map,
                                      const ConvFusion& fusion);

}  // namespace voxloom
