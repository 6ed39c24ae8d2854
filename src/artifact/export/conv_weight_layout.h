#pragma once

#include "voxloom/tensor.h"
#include "voxloom/triple.h"

namespace voxloom::artifact {

// A dense convolution weight in any layout of weight.h as (C_out, Kx, Ky, Kz, C_in / groups).
// std::invalid_argument when the shape fits none of them.
[[nodiscard]] Tensor as_box_weight(const Tensor& weight, Triple kernel_size, std::int32_t groups);

}  // namespace voxloom::artifact
