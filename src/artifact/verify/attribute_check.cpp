// An operation's attributes against its row: present, known, of the right kind and range.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "artifact/verify/verifier.h"
#include "core/checked.h"

namespace voxloom::artifact {
namespace {

std::string_view describe(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::boolean: return "true or false";
    case AttributeKind::integer: return "an i64 integer";
    case AttributeKind::f32: return "an f32 float, written like 1.0 : f32";
    case AttributeKind::integers: return "array<i64: ...>";
    case AttributeKind::triple: return "array<i64: x, y, z>";
    case AttributeKind::f64_triple: return "array<f64: x, y, z>";
    case AttributeKind::string: return "a string";
    case AttributeKind::enumeration: return "#KIND<value>";
    case AttributeKind::packing: return "#lattice.packing<...>";
  }
  return "?";
}

std::string_view describe(Range range) {
  switch (range) {
    case Range::any: return "any number";
    case Range::positive: return "above 0";
    case Range::non_negative: return "at least 0";
    case Range::minus_one_or_more: return "at least -1";
  }
  return "?";
}

bool in_range(Range range, double value) {
  switch (range) {
    case Range::any: return true;
    case Range::positive: return value > 0;
    case Range::non_negative: return value >= 0;
    case Range::minus_one_or_more: return value >= -1;
  }
  return false;
}

class AttributeCheck {
 public:
  AttributeCheck(const Graph::Op& op, const AttributeSpec& spec, const Attribute& attribute,
                 Reporter& reporter)
      : op_(op), spec_(spec), attribute_(attribute), reporter_(reporter) {}

  bool run() {
    switch (spec_.kind) {
      case AttributeKind::boolean: return as<bool>() != nullptr;
      case AttributeKind::integer: return check_integer();
      case AttributeKind::f32: return check_float();
      case AttributeKind::integers: return as<std::vector<std::int64_t>>() != nullptr;
      case AttributeKind::triple: return check_triple();
      case AttributeKind::f64_triple: return check_float_triple();
      case AttributeKind::string: return check_string();
      case AttributeKind::enumeration: return check_enumeration();
      case AttributeKind::packing: return check_packing();
    }
    return false;
  }

 private:
  template <typename... Args>
  bool refuse(fmt::format_string<Args...> text, Args&&... args) {
    reporter_.error(attribute_.position, "{}: {} {}", op_.name, spec_.name,
                    fmt::format(text, std::forward<Args>(args)...));
    return false;
  }

  template <typename T>
  const T* as() {
    const T* value = std::get_if<T>(&attribute_.value);
    if (value == nullptr) refuse("must be {}", describe(spec_.kind));
    return value;
  }

  bool check_integer() {
    const auto* value = as<std::int64_t>();
    if (value == nullptr) return false;
    // Groups, batches, rows, channels, axes: all are numbered with int32.
    if (!fits_int32(*value)) return refuse("is {}, which does not fit 32 bits", *value);
    if (in_range(spec_.range, static_cast<double>(*value))) return true;
    return refuse("must be {}, got {}", describe(spec_.range), *value);
  }

  bool check_float() {
    const auto* value = as<float>();
    if (value == nullptr) return false;
    // Fills may be infinite; a quantity that must be positive may not.
    const bool finite = std::isfinite(*value) || spec_.range == Range::any;
    if (finite && in_range(spec_.range, static_cast<double>(*value))) return true;
    return refuse("must be {}, got {}", describe(spec_.range), *value);
  }

  bool check_triple() {
    const auto* values = as<std::vector<std::int64_t>>();
    if (values == nullptr) return false;
    if (values->size() != 3) return refuse("must hold three numbers, got {}", values->size());
    for (const std::int64_t value : *values) {
      if (!fits_int32(value)) return refuse("holds {}, which does not fit 32 bits", value);
      if (!in_range(spec_.range, static_cast<double>(value))) {
        return refuse("must be {}, got {}", describe(spec_.range), value);
      }
    }
    return true;
  }

  bool check_float_triple() {
    const auto* values = as<std::vector<double>>();
    if (values == nullptr) return false;
    if (values->size() != 3) return refuse("must hold three numbers, got {}", values->size());
    for (const double value : *values) {
      if (!std::isfinite(value) || !in_range(spec_.range, value)) {
        return refuse("must be finite and {}, got {}", describe(spec_.range), value);
      }
    }
    return true;
  }

  bool check_string() {
    const auto* value = as<std::string>();
    if (value == nullptr) return false;
    if (value->empty()) return refuse("must not be empty");
    return check_choice(*value);
  }

  bool check_enumeration() {
    const auto* value = as<EnumValue>();
    if (value == nullptr) return false;
    if (spec_.enum_kind.empty()) return true;  // a weight's layout: its family decides
    if (value->kind != spec_.enum_kind) {
      return refuse("must be #{}<...>, got #{}<...>", spec_.enum_kind, value->kind);
    }
    if (!value->parameters.empty()) return refuse("takes one name in #{}<...>", value->kind);
    return check_choice(value->value);
  }

  bool check_choice(const std::string& value) {
    const auto& choices = spec_.choices;
    if (choices.empty() || std::ranges::find(choices, value) != choices.end()) return true;
    return refuse("must be {}, got '{}'", fmt::join(choices, ", "), value);
  }

  bool check_packing() {
    const auto* value = as<EnumValue>();
    if (value == nullptr) return false;
    if (value->kind != "lattice.packing") return refuse("must be #lattice.packing<...>");
    std::string problem;
    if (packing_of(*value, problem)) return true;
    return refuse("is wrong: {}", problem);
  }

  const Graph::Op& op_;
  const AttributeSpec& spec_;
  const Attribute& attribute_;
  Reporter& reporter_;
};

}  // namespace

bool check_attributes(const Graph::Op& op, const OpSpec& spec, Reporter& reporter) {
  bool right = true;
  for (const auto& [name, attribute] : op.attributes) {
    if (const AttributeSpec* row = spec.attribute(name)) {
      right = AttributeCheck(op, *row, attribute, reporter).run() && right;
    } else {
      reporter.error(attribute.position, "{}: unknown attribute '{}'", op.name, name);
      right = false;
    }
  }
  for (const AttributeSpec& row : spec.attributes) {
    const bool optional = row.may_be_absent || (spec.is_extension() && row.fallback);
    if (!optional && op.attributes.find(row.name) == op.attributes.end()) {
      reporter.error(op.position, "{}: the attribute '{}' is missing", op.name, row.name);
      right = false;
    }
  }
  return right;
}

}  // namespace voxloom::artifact
