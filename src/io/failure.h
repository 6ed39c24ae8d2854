// One line for bad data: `[read_scan] scan.ply: byte 120: the header promises ...`.
// Other files than scans say what they are read for: FileName.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/text.h"
#include "voxloom/error.h"

namespace voxloom::io {

inline constexpr std::string_view kReadScan = "read_scan";

// A file in messages.
struct FileName {
  FileName(std::string_view op_, std::string name_) : op(op_), name(std::move(name_)) {}
  FileName(std::string name_) : name(std::move(name_)) {}  // NOLINT: a scan's
  FileName(std::string_view name_) : name(name_) {}        // NOLINT
  FileName(const char* name_) : name(name_) {}             // NOLINT
  std::string_view op = kReadScan;                         // outlives the file: a literal
  std::string name;
};

// Files are not trusted, and terminals obey control characters: those, and what is not ASCII, become question marks.
[[nodiscard]] std::string printable(std::string_view text);

// Text from a file made safe for a message: one line, printable, quoted, shortened.
[[nodiscard]] std::string excerpt(std::string_view text);

[[noreturn]] void throw_format(const FileName& file, std::string_view place,
                               const std::string& reason);
[[noreturn]] void throw_format(const FileName& file, fmt::string_view text, fmt::format_args args);
[[noreturn]] void throw_format_at(const FileName& file, std::string_view unit, std::int64_t number,
                                  fmt::string_view text, fmt::format_args args);

template <typename... Args>
[[noreturn]] void fail_file(const FileName& file, fmt::format_string<Args...> text,
                            Args&&... args) {
  throw_format(file, text, fmt::make_format_args(args...));
}

template <typename... Args>
[[noreturn]] void fail_byte(const FileName& file, std::int64_t offset,
                            fmt::format_string<Args...> text, Args&&... args) {
  throw_format_at(file, "byte", offset, text, fmt::make_format_args(args...));
}

template <typename... Args>
[[noreturn]] void fail_line(const FileName& file, std::int64_t line,
                            fmt::format_string<Args...> text, Args&&... args) {
  throw_format_at(file, "line", line, text, fmt::make_format_args(args...));
}

}  // namespace voxloom::io
