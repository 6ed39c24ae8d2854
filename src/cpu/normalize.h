// The last step of normalized convolutions.
#pragma once

#include <span>

#include "coords/map_blocks.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

// y[u] = numerator[u] / sqrt(sum over map entries (v, u, k) of squared_weight_sums[k] + eps) + bias
struct Normalize {
  MapBlocks map;
  const Tensor* numerator = nullptr;            // (N_out, C) float32
  std::span<const double> squared_weight_sums;  // (K, C)
  const Tensor* bias = nullptr;                 // (C) of y's dtype, or none
  float eps = 0;
  Tensor* y = nullptr;  // (N_out, C)
};

void normalize(const Normalize& problem);

}  // namespace voxloom::cpu
