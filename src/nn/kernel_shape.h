// What the weight of a convolution module holds, by its options.
#pragma once

#include <string_view>

#include "coords/kernel_geometry.h"
#include "voxloom/module.h"

namespace voxloom::nn {

// Channels are left at 0. Throws std::invalid_argument for a kernel that check_kernel refuses.
[[nodiscard]] inline KernelShape checked_shape(std::string_view op, const KernelSpec& kernel,
                                               std::int64_t groups) {
  check_kernel(op, kernel);
  KernelShape shape{.volume = kernel.volume(), .groups = groups};
  if (kernel.offsets.empty()) shape.box = kernel.kernel_size;
  return shape;
}

}  // namespace voxloom::nn
