#pragma once

#include <string>

#include "voxloom/artifact.h"

namespace voxloom::artifact {

// The first problem, and how many there are. `diagnostics` holds at least one error.
[[nodiscard]] std::string summary(const Diagnostics& diagnostics);

}  // namespace voxloom::artifact
