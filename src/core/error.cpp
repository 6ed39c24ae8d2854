#include "core/error.h"

#include <fmt/format.h>

namespace voxloom {

void throw_invalid(std::string_view op, fmt::string_view text, fmt::format_args args) {
  throw std::invalid_argument(fmt::format("[{}] {}", op, fmt::vformat(text, args)));
}

void throw_resource(std::string_view op, fmt::string_view text, fmt::format_args args) {
  throw ResourceError(fmt::format("[{}] {}", op, fmt::vformat(text, args)));
}

fmt::appender append_text(fmt::appender out, std::string_view text) {
  return std::copy(text.begin(), text.end(), out);
}

}  // namespace voxloom
