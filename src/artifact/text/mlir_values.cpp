// Types and attributes of the text form.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "artifact/graph/names.h"
#include "artifact/text/mlir_parser.h"
#include "core/checked.h"

namespace voxloom::artifact {
namespace {

constexpr std::size_t kMaxRank = 32;
constexpr std::size_t kMaxParameters = 16;

bool is_hex(std::string_view text) { return text.starts_with("0x"); }

std::optional<std::uint64_t> unsigned_of(std::string_view text) {
  std::uint64_t value = 0;
  const bool hex = is_hex(text);
  const char* begin = text.data() + (hex ? 2 : 0);
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

// Not std::strtod: the decimal point must not depend on the locale.
template <typename Float>
std::optional<Float> float_of(std::string_view text) {
  Float value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{}) return value;
  if constexpr (std::is_same_v<Float, float>) {
    // Out of float's range: 0 when too small, which is what rounding gives; else an error.
    const std::optional<double> wide = float_of<double>(text);
    if (wide && std::abs(*wide) < 1) return 0.0F;
  }
  return std::nullopt;
}

[[noreturn]] void fail_in_text(Position position, std::string message) {
  throw SyntaxError{position, std::move(message)};
}

// The bits of a float written as 0x7F800000.
template <typename Float, typename Bits>
Float float_of_bits(const Token& number, bool negative) {
  const std::optional<std::uint64_t> bits = unsigned_of(number.text);
  if (negative || !bits || *bits > std::numeric_limits<Bits>::max()) {
    fail_in_text(number.position, fmt::format("'{}{}' does not hold the bits of a float",
                                              negative ? "-" : "", number.text));
  }
  return std::bit_cast<Float>(static_cast<Bits>(*bits));
}

template <typename Float, typename Bits>
Float parse_float_token(const Token& number, bool negative) {
  if (number.kind == TokenKind::integer) {
    if (is_hex(number.text)) return float_of_bits<Float, Bits>(number, negative);
    fail_in_text(number.position, fmt::format("expected a float, got the integer {}; write {}.0",
                                              number.text, number.text));
  }
  const std::optional<Float> value = float_of<Float>(number.text);
  if (!value) {
    fail_in_text(number.position,
                 fmt::format("'{}' does not fit a {}-bit float", number.text, 8 * sizeof(Float)));
  }
  return negative ? -*value : *value;
}

std::int64_t integer_of(const Token& number, bool negative) {
  const std::optional<std::uint64_t> magnitude = unsigned_of(number.text);
  const std::uint64_t limit = (std::uint64_t{1} << 63U) - (negative ? 0 : 1);
  if (!magnitude || *magnitude > limit) {
    fail_in_text(number.position, fmt::format("'{}{}' does not fit a 64-bit integer",
                                              negative ? "-" : "", number.text));
  }
  return static_cast<std::int64_t>(negative ? ~*magnitude + 1 : *magnitude);
}

}  // namespace

TypeSyntax Parser::parse_type(Bare bare) {
  if (bare != Bare::nothing && at('<')) {
    const Position position = lexer_.peek().position;
    return {bare == Bare::weight ? parse_weight(position) : parse_sparse(position), position};
  }
  const Token token = lexer_.next();
  if (token.kind == TokenKind::identifier && token.text == "tensor") {
    return {parse_tensor(), token.position};
  }
  if (token.kind == TokenKind::type && token.text == "lattice.sparse_tensor") {
    return {parse_sparse(token.position), token.position};
  }
  if (token.kind == TokenKind::type && token.text == "lattice.weight") {
    return {parse_weight(token.position), token.position};
  }
  fail_at(token, "a type: tensor<...>, !lattice.sparse_tensor<...> or !lattice.weight<...>");
}

std::vector<TypeSyntax> Parser::parse_types(Bare bare) {
  std::vector<TypeSyntax> types;
  if (accept('(')) {
    list_until(')', [&] { types.push_back(parse_type(bare)); });
  } else {
    types.push_back(parse_type(bare));
  }
  return types;
}

// `<?x4xf32>`: read by the character, because 4xf32 is no sequence of tokens.
ValueType Parser::parse_tensor() {
  TensorType type;
  if (!lexer_.take_character('<')) fail_in_text(lexer_.position(), "expected '<' after 'tensor'");
  while (true) {
    const Position position = lexer_.position();
    if (type.dims.size() > kMaxRank) {
      fail_in_text(position, fmt::format("a tensor has at most {} dimensions", kMaxRank));
    }
    if (lexer_.take_character('?')) {
      type.dims.push_back(kDynamic);
    } else if (const std::string_view digits = lexer_.take_digits(); !digits.empty()) {
      const std::optional<std::uint64_t> size = unsigned_of(digits);
      if (!size || *size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail_in_text(position, fmt::format("dimension {} does not fit 63 bits", digits));
      }
      type.dims.push_back(static_cast<std::int64_t>(*size));
    } else {
      break;
    }
    if (!lexer_.take_character('x'))
      fail_in_text(lexer_.position(), "expected 'x' after a dimension");
  }
  const Position position = lexer_.position();
  const std::string element(lexer_.take_word());
  if (element.empty()) fail_in_text(position, "expected a dimension or an element type");
  type.element = parse_element(element, position);
  expect('>');
  return type;
}

ElementType Parser::parse_element(const std::string& name, Position position) {
  if (const std::optional<ElementType> element = element_named(name)) return *element;
  reporter_.error(position, "unknown element type '{}'; known: i4, i8, i32, f16, f32, bf16", name);
  return ElementType::f32;
}

ValueType Parser::parse_sparse(Position position) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kFixed = {
      {{"rank", "3"}, {"coord", "batch_x_y_z"}, {"feature", "row_channel"}}};
  SparseType type;
  std::vector<std::string> seen;
  for (const Parameter& parameter : parse_parameters()) {
    if (std::ranges::find(seen, parameter.key) != seen.end()) {
      reporter_.error(parameter.position, "sparse_tensor: '{}' stands twice", parameter.key);
    }
    seen.push_back(parameter.key);
    const auto* fixed =
        std::ranges::find(kFixed, parameter.key, [](const auto& f) { return f.first; });
    if (fixed != kFixed.end()) {
      if (parameter.value != fixed->second) {
        reporter_.error(parameter.position, "sparse_tensor: {} must be {}, got {}", fixed->first,
                        fixed->second, parameter.value);
      }
    } else if (parameter.key == "dtype") {
      type.element = parse_element(parameter.value, parameter.position);
    } else {
      reporter_.error(parameter.position, "sparse_tensor: unknown parameter '{}'",
                      parameter.key.empty() ? parameter.value : parameter.key);
    }
  }
  for (const std::string_view key : {"rank", "coord", "feature", "dtype"}) {
    if (std::ranges::find(seen, key) == seen.end()) {
      reporter_.error(position, "sparse_tensor: '{}' is missing", key);
    }
  }
  return type;
}

ValueType Parser::parse_weight(Position position) {
  WeightType type;
  const std::vector<Parameter> parameters = parse_parameters();
  if (parameters.size() != 2 || !parameters[0].key.empty() || !parameters[1].key.empty()) {
    reporter_.error(position, "a weight's type is !lattice.weight<FAMILY, DTYPE>");
    return type;
  }
  const std::optional<WeightFamily> family = family_named(parameters[0].value);
  if (family) {
    type.family = *family;
  } else {
    reporter_.error(parameters[0].position, "unknown weight family '{}'; known: {}",
                    parameters[0].value, fmt::join(family_names(), ", "));
  }
  type.element = parse_element(parameters[1].value, parameters[1].position);
  return type;
}

std::vector<Parser::Parameter> Parser::parse_parameters() {
  std::vector<Parameter> parameters;
  expect('<');
  list_until('>', [&] {
    if (parameters.size() == kMaxParameters) {
      fail_in_text(lexer_.peek().position, fmt::format("more than {} parameters", kMaxParameters));
    }
    parameters.push_back(parse_parameter());
  });
  return parameters;
}

Parser::Parameter Parser::parse_parameter() {
  const auto word = [&](bool negative) {
    Token token = lexer_.next();
    if (token.kind != TokenKind::identifier && token.kind != TokenKind::integer) {
      fail_at(token, "a name or an integer");
    }
    return Parameter{{}, fmt::format("{}{}", negative ? "-" : "", token.text), token.position};
  };
  Parameter parameter = word(accept('-'));
  if (accept('=')) {
    Parameter value = word(accept('-'));
    value.key = std::move(parameter.value);
    return value;
  }
  return parameter;
}

Attribute Parser::parse_attribute() {
  const Token& token = lexer_.peek();
  const Position position = token.position;
  switch (token.kind) {
    case TokenKind::integer:
    case TokenKind::floating: return {parse_number(), position};
    case TokenKind::string: return {AttributeValue(lexer_.next().string), position};
    case TokenKind::attribute: return {parse_enum(), position};
    default: break;
  }
  if (at('-')) return {parse_number(), position};
  if (at('[')) return {parse_string_array(), position};
  if (at_keyword("array")) return {parse_dense_array(), position};
  if (at_keyword("true") || at_keyword("false")) {
    return {AttributeValue(lexer_.next().text == "true"), position};
  }
  fail_at(token, "an attribute's value");
}

AttributeValue Parser::parse_number() {
  const bool negative = accept('-');
  const Token number = lexer_.next();
  if (number.kind != TokenKind::integer && number.kind != TokenKind::floating) {
    fail_at(number, "a number");
  }
  if (!accept(':')) return typed_number(number, negative, {});
  const Token type = expect(TokenKind::identifier, "i64 or f32");
  return typed_number(number, negative, std::string(type.text));
}

// Without a type an integer is i64 and a float is f64.
AttributeValue Parser::typed_number(const Token& number, bool negative, const std::string& type) {
  if (type == "f32") return parse_float_token<float, std::uint32_t>(number, negative);
  if (type == "f64" || (type.empty() && number.kind == TokenKind::floating)) {
    return parse_float_token<double, std::uint64_t>(number, negative);
  }
  if (!type.empty() && type != "i64" && type != "i32") {
    reporter_.error(number.position, "numbers are i64, i32, f32 or f64, not {}", type);
  }
  if (number.kind == TokenKind::floating) {
    fail_in_text(number.position, fmt::format("'{}' is not an integer", number.text));
  }
  const std::int64_t value = integer_of(number, negative);
  if (type == "i32" && !fits_int32(value)) {
    fail_in_text(number.position, fmt::format("{} does not fit a 32-bit integer", value));
  }
  return value;
}

AttributeValue Parser::parse_dense_array() {
  lexer_.next();
  expect('<');
  const Token type = expect(TokenKind::identifier, "i64 or f64");
  if (type.text != "i64" && type.text != "f64") {
    fail_in_text(type.position, fmt::format("arrays are of i64 or f64, not {}", type.text));
  }
  std::vector<std::int64_t> integers;
  std::vector<double> floats;
  if (!accept('>')) {
    expect(':');
    list_until('>', [&] {
      if (type.text == "i64") {
        integers.push_back(parse_integer());
      } else {
        floats.push_back(parse_double());
      }
    });
  }
  if (type.text == "i64") return integers;
  return floats;
}

AttributeValue Parser::parse_string_array() {
  std::vector<std::string> strings;
  expect('[');
  list_until(']', [&] { strings.push_back(expect(TokenKind::string, "a string").string); });
  return strings;
}

AttributeValue Parser::parse_enum() {
  EnumValue value;
  value.kind = std::string(lexer_.next().text);
  std::vector<Parameter> parameters = parse_parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (i == 0 && parameters[i].key.empty()) {
      value.value = std::move(parameters[i].value);
    } else {
      value.parameters.emplace_back(std::move(parameters[i].key), std::move(parameters[i].value));
    }
  }
  return value;
}

std::int64_t Parser::parse_integer() {
  const bool negative = accept('-');
  return integer_of(expect(TokenKind::integer, "an integer"), negative);
}

double Parser::parse_double() {
  const bool negative = accept('-');
  const Token number = lexer_.next();
  if (number.kind != TokenKind::integer && number.kind != TokenKind::floating) {
    fail_at(number, "a float");
  }
  return parse_float_token<double, std::uint64_t>(number, negative);
}

}  // namespace voxloom::artifact
