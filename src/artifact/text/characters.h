// What a character of the text form may be part of. Not <cctype>: a letter must not depend on the locale.
#pragma once

namespace voxloom::artifact {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '$' || c == '.'; }

}  // namespace voxloom::artifact
