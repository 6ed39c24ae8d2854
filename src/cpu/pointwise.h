// Products without a map: every row meets itself. A convolution with kernel 1 and stride 1, and
// linear.
//
//   y[r] = bias + x[r] W
#pragma once

#include <cstdint>

#include "cpu/epilogue.h"
#include "cpu/weight_view.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

struct ConvPointwise {
  const Tensor* x = nullptr;     // (N, G * in), float32 / float16 / bfloat16
  WeightView weight;             // volume 1, of x's dtype, or float32 (a dequantized weight)
  const Tensor* bias = nullptr;  // (G * out) of x's dtype, or nullptr
  Tensor* y = nullptr;           // (N, G * out), x's dtype or float32; every element is written
  Epilogue epilogue = {};
};

// Tiles of consecutive rows: every type and channel count, dense weights.
[[nodiscard]] bool has_dense_weight(const ConvPointwise& problem);
void row_tiles_pointwise(const ConvPointwise& problem);

// As a convolution over a map in which each row meets itself: packed weights too.
void offset_major_pointwise(const ConvPointwise& problem);
void reference_pointwise(const ConvPointwise& problem);

}  // namespace voxloom::cpu
