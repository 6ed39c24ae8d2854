// The version of the library a program is running with.
#pragma once

namespace voxloom {

// "major.minor.patch". Never null.
[[nodiscard]] const char* version() noexcept;

}  // namespace voxloom
