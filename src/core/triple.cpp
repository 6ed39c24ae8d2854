#include "voxloom/triple.h"

#include <fmt/core.h>

namespace voxloom {

std::string to_string(const Triple& triple) {
  return fmt::format("({},{},{})", triple.x, triple.y, triple.z);
}

}  // namespace voxloom
