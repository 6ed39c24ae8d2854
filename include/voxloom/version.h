// The version: of the headers that a program was compiled with, and of the library that it runs with.
#pragma once

#include "voxloom/export.h"

// The build reads them here. Before 1.0 a minor version may change the API.
#define VOXLOOM_VERSION_MAJOR 0
#define VOXLOOM_VERSION_MINOR 1
#define VOXLOOM_VERSION_PATCH 0

namespace VOXLOOM_API voxloom {

// "major.minor.patch". Never null.
[[nodiscard]] const char* version() noexcept;

}  // namespace voxloom
