#include "io/detect.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/failure.h"
#include "io/formats.h"

namespace voxloom::io {
namespace {

std::optional<ScanFormat> format_by_start(std::string_view start) {
  for (const FormatSpec& spec : format_specs()) {
    const bool fits = std::ranges::any_of(spec.starts, [&](std::string_view mark) {
      return !mark.empty() && start.starts_with(mark);
    });
    if (fits) return spec.format;
  }
  return std::nullopt;
}

bool looks_like_text(std::string_view start) {
  return std::ranges::all_of(
      start, [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t'; });
}

}  // namespace

ScanFormat detect_format(const Bytes& bytes) {
  if (bytes->size() == 0) fail_file(bytes->name(), "is empty");
  std::string start(static_cast<std::size_t>(std::min<std::int64_t>(bytes->size(), 512)), '\0');
  bytes->read(0, std::as_writable_bytes(std::span(start)));
  if (const auto format = format_by_start(start)) return *format;
  const std::optional<ScanFormat> format = scan_format_of(bytes->name());
  if (format && spec_of(*format).has_start()) {
    fail_byte(bytes->name(), 0, "is named like a {} file but does not start like one",
              name_of(*format));
  }
  if (format) return *format;
  if (looks_like_text(start)) return ScanFormat::text;
  fail_file(bytes->name(), "neither the name nor the content tells the format; known are {}",
            list_formats(false));
}

}  // namespace voxloom::io
