// Working memory of one thread inside one task: sums and converted rows of a block, never more. It is
// kept with the thread and reused, so that a task costs no allocation. A task must not start a
// parallel loop while it holds scratch: the thread could meet another task there.
#pragma once

#include <cstdint>
#include <span>

namespace voxloom::cpu {

// At least `count` floats, 64-byte aligned, with anything in them; the next call on this thread may
// move them.
[[nodiscard]] std::span<float> thread_scratch(std::int64_t count);

}  // namespace voxloom::cpu
