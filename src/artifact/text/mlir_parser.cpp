#include "artifact/text/mlir_parser.h"

#include <charconv>

namespace voxloom::artifact {
namespace {

constexpr int kMaxPack = 8;  // results of `%x:N`; no operation has more than three

std::string describe(const Token& token) {
  constexpr std::size_t kLongest = 60;
  if (token.kind == TokenKind::end) return "the end of the text";
  return fmt::format("'{}{}'", token.text.substr(0, kLongest),
                     token.text.size() > kLongest ? "..." : "");
}

NameSyntax name_of(const Token& token) { return {std::string(token.text), token.position}; }

std::string symbol_name(const Token& token) {
  return token.string.empty() ? std::string(token.text) : token.string;
}

}  // namespace

ModuleSyntax Parser::parse_module() {
  ModuleSyntax module;
  module.position = lexer_.peek().position;
  const Token word = expect(TokenKind::identifier, "'module'");
  if (word.text != "module" && word.text != "builtin.module") fail_at(word, "'module'");
  if (lexer_.peek().kind == TokenKind::symbol) lexer_.next();
  if (at_keyword("attributes")) {
    lexer_.next();
    module.attributes = parse_attributes();
  }
  expect('{');
  parse_function(module.function);
  if (at_keyword("func.func")) {
    throw SyntaxError{lexer_.peek().position, "a second function: the module holds exactly one"};
  }
  expect('}');
  if (lexer_.peek().kind != TokenKind::end) fail_at(lexer_.peek(), "nothing after the module");
  return module;
}

void Parser::parse_function(FunctionSyntax& function) {
  expect_keyword("func.func");
  if (at_keyword("public") || at_keyword("private")) lexer_.next();
  const Token name = expect(TokenKind::symbol, "the function's name");
  function.name = {symbol_name(name), name.position};
  parse_arguments(function);
  if (accept_arrow()) function.results = parse_types();
  expect('{');
  if (at('^')) {
    throw SyntaxError{lexer_.peek().position, "a block label: the function has exactly one block"};
  }
  while (!at_keyword("return") && !at_keyword("func.return")) {
    if (at('}')) fail_at(lexer_.peek(), "'return'");
    function.ops.push_back(parse_op());
  }
  parse_return(function);
  if (!at('}')) fail_at(lexer_.peek(), "'}' after 'return'");
  expect('}');
}

void Parser::parse_arguments(FunctionSyntax& function) {
  expect('(');
  list_until(')', [&] {
    ArgumentSyntax argument;
    argument.name = name_of(expect(TokenKind::value, "an argument"));
    expect(':');
    argument.type = parse_type();
    function.arguments.push_back(std::move(argument));
  });
}

OpSyntax Parser::parse_op() {
  OpSyntax op;
  if (lexer_.peek().kind == TokenKind::value) {
    parse_results(op);
    expect('=');
  }
  op.name = name_of(expect(TokenKind::identifier, "an operation"));
  if (lexer_.peek().kind == TokenKind::symbol) op.symbol = symbol_name(lexer_.next());
  parse_operands(op);
  if (at('{')) op.attributes = parse_attributes();
  expect(':');
  parse_signature(op);
  return op;
}

void Parser::parse_results(OpSyntax& op) {
  do {
    const NameSyntax name = name_of(expect(TokenKind::value, "a result"));
    if (!accept(':')) {
      op.results.push_back(name);
      continue;
    }
    const std::int64_t count = parse_integer();
    if (count < 1 || count > kMaxPack) {
      throw SyntaxError{name.position, fmt::format("{} results of one operation; 1 to {} are read",
                                                   count, kMaxPack)};
    }
    for (std::int64_t i = 0; i < count; ++i) {
      op.results.push_back({fmt::format("{}#{}", name.name, i), name.position});
    }
  } while (accept(','));
}

void Parser::parse_operands(OpSyntax& op) {
  if (lexer_.peek().kind != TokenKind::value) return;
  do {
    op.operands.push_back(name_of(expect(TokenKind::value, "an operand")));
  } while (accept(','));
}

// `: (types) -> types`, `: type -> types`, or, of what has no operands, `: type`.
void Parser::parse_signature(OpSyntax& op) {
  const Bare bare = op.name.name == "lattice.weight" ? Bare::weight : Bare::sparse;
  std::vector<TypeSyntax> types = parse_types(bare);
  if (accept_arrow()) {
    op.operand_types = std::move(types);
    op.result_types = parse_types(bare);
  } else {
    op.result_types = std::move(types);
  }
}

void Parser::parse_return(FunctionSyntax& function) {
  function.return_position = lexer_.next().position;
  if (lexer_.peek().kind != TokenKind::value) return;
  do {
    function.returned.push_back(name_of(expect(TokenKind::value, "a value")));
  } while (accept(','));
  expect(':');
  do {
    function.returned_types.push_back(parse_type());
  } while (accept(','));
}

std::vector<AttributeSyntax> Parser::parse_attributes() {
  std::vector<AttributeSyntax> attributes;
  expect('{');
  list_until('}', [&] {
    const Token key = lexer_.next();
    if (key.kind != TokenKind::identifier && key.kind != TokenKind::string) {
      fail_at(key, "an attribute's name");
    }
    AttributeSyntax attribute;
    attribute.name = key.kind == TokenKind::string ? key.string : std::string(key.text);
    attribute.position = key.position;
    expect('=');
    attribute.value = parse_attribute();
    attributes.push_back(std::move(attribute));
  });
  return attributes;
}

bool Parser::at(char punctuation) {
  const Token& token = lexer_.peek();
  return token.kind == TokenKind::punctuation && token.text[0] == punctuation;
}

bool Parser::accept(char punctuation) {
  if (!at(punctuation)) return false;
  lexer_.next();
  return true;
}

void Parser::expect(char punctuation) {
  if (!accept(punctuation)) fail_at(lexer_.peek(), fmt::format("'{}'", punctuation));
}

bool Parser::accept_arrow() {
  if (lexer_.peek().kind != TokenKind::arrow) return false;
  lexer_.next();
  return true;
}

bool Parser::at_keyword(std::string_view word) {
  const Token& token = lexer_.peek();
  return token.kind == TokenKind::identifier && token.text == word;
}

void Parser::expect_keyword(std::string_view word) {
  if (!at_keyword(word)) fail_at(lexer_.peek(), fmt::format("'{}'", word));
  lexer_.next();
}

Token Parser::expect(TokenKind kind, std::string_view what) {
  Token token = lexer_.next();
  if (token.kind != kind) fail_at(token, what);
  return token;
}

void Parser::fail_at(const Token& token, std::string_view wanted) const {
  throw SyntaxError{token.position, fmt::format("expected {}, got {}", wanted, describe(token))};
}

}  // namespace voxloom::artifact
