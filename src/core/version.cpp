#include "voxloom/version.h"

#define VOXLOOM_VERSION_TEXT(x) #x
#define VOXLOOM_JOIN(major, minor, patch) \
  VOXLOOM_VERSION_TEXT(major) "." VOXLOOM_VERSION_TEXT(minor) "." VOXLOOM_VERSION_TEXT(patch)

namespace voxloom {

const char* version() noexcept {
  return VOXLOOM_JOIN(VOXLOOM_VERSION_MAJOR, VOXLOOM_VERSION_MINOR, VOXLOOM_VERSION_PATCH);
}

}  // namespace voxloom
