// Recursive descent over the text form. The grammar does not nest, so neither does the parser.
// What cannot be read further throws SyntaxError; a type or an attribute that reads well but says
// something unknown is reported, and reading goes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact/graph/reporter.h"
#include "artifact/text/mlir_lexer.h"
#include "artifact/text/mlir_syntax.h"

namespace voxloom::artifact {

class Parser {
 public:
  Parser(std::string_view text, Reporter& reporter) : lexer_(text), reporter_(reporter) {}

  [[nodiscard]] ModuleSyntax parse_module();

 private:
  // `<a, key = b>`: an empty key stands for none.
  struct Parameter {
    std::string key, value;
    Position position;
  };

  // mlir_parser.cpp: module, function, operations
  void parse_function(FunctionSyntax& function);
  void parse_arguments(FunctionSyntax& function);
  OpSyntax parse_op();
  void parse_results(OpSyntax& op);
  void parse_operands(OpSyntax& op);
  void parse_signature(OpSyntax& op);
  void parse_return(FunctionSyntax& function);
  std::vector<AttributeSyntax> parse_attributes();

  // mlir_values.cpp: types and attributes. MLIR's printer leaves a type's name out where the operation
  // implies it; `bare` is what `<...>` alone stands for, nothing: it is refused.
  enum class Bare : std::uint8_t { nothing, sparse, weight };
  TypeSyntax parse_type(Bare bare = Bare::nothing);
  std::vector<TypeSyntax> parse_types(Bare bare = Bare::nothing);  // `(t, ...)` or one
  ValueType parse_tensor();
  ValueType parse_sparse(Position position);
  ValueType parse_weight(Position position);
  ElementType parse_element(const std::string& name, Position position);
  std::vector<Parameter> parse_parameters();
  Parameter parse_parameter();
  Attribute parse_attribute();
  AttributeValue parse_number();
  AttributeValue typed_number(const Token& number, bool negative, const std::string& type);
  AttributeValue parse_dense_array();
  AttributeValue parse_string_array();
  AttributeValue parse_enum();
  std::int64_t parse_integer();
  double parse_double();

  // tokens
  bool at(char punctuation);
  bool accept(char punctuation);
  void expect(char punctuation);
  bool accept_arrow();
  bool at_keyword(std::string_view word);
  void expect_keyword(std::string_view word);
  Token expect(TokenKind kind, std::string_view what);
  [[noreturn]] void fail_at(const Token& token, std::string_view wanted) const;
  // item, item, ... until `close`, which is taken.
  template <typename Item>
  void list_until(char close, Item item) {
    if (accept(close)) return;
    do {
      item();
    } while (accept(','));
    expect(close);
  }

  Lexer lexer_;
  Reporter& reporter_;
};

}  // namespace voxloom::artifact
