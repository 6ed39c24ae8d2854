#include "voxloom/version.h"

namespace voxloom {

const char* version() noexcept { return VOXLOOM_VERSION; }

}  // namespace voxloom
