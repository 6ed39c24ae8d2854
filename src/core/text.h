// Formatting without fmt's heavy header: <fmt/core.h> declares what is needed to pass arguments on, and
// the work is done in one source. What has a to_string is formatted by it, so that a check takes the
// object itself and makes no text unless it fails:
//
//   require(a.shape() == b.shape(), kOp, "shapes differ: {} and {}", a.shape(), b.shape());
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace voxloom {

struct Coordinate;
class Tensor;
struct Triple;

[[nodiscard]] std::string to_string(const std::vector<std::int64_t>& shape);  // tensor.h

fmt::appender append_text(fmt::appender out, std::string_view text);

// Formats what has a to_string beside it:
// template <> struct fmt::formatter<Thing> : voxloom::TextFormatter {};
struct TextFormatter {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <typename T>
  auto format(const T& value, fmt::format_context& context) const {
    return append_text(context.out(), to_string(value));
  }
};

}  // namespace voxloom

template <>
struct fmt::formatter<std::vector<std::int64_t>> : voxloom::TextFormatter {};
template <>
struct fmt::formatter<voxloom::Coordinate> : voxloom::TextFormatter {};
template <>
struct fmt::formatter<voxloom::Tensor> : voxloom::TextFormatter {};
template <>
struct fmt::formatter<voxloom::Triple> : voxloom::TextFormatter {};
