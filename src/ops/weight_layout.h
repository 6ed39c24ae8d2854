// From the engine's weight order to the layouts that users keep.
#pragma once

#include <string_view>

#include "voxloom/conv_gradients.h"

namespace voxloom {

// What the layout must hold.
struct WeightShape {
  std::int64_t volume = 0, groups = 1, in = 0, out = 0;  // channels per group
  std::optional<Triple> box;                             // the kernel's sizes, when it is a box
};

// Throws std::invalid_argument when the layout cannot hold such a weight.
void check_layout(std::string_view op, WeightLayout layout, const WeightShape& shape);

// `weight` is (K, G, in, out) float32; gives the layout's shape, rounded to `dtype`.
[[nodiscard]] Tensor to_layout(const Tensor& weight, WeightLayout layout, const WeightShape& shape,
                               DType dtype);

}  // namespace voxloom
