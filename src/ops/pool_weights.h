// The kernel of trilinear upsampling, which its gradient needs again.
#pragma once

#include <string_view>
#include <vector>

#include "voxloom/pool.h"

namespace voxloom {

// Checks the stride.
[[nodiscard]] ConvTransposeOptions trilinear_geometry(std::string_view op,
                                                      const UpsampleOptions& options);
// One per kernel offset; only their ratios matter.
[[nodiscard]] std::vector<float> trilinear_weights(const Triple& stride);

}  // namespace voxloom
