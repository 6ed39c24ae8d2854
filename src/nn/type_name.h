// The name of a module's type, for messages.
#pragma once

#include <string>

#include "voxloom/module.h"

namespace voxloom::nn {

[[nodiscard]] std::string type_name(const Module& module);  // "nn::Conv3d"

}  // namespace voxloom::nn
