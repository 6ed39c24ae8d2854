// Text out of a file: lines, the cells of a line, numbers. No locale is consulted anywhere.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "io/byte_source.h"

namespace voxloom::io {

// Lines end in LF or CR LF, or, when the first does, in CR alone; the last one may lack its end. A
// byte-order mark before the first is passed over. A line is at most 1 MiB long.
class LineReader {
 public:
  explicit LineReader(Bytes source, std::int64_t offset = 0, std::int64_t lines_before = 0)
      : source_(std::move(source)), next_(offset), number_(lines_before) {}

  // The view is valid until the next call.
  [[nodiscard]] bool next(std::string_view& line);
  [[nodiscard]] std::int64_t number() const { return number_; }  // of the last line, from 1
  [[nodiscard]] std::int64_t offset() const { return next_; }    // of the byte behind it

 private:
  [[nodiscard]] std::string_view buffered() const;
  bool fill();  // false at the end of the file
  void skip_mark();
  [[nodiscard]] char choose_end();

  Bytes source_;
  std::int64_t next_;
  std::int64_t number_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what is not used yet
  char end_ = '\0';        // of a line; not chosen yet
};

[[nodiscard]] constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);  // ASCII

// The cells of a line. Separator ' ': runs of blanks and tabs; else every occurrence separates and
// blanks around a cell are dropped. A cell in double quotes may hold separators, and quotes that are doubled; it is
// given without the outer quotes.
class Cells {
 public:
  Cells(std::string_view line, char separator)
      : rest_(separator == '\t' ? line : trimmed(line)), separator_(separator) {}
  [[nodiscard]] bool next(std::string_view& cell);
  // Of the last cell.
  [[nodiscard]] bool is_quoted() const { return is_quoted_; }
  [[nodiscard]] bool has_doubled() const { return has_doubled_; }  // quotes that stand for one

 private:
  [[nodiscard]] bool take_quoted(std::string_view& cell);
  [[nodiscard]] std::string_view without_blanks(std::string_view text) const;

  std::string_view rest_;
  char separator_;
  bool pending_ = false;  // a separator was the last thing seen: one more cell follows
  bool is_quoted_ = false, has_doubled_ = false;
};

// A cell with doubled quotes as it is meant.
[[nodiscard]] std::string undoubled(std::string_view cell);
// Where the quoted cell ends that `text` begins with: behind its last quote; npos where there is none.
[[nodiscard]] std::size_t quoted_size(std::string_view text);

[[nodiscard]] std::vector<std::string_view> split(std::string_view line, char separator = ' ');

enum class Number : std::uint8_t { good, malformed, out_of_range };

// The whole of `text` as one number. Integers may be written as 3.0; floats may be nan or inf; what
// is too small for a float is 0, what is too large is out of range.
template <typename T>
[[nodiscard]] Number parse_number(std::string_view text, T& value);

// A word as a cell: in quotes where it would else be read as something else. Line ends become blanks, since a line is a
// point.
void append_word(std::string& out, std::string_view word, char separator);

// A count in a header: plain digits.
[[nodiscard]] std::optional<std::int64_t> parse_count(std::string_view text);

// The shortest text that is read back as the same value.
template <typename T>
void append_number(std::string& out, T value) {
  char digits[32];
  const std::to_chars_result result = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, result.ptr);
}

}  // namespace voxloom::io
