// One line for bad data: `[read_scan] scan.ply: byte 120: the header promises ...`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/text.h"
#include "voxloom/error.h"

namespace voxloom::io {

// Text from a file made safe for a message: one line, printable, quoted, shortened.
[[nodiscard]] std::string excerpt(std::string_view text);

[[noreturn]] void throw_format(std::string_view file, std::string_view place,
                               const std::string& reason);
[[noreturn]] void throw_format(std::string_view file, fmt::string_view text, fmt::format_args args);
[[noreturn]] void throw_format_at(std::string_view file, std::string_view unit, std::int64_t number,
                                  fmt::string_view text, fmt::format_args args);

template <typename... Args>
[[noreturn]] void fail_file(std::string_view file, fmt::format_string<Args...> text,
                            Args&&... args) {
  throw_format(file, text, fmt::make_format_args(args...));
}

template <typename... Args>
[[noreturn]] void fail_byte(std::string_view file, std::int64_t offset,
                            fmt::format_string<Args...> text, Args&&... args) {
  throw_format_at(file, "byte", offset, text, fmt::make_format_args(args...));
}

template <typename... Args>
[[noreturn]] void fail_line(std::string_view file, std::int64_t line,
                            fmt::format_string<Args...> text, Args&&... args) {
  throw_format_at(file, "line", line, text, fmt::make_format_args(args...));
}

}  // namespace voxloom::io
