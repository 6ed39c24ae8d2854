// Memory that a piece of work adds to the process, as the system counts it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace voxloom::bench {

// Resident bytes at the peak of `body` minus resident bytes before it. Memory that the process had
// freed is given back first, so that its reuse is counted. Empty where the system does not tell.
[[nodiscard]] std::optional<std::int64_t> memory_added(const std::function<void()>& body);

// The most bytes the process ever had resident, or since memory_added last started.
[[nodiscard]] std::optional<std::int64_t> peak_memory();

}  // namespace voxloom::bench
