// Words of text: a code for each distinct one, and what may be a word.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "voxloom/scan.h"

namespace voxloom::io {

// Codes in the order of first use. std::length_error beyond 2^32 words.
class WordCoder {
 public:
  WordCoder() = default;
  explicit WordCoder(const Words& words);  // have the first codes
  WordCoder(const WordCoder&) = delete;
  WordCoder& operator=(const WordCoder&) = delete;

  [[nodiscard]] WordCode code_of(std::string_view word);
  [[nodiscard]] std::size_t size() const { return codes_.size(); }
  // All words, by their codes; the coder is empty afterwards.
  [[nodiscard]] std::shared_ptr<const Words> take();

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const {
      return std::hash<std::string_view>()(word);
    }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> codes_;
  // Neighbours mostly share a word.
  const std::string* last_ = nullptr;
  WordCode last_code_ = {};
};

// What the points of a column say, each word once, in the order of their first use there.
[[nodiscard]] std::vector<std::string_view> used_words(const Column& column);

// What the words of a column take of the memory, those of numbers nothing.
[[nodiscard]] std::size_t bytes_of_words(const Column& column);

// The characters of UTF-8; nothing where it is none, overlong forms, surrogates and a zero byte included.
[[nodiscard]] std::optional<std::vector<char32_t>> characters_of(std::string_view word);
[[nodiscard]] std::optional<std::int64_t> character_count(std::string_view word);
[[nodiscard]] bool is_word(std::string_view text);  // such UTF-8, at most kLongestWord characters
inline constexpr char32_t kReplacementCharacter = 0xfffd;  // where there is none
[[nodiscard]] bool is_character(char32_t character);       // of Unicode, but for zero
void append_character(std::string& out, char32_t character);
// UTF-8 of bytes that are characters of Latin-1; U+FFFD for a zero.
[[nodiscard]] std::string from_latin1(std::string_view bytes);

}  // namespace voxloom::io
