#include "io/failure.h"

namespace voxloom::io {

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += c < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) out += c < 0x20 || c > 0x7e ? '?' : c;
  return out + (text.size() > kLongest ? "...'" : "'");
}

void throw_format(const FileName& file, std::string_view place, const std::string& reason) {
  throw FormatError(fmt::format("[{}] {}:{}{}{} {}", file.op, printable(file.name),
                                place.empty() ? "" : " ", place, place.empty() ? "" : ":", reason));
}

void throw_format(const FileName& file, fmt::string_view text, fmt::format_args args) {
  throw_format(file, "", fmt::vformat(text, args));
}

void throw_format_at(const FileName& file, std::string_view unit, std::int64_t number,
                     fmt::string_view text, fmt::format_args args) {
  throw_format(file, fmt::format("{} {}", unit, number), fmt::vformat(text, args));
}

}  // namespace voxloom::io
