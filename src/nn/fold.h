// A norm that is a module as a part of the convolution before it.
#pragma once

#include <string_view>

#include "ops/fold.h"
#include "voxloom/nn.h"

namespace voxloom::nn {

// Users assign the norm's tensors, so each is checked: std::invalid_argument with `op`.
[[nodiscard]] FoldedNorm fold(std::string_view op, const BatchNorm& norm, std::int64_t channels);

}  // namespace voxloom::nn
