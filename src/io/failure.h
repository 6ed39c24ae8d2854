// One line for bad data: `[read_scan] scan.ply: byte 120: the header promises ...`.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "voxloom/error.h"

namespace voxloom::io {

// Text from a file made safe for a message: one line, printable, quoted, shortened.
[[nodiscard]] std::string excerpt(std::string_view text);

[[noreturn]] void throw_format(std::string_view file, std::string_view place,
                               const std::string& reason);

template <typename... Args>
[[noreturn]] void fail_file(std::string_view file, fmt::format_string<Args...> text,
                            Args&&... args) {
  throw_format(file, "", fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
[[noreturn]] void fail_byte(std::string_view file, std::int64_t offset,
                            fmt::format_string<Args...> text, Args&&... args) {
  throw_format(file, fmt::format("byte {}", offset),
               fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
[[noreturn]] void fail_line(std::string_view file, std::int64_t line,
                            fmt::format_string<Args...> text, Args&&... args) {
  throw_format(file, fmt::format("line {}", line), fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace voxloom::io
