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

// Comments may stand before the first word of a header.
std::string_view without_comments(std::string_view start) {
  while (start.starts_with('#')) {
    const std::size_t end = start.find_first_of("\r\n");
    if (end == std::string_view::npos) return {};
    start.remove_prefix(end);
    while (!start.empty() && (start.front() == '\r' || start.front() == '\n'))
      start.remove_prefix(1);
  }
  return start;
}

void refuse_others(const Bytes& bytes, std::string_view start) {
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff")) {
    fail_byte(bytes->name(), 0, "is UTF-16 text; save it as UTF-8");
  }
  if (start.starts_with("CCB2")) {
    fail_byte(bytes->name(), 0, "is CloudCompare's own format; save the cloud as PLY or LAS");
  }
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
  refuse_others(bytes, start);
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (start.starts_with(kByteOrderMark)) start.erase(0, kByteOrderMark.size());
  if (const auto format = format_by_start(start)) return *format;
  if (const auto format = format_by_start(without_comments(start))) return *format;
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
