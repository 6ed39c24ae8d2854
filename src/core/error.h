// Throwing with the operation's name in front: `[conv3d] weight (…) does not match …`.
#pragma once

#include <string>
#include <string_view>

#include "core/text.h"
#include "voxloom/error.h"

namespace voxloom {

[[noreturn]] void throw_invalid(std::string_view op, fmt::string_view text, fmt::format_args args);
[[noreturn]] void throw_resource(std::string_view op, fmt::string_view text, fmt::format_args args);

// The caller misused `op`.
template <typename... Args>
[[noreturn]] void fail(std::string_view op, fmt::format_string<Args...> text, Args&&... args) {
  throw_invalid(op, text, fmt::make_format_args(args...));
}

// The memory, or the range of a number, does not suffice for what was asked of `op`.
template <typename... Args>
[[noreturn]] void fail_resource(std::string_view op, fmt::format_string<Args...> text,
                                Args&&... args) {
  throw_resource(op, text, fmt::make_format_args(args...));
}

// Arguments are formatted only when the condition does not hold: pass objects, not their to_string.
template <typename... Args>
void require(bool condition, std::string_view op, fmt::format_string<Args...> text,
             Args&&... args) {
  if (!condition) throw_invalid(op, text, fmt::make_format_args(args...));
}

}  // namespace voxloom
