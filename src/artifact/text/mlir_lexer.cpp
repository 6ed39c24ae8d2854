#include "artifact/text/mlir_lexer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "artifact/text/characters.h"

namespace voxloom::artifact {
namespace {

constexpr bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool is_value_name(char c) { return is_name(c) || c == '-'; }

constexpr unsigned hex_value(char c) {
  return static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

std::string describe(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x7f ? fmt::format("byte 0x{:02x}", byte) : fmt::format("'{}'", c);
}

}  // namespace

const Token& Lexer::peek() {
  if (!ahead_) ahead_ = lex();
  return *ahead_;
}

Token Lexer::next() {
  if (ahead_) return *std::exchange(ahead_, std::nullopt);
  return lex();
}

bool Lexer::take_character(char wanted) {
  skip_blanks();
  if (at_end() || current() != wanted) return false;
  ++offset_;
  return true;
}

std::string_view Lexer::take_digits() {
  skip_blanks();
  return take_while(is_digit);
}

std::string_view Lexer::take_word() {
  skip_blanks();
  return take_while([](char c) { return is_letter(c) || is_digit(c); });
}

Position Lexer::position() {
  skip_blanks();
  return here();
}

void Lexer::skip_blanks() {
  while (!at_end()) {
    const char c = current();
    if (c == '\n') {
      ++line_;
      line_start_ = offset_ + 1;
    } else if (c == '/' && ahead(1) == '/') {
      const std::size_t line_end = text_.find('\n', offset_);
      offset_ = std::min(line_end, text_.size());
      continue;
    } else if (c != ' ' && c != '\t' && c != '\r') {
      return;
    }
    ++offset_;
  }
}

template <typename Predicate>
std::string_view Lexer::take_while(Predicate predicate) {
  const std::size_t begin = offset_;
  while (!at_end() && predicate(current())) ++offset_;
  return text_.substr(begin, offset_ - begin);
}

Token Lexer::lex() {
  skip_blanks();
  const Position start = here();
  if (at_end()) return {.kind = TokenKind::end, .text = {}, .string = {}, .position = start};
  const char c = current();
  Token token;
  if (is_letter(c)) {
    token = {
        .kind = TokenKind::identifier, .text = take_while(is_name), .string = {}, .position = {}};
  } else if (is_digit(c)) {
    token = number_token();
  } else if (c == '%') {
    token = value_token();
  } else if (c == '@') {
    token = sigil_token(TokenKind::symbol);
  } else if (c == '#') {
    token = sigil_token(TokenKind::attribute);
  } else if (c == '!') {
    token = sigil_token(TokenKind::type);
  } else if (c == '"') {
    token = string_token();
  } else if (c == '-' && ahead(1) == '>') {
    token = {
        .kind = TokenKind::arrow, .text = text_.substr(offset_, 2), .string = {}, .position = {}};
    offset_ += 2;
  } else if (std::string_view("{}()<>[],:=-+?*^").find(c) != std::string_view::npos) {
    token = {.kind = TokenKind::punctuation,
             .text = text_.substr(offset_, 1),
             .string = {},
             .position = {}};
    ++offset_;
  } else {
    fail(fmt::format("unexpected {}", describe(c)));
  }
  token.position = start;
  return token;
}

Token Lexer::sigil_token(TokenKind kind) {
  const char sigil = current();
  ++offset_;
  if (kind == TokenKind::symbol && current() == '"') {
    Token token = string_token();
    token.kind = kind;
    return token;
  }
  if (!is_letter(current())) fail(fmt::format("a name must follow '{}'", sigil));
  return {.kind = kind, .text = take_while(is_name), .string = {}, .position = {}};
}

// %name or %name#2: the third of several results.
Token Lexer::value_token() {
  ++offset_;
  const std::size_t begin = offset_;
  if (take_while(is_value_name).empty()) fail("a name must follow '%'");
  if (current() == '#') {
    ++offset_;
    if (take_while(is_digit).empty()) fail("a result number must follow '#'");
  }
  return {.kind = TokenKind::value,
          .text = text_.substr(begin, offset_ - begin),
          .string = {},
          .position = {}};
}

Token Lexer::number_token() {
  const std::size_t begin = offset_;
  const auto token = [&](TokenKind kind) {
    return Token{
        .kind = kind, .text = text_.substr(begin, offset_ - begin), .string = {}, .position = {}};
  };
  if (current() == '0' && ahead(1) == 'x' && is_hex_digit(ahead(2))) {
    offset_ += 2;
    take_while(is_hex_digit);
    return token(TokenKind::integer);
  }
  take_while(is_digit);
  const bool exponent_only =
      (current() == 'e' || current() == 'E') &&
      (is_digit(ahead(1)) || ((ahead(1) == '-' || ahead(1) == '+') && is_digit(ahead(2))));
  if (current() != '.' && !exponent_only) return token(TokenKind::integer);
  if (current() == '.') {
    ++offset_;
    take_while(is_digit);
  }
  if (current() == 'e' || current() == 'E') {
    const bool sign = ahead(1) == '-' || ahead(1) == '+';
    if (is_digit(ahead(sign ? 2 : 1))) {
      offset_ += sign ? 2 : 1;
      take_while(is_digit);
    }
  }
  return token(TokenKind::floating);
}

Token Lexer::string_token() {
  const std::size_t begin = offset_;
  Token token{.kind = TokenKind::string, .text = {}, .string = quoted(), .position = {}};
  token.text = text_.substr(begin, offset_ - begin);
  return token;
}

std::string Lexer::quoted() {
  ++offset_;
  std::string out;
  while (current() != '"') {
    if (at_end() || current() == '\n') fail("the string is not closed on its line");
    if (current() == '\\') {
      escape(out);
    } else {
      out.push_back(current());
      ++offset_;
    }
  }
  ++offset_;
  return out;
}

void Lexer::escape(std::string& out) {
  const char c = ahead(1);
  if (c == '"' || c == '\\') {
    out.push_back(c);
    offset_ += 2;
  } else if (c == 'n' || c == 't') {
    out.push_back(c == 'n' ? '\n' : '\t');
    offset_ += 2;
  } else if (is_hex_digit(c) && is_hex_digit(ahead(2))) {
    out.push_back(static_cast<char>(hex_value(c) << 4U | hex_value(ahead(2))));
    offset_ += 3;
  } else {
    fail(R"(a string knows the escapes \", \\, \n, \t and two hexadecimal digits)");
  }
}

}  // namespace voxloom::artifact
