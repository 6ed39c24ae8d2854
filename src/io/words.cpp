#include "io/words.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace voxloom::io {
namespace {

constexpr char32_t kSurrogates = 0xd800, kBehindSurrogates = 0xe000, kLastCharacter = 0x10ffff;

// How a lead byte begins: which of its bits are the character's, and what the first one of so many bytes is.
struct Utf8Form {
  unsigned char mask, lead;
  char32_t least;
};
constexpr Utf8Form kUtf8Forms[] = {
    {0x7f, 0x00, 1}, {0x1f, 0xc0, 0x80}, {0x0f, 0xe0, 0x800}, {0x07, 0xf0, 0x10000}};

// Takes a character off the front; 0 where there is none.
char32_t take_character(std::string_view& text) {
  constexpr unsigned kMore = 0x80, kMoreBits = 6, kMoreMask = 0x3f;
  const auto lead = static_cast<unsigned char>(text.front());
  for (std::size_t more = 0; more < std::size(kUtf8Forms); ++more) {
    const Utf8Form& form = kUtf8Forms[more];
    if ((lead & ~form.mask & 0xffU) != form.lead) continue;
    if (more >= text.size()) return 0;
    char32_t character = lead & form.mask;
    for (std::size_t i = 1; i <= more; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if ((byte & ~kMoreMask & 0xffU) != kMore) return 0;
      character = (character << kMoreBits) | (byte & kMoreMask);
    }
    if (character < form.least || !is_character(character)) return 0;
    text.remove_prefix(more + 1);
    return character;
  }
  return 0;
}

}  // namespace

WordCoder::WordCoder(const Words& words) {
  codes_.reserve(words.size());
  for (const std::string& word : words) static_cast<void>(code_of(word));
}

WordCode WordCoder::code_of(std::string_view word) {
  if (last_ != nullptr && *last_ == word) return last_code_;
  auto found = codes_.find(word);
  if (found == codes_.end()) {
    if (codes_.size() >= std::numeric_limits<std::uint32_t>::max()) {
      throw std::length_error("a column of text has more than 4294967295 distinct words");
    }
    found = codes_.emplace(word, static_cast<std::uint32_t>(codes_.size())).first;
  }
  last_ = &found->first;
  last_code_ = static_cast<WordCode>(found->second);
  return last_code_;
}

std::shared_ptr<const Words> WordCoder::take() {
  auto words = std::make_shared<Words>(codes_.size());
  last_ = nullptr;
  while (!codes_.empty()) {
    auto node = codes_.extract(codes_.begin());
    (*words)[node.mapped()] = std::move(node.key());
  }
  return words;
}

std::vector<std::string_view> used_words(const Column& column) {
  std::vector<bool> seen(column.words ? column.words->size() : 0);
  std::vector<std::string_view> used;
  const auto codes = column.span<WordCode>();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto code = static_cast<std::size_t>(codes[i]);
    if (code < seen.size() && seen[code]) continue;
    used.push_back(column.word(static_cast<std::int64_t>(i)));
    seen[code] = true;
  }
  return used;
}

std::size_t bytes_of_words(const Column& column) {
  std::size_t bytes = 0;
  if (column.words == nullptr) return bytes;
  for (const std::string& word : *column.words) bytes += sizeof(word) + word.capacity();
  return bytes;
}

std::optional<std::vector<char32_t>> characters_of(std::string_view word) {
  std::vector<char32_t> characters;
  characters.reserve(word.size());
  while (!word.empty()) {
    const char32_t character = take_character(word);
    if (character == 0) return std::nullopt;
    characters.push_back(character);
  }
  return characters;
}

std::optional<std::int64_t> character_count(std::string_view word) {
  std::int64_t count = 0;
  for (; !word.empty(); ++count) {
    if (take_character(word) == 0) return std::nullopt;
  }
  return count;
}

bool is_word(std::string_view text) {
  const std::optional<std::int64_t> count = character_count(text);
  return count && *count <= kLongestWord;
}

bool is_character(char32_t character) {
  const bool is_surrogate = character >= kSurrogates && character < kBehindSurrogates;
  return character > 0 && character <= kLastCharacter && !is_surrogate;
}

void append_character(std::string& out, char32_t character) {
  constexpr unsigned kMoreBits = 6;
  constexpr char32_t kMore = 0x80, kMoreMask = 0x3f;
  std::size_t more = 0;
  while (more + 1 < std::size(kUtf8Forms) && character >= kUtf8Forms[more + 1].least) ++more;
  const auto shift = [&](std::size_t i) { return static_cast<unsigned>(i) * kMoreBits; };
  out += static_cast<char>(kUtf8Forms[more].lead | (character >> shift(more)));
  for (std::size_t i = more; i > 0; --i) {
    out += static_cast<char>(kMore | ((character >> shift(i - 1)) & kMoreMask));
  }
}

std::string from_latin1(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    append_character(out, byte == '\0' ? kReplacementCharacter : static_cast<unsigned char>(byte));
  }
  return out;
}

}  // namespace voxloom::io
