#include "io/lines.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/failure.h"

namespace voxloom::io {
namespace {

constexpr std::size_t kLongestLine = 1 << 20;

// from_chars calls both too small and too large "out of range"; only the text tells which.
bool is_underflow(std::string_view text) {
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) return text.substr(exponent + 1).starts_with('-');
  const std::size_t first = text.find_first_not_of("+-");
  return first != std::string_view::npos && (text[first] == '0' || text[first] == '.');
}

Number parse_double(std::string_view text, double& value) {
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return Number::malformed;
  if (result.ec == std::errc()) return Number::good;
  if (!is_underflow(text)) return Number::out_of_range;
  value = text.starts_with('-') ? -0.0 : 0.0;
  return Number::good;
}

Number parse_float(std::string_view text, float& value) {
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ptr == end && result.ec == std::errc()) return Number::good;
  double wide = 0;
  const Number number = parse_double(text, wide);
  if (number != Number::good) return number;
  if (std::abs(wide) > std::numeric_limits<float>::max()) return Number::out_of_range;
  value = static_cast<float>(wide);
  return Number::good;
}

template <typename T>
Number parse_integer(std::string_view text, T& value) {
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ptr == end && result.ec == std::errc()) return Number::good;
  // As float64, -2^63-1 is -2^63, which fits.
  if (result.ptr == end && result.ec == std::errc::result_out_of_range) return Number::out_of_range;
  double wide = 0;
  const Number number = parse_double(text, wide);
  if (number != Number::good) return number;
  // 2^63 and 2^64 are doubles, the largest integers below them are not.
  const double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (std::isnan(wide) || wide != std::trunc(wide)) return Number::malformed;
  if (wide >= limit || wide < static_cast<double>(std::numeric_limits<T>::min())) {
    return Number::out_of_range;
  }
  value = static_cast<T>(wide);
  return Number::good;
}

}  // namespace

std::string_view LineReader::buffered() const { return std::string_view(buffer_).substr(begin_); }

bool LineReader::fill() {
  constexpr std::int64_t kBlock = 1 << 18;
  const std::int64_t at = next_ + static_cast<std::int64_t>(buffered().size());
  const std::int64_t count = std::min(kBlock, source_->size() - at);
  if (count <= 0) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + static_cast<std::size_t>(count));
  source_->read(at, std::as_writable_bytes(std::span(buffer_).subspan(kept)));
  return true;
}

void LineReader::skip_mark() {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (next_ != 0) return;
  if (buffered().size() < kMark.size()) fill();
  if (!buffered().starts_with(kMark)) return;
  begin_ += kMark.size();
  next_ += static_cast<std::int64_t>(kMark.size());
}

char LineReader::choose_end() {
  std::size_t at = 0, searched = 0;
  while ((at = buffered().find_first_of("\r\n", searched)) == std::string_view::npos) {
    searched = buffered().size();
    if (searched > kLongestLine || !fill()) return '\n';
  }
  if (buffered()[at] == '\n') return '\n';
  if (at + 1 == buffered().size() && !fill()) return '\n';
  return buffered()[at + 1] == '\n' ? '\n' : '\r';
}

bool LineReader::next(std::string_view& line) {
  if (end_ == '\0') {
    skip_mark();
    end_ = choose_end();
  }
  std::size_t searched = 0;
  std::size_t end = std::string_view::npos;
  while ((end = buffered().find(end_, searched)) == std::string_view::npos) {
    searched = buffered().size();
    if (searched > kLongestLine) {
      fail_line(source_->name(), number_ + 1, "is longer than {} bytes: not a text file?",
                kLongestLine);
    }
    if (!fill()) break;
  }
  if (end == std::string_view::npos && buffered().empty()) return false;
  line = buffered().substr(0, end);
  const std::size_t used = end == std::string_view::npos ? line.size() : end + 1;
  begin_ += used;
  next_ += static_cast<std::int64_t>(used);
  ++number_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::size_t quoted_size(std::string_view text) {
  if (!text.starts_with('"')) return std::string_view::npos;
  std::size_t end = text.find('"', 1);
  while (end != std::string_view::npos && end + 1 < text.size() && text[end + 1] == '"') {
    end = text.find('"', end + 2);
  }
  return end == std::string_view::npos ? end : end + 1;
}

std::string undoubled(std::string_view cell) {
  std::string out;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    out += cell[i];
    if (cell[i] == '"') ++i;
  }
  return out;
}

// A tab that separates is no blank.
std::string_view Cells::without_blanks(std::string_view text) const {
  if (separator_ != '\t') return trimmed(text);
  const std::size_t first = text.find_first_not_of(" \r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \r") - first + 1);
}

bool Cells::take_quoted(std::string_view& cell) {
  const std::string_view text = without_blanks(rest_);
  const std::size_t size = quoted_size(text);
  if (size == std::string_view::npos) return false;
  std::string_view behind = text.substr(size);
  const bool blank = behind.empty() || is_blank(behind.front());
  behind = without_blanks(behind);
  const bool separated = separator_ != ' ' && behind.starts_with(separator_);
  if (!behind.empty() && !separated && !(separator_ == ' ' && blank)) return false;
  cell = text.substr(1, size - 2);
  is_quoted_ = true;
  has_doubled_ = cell.find('"') != std::string_view::npos;
  pending_ = separated;
  rest_ = separated ? behind.substr(1) : behind;
  return true;
}

bool Cells::next(std::string_view& cell) {
  if (rest_.empty() && !pending_) return false;
  is_quoted_ = has_doubled_ = false;
  if (take_quoted(cell)) return true;
  const std::size_t end = separator_ == ' ' ? rest_.find_first_of(" \t") : rest_.find(separator_);
  pending_ = separator_ != ' ' && end != std::string_view::npos;
  cell = rest_.substr(0, end);
  rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
  if (separator_ == ' ') {
    rest_ = trimmed(rest_);
  } else {
    cell = trimmed(cell);
  }
  return true;
}

std::vector<std::string_view> split(std::string_view line, char separator) {
  std::vector<std::string_view> cells;
  Cells reader(line, separator);
  for (std::string_view cell; reader.next(cell);) cells.push_back(cell);
  return cells;
}

template <typename T>
Number parse_number(std::string_view text, T& value) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  if constexpr (std::is_same_v<T, float>) {
    return parse_float(text, value);
  } else if constexpr (std::is_same_v<T, double>) {
    return parse_double(text, value);
  } else {
    return parse_integer(text, value);
  }
}

template Number parse_number(std::string_view, std::uint8_t&);
template Number parse_number(std::string_view, std::int8_t&);
template Number parse_number(std::string_view, std::uint16_t&);
template Number parse_number(std::string_view, std::int16_t&);
template Number parse_number(std::string_view, std::uint32_t&);
template Number parse_number(std::string_view, std::int32_t&);
template Number parse_number(std::string_view, std::uint64_t&);
template Number parse_number(std::string_view, std::int64_t&);
template Number parse_number(std::string_view, float&);
template Number parse_number(std::string_view, double&);

void append_word(std::string& out, std::string_view word, char separator) {
  const bool has_ends = !word.empty() && (is_blank(word.front()) || is_blank(word.back()));
  const bool has_marks = word.find_first_of("\",;\t\r\n") != std::string_view::npos ||
                         word.find(separator) != std::string_view::npos;
  const bool has_blanks = separator == '\t' && word.find(' ') != std::string_view::npos;
  double value = 0;
  if (!word.empty() && !has_ends && !has_marks && !has_blanks &&
      parse_number(word, value) == Number::malformed) {
    out += word;
    return;
  }
  out += '"';
  for (const char c : word) {
    if (c == '"') out += c;
    out += c == '\r' || c == '\n' ? ' ' : c;
  }
  out += '"';
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ptr != end || result.ec != std::errc() || value < 0) return std::nullopt;
  return value;
}

}  // namespace voxloom::io
