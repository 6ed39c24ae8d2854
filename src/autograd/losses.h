// What the losses share: labels, and losses that work out their gradient with their value.
#pragma once

#include <string_view>

#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {

// Throws std::invalid_argument unless `scores` is (N,C) float32 and `labels` (N) int32, each within
// [0, C) or `ignore`.
void check_labels(std::string_view op, const Tensor& scores, const Tensor& labels,
                  std::int32_t ignore);

}  // namespace voxloom::autograd
