// The memory pool that a thread is in, for those who step out of it for a while.
#pragma once

#include <memory>

namespace voxloom {

// From now on this thread takes memory as if it had entered no PoolScope.
[[nodiscard]] std::shared_ptr<void> leave_pool();
void return_to_pool(std::shared_ptr<void> pool);

}  // namespace voxloom
