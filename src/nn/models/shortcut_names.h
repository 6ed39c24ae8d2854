// What checkpoints call the convolution and the norm of a residual block's shortcut.
#pragma once

#include <string>

#include "voxloom/models.h"

namespace voxloom::nn {

inline ConvNorm::Prefixes shortcut_names(const std::string& prefix) {
  return {prefix + "downsample.0.", prefix + "downsample.1."};
}

}  // namespace voxloom::nn
