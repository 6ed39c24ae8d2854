#include "core/error.h"

namespace voxloom {

void throw_invalid(std::string_view op, const std::string& message) {
  throw std::invalid_argument(fmt::format("[{}] {}", op, message));
}

void throw_resource(std::string_view op, const std::string& message) {
  throw ResourceError(fmt::format("[{}] {}", op, message));
}

}  // namespace voxloom
