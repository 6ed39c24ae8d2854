#include "viz/utf8.h"

#include <array>

namespace voxloom::viz {
namespace {

// How characters of so many bytes begin, and the smallest of them: longer than need be is no character.
struct Utf8Length {
  unsigned mask, first;
  char32_t least;
};
constexpr std::array<Utf8Length, 4> kUtf8Lengths = {
    {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}}};

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool is_character(char32_t value) {
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value <= 0x10FFFF && !is_surrogate;
}

}  // namespace

char32_t take_character(std::string_view& text) {
  const unsigned first = byte_at(text, 0);
  for (std::size_t more = 0; more < kUtf8Lengths.size(); ++more) {
    const Utf8Length& length = kUtf8Lengths.at(more);
    if ((first & length.mask) != length.first || text.size() <= more) continue;
    char32_t value = first & ~length.mask;
    bool is_whole = true;
    for (std::size_t i = 1; i <= more; ++i) {
      is_whole = is_whole && (byte_at(text, i) & 0xC0) == 0x80;
      value = value << 6 | (byte_at(text, i) & 0x3F);
    }
    if (!is_whole || value < length.least || !is_character(value)) break;
    text.remove_prefix(more + 1);
    return value;
  }
  text.remove_prefix(1);
  return kReplacementCharacter;
}

}  // namespace voxloom::viz
