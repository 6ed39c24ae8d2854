// Characters of UTF-8 text, whatever is in it.
#pragma once

#include <string_view>

namespace voxloom::viz {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// Takes the first character off `text`, which is not empty. What is no character of UTF-8 (Unicode 15, table 3-7)
// counts as the replacement character, byte by byte.
[[nodiscard]] char32_t take_character(std::string_view& text);

}  // namespace voxloom::viz
