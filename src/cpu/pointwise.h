// Products without a map: every row meets itself. A convolution with kernel 1 and stride 1, and
// linear.
//
//   y[r] = bias + x[r] W
#pragma once

#include <cstdint>

#include "cpu/epilogue.h"
#include "engine/convolution.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

using engine::PackedView;
using engine::WeightView;

// engine::ConvPointwise as the loops read it.
struct ConvPointwise {
  const Tensor* x = nullptr;
  WeightView weight;
  const Tensor* bias = nullptr;
  Tensor* y = nullptr;
  Epilogue epilogue = {};

  ConvPointwise() = default;
  explicit ConvPointwise(const engine::ConvPointwise& p)
      : x(p.x), weight(p.weight), bias(p.bias), y(p.y), epilogue(p.epilogue) {}
};

// Tiles of consecutive rows: every type and channel count, dense weights.
[[nodiscard]] bool has_dense_weight(const ConvPointwise& problem);
void row_tiles_pointwise(const ConvPointwise& problem);

// As a convolution over a map in which each row meets itself: packed weights too.
void offset_major_pointwise(const ConvPointwise& problem);
void reference_pointwise(const ConvPointwise& problem);

}  // namespace voxloom::cpu
