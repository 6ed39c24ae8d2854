// How many threads the library may use. It makes none of its own: loops run on oneTBB, in the
// caller's task arena. Results never depend on the number (docs/semantics.md, section 5).
#pragma once

#include <functional>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

inline constexpr int kMostThreads = 4096;

// Runs `body` with at most `threads` threads (0: as many as the caller's arena has).
// std::invalid_argument for a number that is negative or above kMostThreads.
void with_threads(int threads, const std::function<void()>& body);

// Threads that a loop started here would use.
[[nodiscard]] int available_threads();

}  // namespace voxloom
