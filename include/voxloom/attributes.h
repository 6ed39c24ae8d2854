// Options as data: what an operation is told besides its operands, by name. Graphs hold them, recorders
// are handed them; schema/describe.h makes them of options.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/triple.h"

namespace VOXLOOM_API voxloom {

// 1-based; line 0: not read from a text.
struct TextPosition {
  int line = 0, column = 0;
  friend bool operator==(const TextPosition&, const TextPosition&) = default;
};

// #KIND<value, key = parameter, ...>, e.g. #lattice.join<inner>.
struct EnumValue {
  std::string kind;
  std::string value;
  std::vector<std::pair<std::string, std::string>> parameters = {};
  friend bool operator==(const EnumValue&, const EnumValue&) = default;
};

// float: `1.0 : f32`; double: `1.0`, or `1.0 : f64`, which no operation takes.
using AttributeValue =
    std::variant<bool, std::int64_t, float, double, std::string, std::vector<std::int64_t>,
                 std::vector<double>, std::vector<std::string>, EnumValue>;

struct Attribute {
  AttributeValue value;
  TextPosition position = {};

  Attribute() = default;
  // NOLINTBEGIN(google-explicit-constructor): from whatever a program has at hand.
  Attribute(AttributeValue v, TextPosition p = {}) : value(std::move(v)), position(p) {}
  Attribute(bool v) : value(v) {}
  Attribute(int v) : value(std::int64_t{v}) {}
  Attribute(std::int64_t v) : value(v) {}
  Attribute(float v) : value(v) {}
  Attribute(const char* v) : value(std::string(v)) {}
  Attribute(std::string v) : value(std::move(v)) {}
  Attribute(EnumValue v) : value(std::move(v)) {}
  Attribute(Triple v) : value(std::vector<std::int64_t>{v.x, v.y, v.z}) {}
  Attribute(const std::array<double, 3>& v) : value(std::vector<double>(v.begin(), v.end())) {}
  // NOLINTEND(google-explicit-constructor)

  friend bool operator==(const Attribute& a, const Attribute& b) { return a.value == b.value; }
};

using Attributes = std::map<std::string, Attribute, std::less<>>;

}  // namespace voxloom
