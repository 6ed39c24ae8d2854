#include "io/npy_header.h"

#include <array>
#include <string_view>

#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

constexpr std::int64_t kMaxText = 1 << 16;
constexpr std::int64_t kMaxComponents = 65536;

bool is_type(char kind, std::int64_t size) {
  switch (kind) {
    case 'b': return size == 1;
    case 'u':
    case 'i': return size == 1 || size == 2 || size == 4 || size == 8;
    case 'f': return size == 2 || size == 4 || size == 8;
    case 'V': return size > 0 && size <= kMaxComponents;
    case 'U':
    case 'S': return size > 0 && size <= kLongestWord;
    default: return false;
  }
}

// The part of Python's literals that headers are made of.
class LiteralParser {
 public:
  LiteralParser(std::string text, const std::string& file, std::int64_t offset)
      : text_(std::move(text)), file_(file), offset_(offset) {}

  void parse(NpyHeader& header) {
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = parse_string();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        parse_descr(header);
      } else if (key == "fortran_order" && !order) {
        order = true;
        header.fortran_order = parse_bool();
      } else if (key == "shape" && !shape) {
        shape = true;
        header.shape = parse_tuple();
      } else {
        fail("unexpected key {}", excerpt(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!descr || !order || !shape) fail("'descr', 'fortran_order' and 'shape' are expected");
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    fail_byte(file_, offset_ + static_cast<std::int64_t>(at_), text, std::forward<Args>(args)...);
  }

  char peek() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail("'{}' is expected in the header", c);
  }

  std::string parse_string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("a quoted word is expected in the header");
    const std::size_t end = text_.find(quote, ++at_);
    if (end == std::string::npos) fail("a quoted word has no end");
    std::string word = text_.substr(at_, end - at_);
    at_ = end + 1;
    return word;
  }

  bool parse_bool() {
    peek();
    for (const std::string_view word : {"True", "False"}) {
      if (!std::string_view(text_).substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return word == "True";
    }
    fail("True or False is expected in the header");
  }

  std::int64_t parse_size() {
    peek();
    const std::size_t end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    const auto count = parse_count(std::string_view(text_).substr(at_, end - at_));
    if (!count) fail("a size is expected in the header");
    at_ = end;
    accept('L');  // as Python 2 wrote them
    return *count;
  }

  std::vector<std::int64_t> parse_tuple() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      sizes.push_back(parse_size());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  NpyType parse_type(NpyHeader& header) {
    const std::string word = parse_string();
    NpyType type;
    const std::int64_t size =
        word.size() < 3 ? -1 : parse_count(std::string_view(word).substr(2)).value_or(-1);
    const bool order = !word.empty() && std::string_view("<>|=").find(word[0]) != std::string::npos;
    if (size < 0 || !order || !is_type(word[1], size)) {
      header.problem = fmt::format("elements of type {} cannot be read", excerpt(word));
      return type;
    }
    const std::int64_t bytes = word[1] == 'U' ? size * kCharacterBytes : size;
    const bool swapped = word[0] == '>' && bytes > 1 && word[1] != 'S';
    return {.kind = word[1], .size = bytes, .swapped = swapped};
  }

  void parse_descr(NpyHeader& header) {
    if (peek() != '[') {
      header.members.push_back({.name = "", .type = parse_type(header)});
      return;
    }
    header.structured = true;
    expect('[');
    while (!accept(']')) {
      parse_member(header);
      if (!accept(',')) {
        expect(']');
        break;
      }
    }
  }

  void parse_member(NpyHeader& header) {
    expect('(');
    NpyMember member{.name = parse_string(), .type = {}};
    expect(',');
    if (peek() == '[') fail("records inside of records cannot be read");
    member.type = parse_type(header);
    if (accept(',') && peek() == '(') {
      for (const std::int64_t size : parse_tuple()) {
        if (size < 1 || size > kMaxComponents / member.components) {
          fail("a member has more than {} values, or none", kMaxComponents);
        }
        member.components *= size;
      }
      accept(',');
    }
    expect(')');
    header.members.push_back(std::move(member));
  }

  std::string text_;
  const std::string& file_;
  std::int64_t offset_;
  std::size_t at_ = 0;
};

}  // namespace

NpyHeader read_npy_header(const Bytes& bytes) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  std::array<std::byte, 12> start{};
  bytes->read(0, std::span(start).first(10));
  if (std::memcmp(start.data(), kMagic.data(), kMagic.size()) != 0) {
    fail_byte(bytes->name(), 0, "does not start with the mark of a NPY file");
  }
  const int version = load<std::uint8_t>(start, 6);
  if (version < 1 || version > 3) {
    fail_byte(bytes->name(), 6, "version {} is not one of 1 to 3", version);
  }
  if (version > 1) bytes->read(0, start);
  const std::int64_t length =
      version == 1 ? load<std::uint16_t>(start, 8) : load<std::uint32_t>(start, 8);
  const std::int64_t begin = version == 1 ? 10 : 12;
  if (length > kMaxText || length > bytes->size() - begin) {
    fail_byte(bytes->name(), 8,
              "a header of {} bytes is promised; {} bytes follow, {} are read at most", length,
              bytes->size() - begin, kMaxText);
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  bytes->read(begin, std::as_writable_bytes(std::span(text)));
  NpyHeader header{.size = begin + length};
  LiteralParser(std::move(text), bytes->name(), begin).parse(header);
  return header;
}

}  // namespace voxloom::io
