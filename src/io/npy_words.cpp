#include "io/npy_words.h"

#include <algorithm>
#include <cstring>

#include "io/failure.h"
#include "io/words.h"

namespace voxloom::io {
namespace {

std::span<const std::uint8_t> without_zeros(std::span<const std::uint8_t> element) {
  while (!element.empty() && element.back() == 0) element = element.first(element.size() - 1);
  return element;
}

char32_t character_at(std::span<const std::uint8_t> element, std::size_t at, bool swapped) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, element.data() + at, sizeof(bits));
  return swapped ? __builtin_bswap32(bits) : bits;
}

}  // namespace

Column NpyWords::of(const Column& bytes, const NpyMember& member, const OnNote& note) {
  const auto all = bytes.span<std::uint8_t>();
  const auto size = static_cast<std::size_t>(member.type.size);
  WordCoder coder;
  std::vector<WordCode> codes;
  codes.reserve(all.size() / size);
  for (std::size_t at = 0; at + size <= all.size(); at += size) {
    const auto element = all.subspan(at, size);
    const bool is_again = at > 0 && std::ranges::equal(element, all.subspan(at - size, size));
    codes.push_back(is_again ? codes.back() : coder.code_of(word_of(element, member.type)));
  }
  const auto say = [&](bool is_so, bool& said, const char* what) {
    if (!is_so || said || !note) return;
    note(fmt::format("words of {} {}", excerpt(bytes.name), what));
    said = true;
  };
  say(has_broken_, said_broken_, "hold what is no character: U+FFFD stands for it");
  say(has_latin1_, said_latin1_, "that are not UTF-8 are read as Latin-1");
  return {.name = bytes.name,
          .components = member.components,
          .values = std::move(codes),
          .words = coder.take()};
}

std::string NpyWords::word_of(std::span<const std::uint8_t> element, const NpyType& type) {
  if (type.kind == 'S') {
    const auto bytes = without_zeros(element);
    std::string word(bytes.begin(), bytes.end());
    if (is_word(word)) return word;
    has_latin1_ = true;
    has_broken_ = has_broken_ || word.find('\0') != std::string::npos;
    return from_latin1(word);
  }
  std::size_t end = element.size();
  while (end > 0 && character_at(element, end - kCharacterBytes, type.swapped) == 0) {
    end -= kCharacterBytes;
  }
  std::string word;
  for (std::size_t at = 0; at < end; at += kCharacterBytes) {
    const char32_t character = character_at(element, at, type.swapped);
    has_broken_ = has_broken_ || !is_character(character);
    append_character(word, is_character(character) ? character : kReplacementCharacter);
  }
  return word;
}

}  // namespace voxloom::io
