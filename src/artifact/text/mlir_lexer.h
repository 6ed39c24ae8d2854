// Tokens of the MLIR text form, one at a time, with their place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "voxloom/graph.h"

namespace voxloom::artifact {

// The text cannot be read further.
struct SyntaxError {
  Position position;
  std::string message;
};

enum class TokenKind : std::uint8_t {
  end,
  identifier,  // func.func
  value,       // %x, %x#1
  symbol,      // @forward, @"a b"
  attribute,   // #lattice.join
  type,        // !lattice.weight
  integer,     // 12, 0x1f
  floating,    // 1.0, 1.e-5
  string,      // "..."
  arrow,       // ->
  punctuation  // one character
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  // without the sigil of values, symbols, attributes and types
  std::string string;     // of a string: its characters, escapes resolved
  Position position;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  [[nodiscard]] const Token& peek();  // throws SyntaxError, like the others
  Token next();

  // Within `tensor<`, where 4x8xf32 is no token sequence: blanks and comments skipped, the next
  // character taken when it is `wanted`, or the digits or letters that stand there. Not after peek().
  [[nodiscard]] bool take_character(char wanted);
  [[nodiscard]] std::string_view take_digits();
  [[nodiscard]] std::string_view take_word();
  [[nodiscard]] Position position();

 private:
  [[nodiscard]] bool at_end() const { return offset_ >= text_.size(); }
  [[nodiscard]] char current() const { return at_end() ? '\0' : text_[offset_]; }
  [[nodiscard]] char ahead(std::size_t count) const {
    return offset_ + count < text_.size() ? text_[offset_ + count] : '\0';
  }
  [[nodiscard]] Position here() const {
    return {line_, static_cast<int>(offset_ - line_start_) + 1};
  }
  [[noreturn]] void fail(const std::string& message) const { throw SyntaxError{here(), message}; }
  void skip_blanks();
  template <typename Predicate>
  std::string_view take_while(Predicate predicate);
  Token lex();
  Token sigil_token(TokenKind kind);
  Token value_token();
  Token number_token();
  Token string_token();
  std::string quoted();
  void escape(std::string& out);

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  std::optional<Token> ahead_;
};

}  // namespace voxloom::artifact
