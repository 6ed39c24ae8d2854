// How much memory there is for this process to take.
#pragma once

#include <cstddef>

namespace voxloom {

// What the machine could give now without swapping, and not more than the process's group may still
// take (containers). The largest size_t where the system does not tell.
[[nodiscard]] std::size_t available_memory();

}  // namespace voxloom
