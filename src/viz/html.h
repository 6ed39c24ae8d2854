// Text from outside in HTML.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace voxloom::viz {

// In content and in attributes within double quotes.
[[nodiscard]] std::string html_text(std::string_view plain);

// A file's name as a link relative to the page: all but letters, digits, '-', '.', '_' and '~' as %XX.
[[nodiscard]] std::string link_to(std::string_view file_name);

// A dark page down to its body's beginning; `style` adds rules to those that all of ours have.
[[nodiscard]] std::string page_head(std::string_view title, std::string_view style);

[[nodiscard]] std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace voxloom::viz
