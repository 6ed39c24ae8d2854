// Convolutions on the matrix units (mma.sync, sm_80 and later): float16 and bfloat16, one group.
#pragma once

#include "cuda/convolution.h"

namespace voxloom::cuda {

// Input channels a multiple of 16 (of 8 for weight gradients), output channels of 8, at most 256 offsets,
// weights of the features' type.
[[nodiscard]] bool suits_matrix_units(const ConvForward& problem);
void matrix_forward(const ConvForward& problem, Stream stream);

[[nodiscard]] bool suits_matrix_units(const ConvWeightGradient& problem);
void matrix_weight_gradient(const ConvWeightGradient& problem, Stream stream);

// W[k][i][o], o fastest, as the matrix kernels read it, and whether all of it is finite.
class PackedWeight {
 public:
  PackedWeight(const WeightView& weight, Stream stream);

  [[nodiscard]] const void* data() const { return data_.data(); }
  // 1 where some weight is not finite: zeros that stand for missing rows must not meet it.
  [[nodiscard]] const std::uint32_t* not_finite() const { return not_finite_.data(); }

 private:
  Array<std::uint16_t> data_;
  Array<std::uint32_t> not_finite_;
};

// With a weight that was packed before; `problem.weight` says its shape.
void matrix_forward(const ConvForward& problem, const PackedWeight& weight, Stream stream);

}  // namespace voxloom::cuda
