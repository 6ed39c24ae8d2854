// Throwing with the operation's name in front: `[conv3d] weight (…) does not match …`.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "voxloom/error.h"

namespace voxloom {

[[noreturn]] void throw_invalid(std::string_view op, const std::string& message);
[[noreturn]] void throw_resource(std::string_view op, const std::string& message);

// The caller misused `op`.
template <typename... Args>
[[noreturn]] void fail(std::string_view op, fmt::format_string<Args...> text, Args&&... args) {
  throw_invalid(op, fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
void require(bool condition, std::string_view op, fmt::format_string<Args...> text,
             Args&&... args) {
  if (!condition) fail(op, text, std::forward<Args>(args)...);
}

}  // namespace voxloom
