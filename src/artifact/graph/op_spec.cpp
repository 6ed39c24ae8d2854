#include "artifact/graph/op_spec.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "artifact/graph/names.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

std::map<std::string_view, const OpSpec*> make_table() {
  std::map<std::string_view, const OpSpec*> table;
  for (const auto rows :
       {sparse_ops(), sparse_extension_ops(), conv_ops(), pool_ops(), point_ops(), dense_ops()}) {
    for (const OpSpec& row : rows) table.emplace(row.name, &row);
  }
  return table;
}

const std::map<std::string_view, const OpSpec*>& table() {
  static const std::map<std::string_view, const OpSpec*> rows = make_table();
  return rows;
}

std::optional<int> small_integer(std::string_view text) {
  int value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

bool read_packing_parameter(const std::string& key, const std::string& value, Packing& packing) {
  if (key == "group_size") {
    const std::optional<int> size = small_integer(value);
    packing.group_size = size.value_or(0);
    return packing.group_size == 32 || packing.group_size == 64 || packing.group_size == 128;
  }
  if (key == "scale_dtype") {
    packing.scale = value == "f32" ? DType::f32 : DType::f16;
    return value == "f16" || value == "f32";
  }
  return key == "mode" && value == "affine";
}

}  // namespace

std::string_view name_of(ValueKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"tensor", "sparse tensor", "weight"};
  return kNames[static_cast<std::size_t>(kind)];
}

const AttributeSpec* OpSpec::attribute(std::string_view attribute_name) const {
  const auto found = std::ranges::find(attributes, attribute_name, &AttributeSpec::name);
  return found == attributes.end() ? nullptr : &*found;
}

const OpSpec* find_op(std::string_view name) {
  const auto found = table().find(name);
  return found == table().end() ? nullptr : found->second;
}

const OpSpec* find_row(std::string_view short_name) {
  const OpSpec* ours = find_op(fmt::format("voxloom.{}", short_name));
  return ours != nullptr ? ours : find_op(fmt::format("lattice.{}", short_name));
}

void complete_attributes(const OpSpec& spec, Attributes& attributes) {
  for (const AttributeSpec& row : spec.attributes) {
    if (!row.fallback) continue;
    const auto found = attributes.find(row.name);
    if (!spec.is_extension()) {
      if (found == attributes.end()) attributes.emplace(row.name, Attribute(*row.fallback));
    } else if (found != attributes.end() && found->second.value == *row.fallback) {
      attributes.erase(found);
    }
  }
}

std::vector<const OpSpec*> all_ops() {
  std::vector<const OpSpec*> rows;
  for (const auto& [name, row] : table()) rows.push_back(row);
  return rows;
}

std::optional<std::vector<Slot>> match_operands(const OpSpec& spec,
                                                std::span<const ValueKind> kinds) {
  std::vector<Slot> slots;
  std::size_t next = 0;
  for (std::size_t i = 0; i < spec.operands.size(); ++i) {
    const OperandSpec& operand = spec.operands[i];
    const auto fits = [&] { return next < kinds.size() && kinds[next] == operand.kind; };
    Slot slot{next, 0};
    // An optional operand stands aside when those after it need all that is left.
    const auto needed = static_cast<std::size_t>(std::count_if(
        spec.operands.begin() + static_cast<std::ptrdiff_t>(i) + 1, spec.operands.end(),
        [](const OperandSpec& later) { return later.presence == Presence::required; }));
    const std::size_t most = operand.presence == Presence::variadic ? kinds.size() : 1;
    while (slot.count < most && fits() &&
           (operand.presence == Presence::required || kinds.size() - next > needed)) {
      ++slot.count;
      ++next;
    }
    if (slot.count == 0 && operand.presence != Presence::optional) return std::nullopt;
    slots.push_back(slot);
  }
  if (next != kinds.size()) return std::nullopt;
  return slots;
}

Slot OpView::slot(std::string_view operand) const {
  const auto found = std::ranges::find(spec_.operands, operand, &OperandSpec::name);
  if (found == spec_.operands.end()) return {};
  return slots_[static_cast<std::size_t>(found - spec_.operands.begin())];
}

bool OpView::has_operand(std::string_view operand) const { return slot(operand).count > 0; }

const AttributeValue* OpView::find(std::string_view attribute) const {
  if (const auto found = op_.attributes.find(attribute); found != op_.attributes.end()) {
    return &found->second.value;
  }
  const AttributeSpec* row = spec_.attribute(attribute);
  return row != nullptr && row->fallback ? &*row->fallback : nullptr;
}

template <typename T>
const T& OpView::get(std::string_view attribute) const {
  const AttributeValue* value = find(attribute);
  require(value != nullptr, op_.name, "has no attribute '{}'", attribute);
  return std::get<T>(*value);
}

bool OpView::flag(std::string_view attribute) const { return get<bool>(attribute); }
std::int64_t OpView::integer(std::string_view attribute) const {
  return get<std::int64_t>(attribute);
}
float OpView::real(std::string_view attribute) const { return get<float>(attribute); }

const std::vector<std::int64_t>& OpView::integers(std::string_view attribute) const {
  return get<std::vector<std::int64_t>>(attribute);
}

Triple OpView::triple(std::string_view attribute) const {
  const std::vector<std::int64_t>& v = integers(attribute);
  return {static_cast<std::int32_t>(v[0]), static_cast<std::int32_t>(v[1]),
          static_cast<std::int32_t>(v[2])};
}

Triple OpView::triple_or(std::string_view attribute, Triple otherwise) const {
  return has(attribute) ? triple(attribute) : otherwise;
}

std::array<double, 3> OpView::reals(std::string_view attribute) const {
  const auto& v = get<std::vector<double>>(attribute);
  return {v[0], v[1], v[2]};
}

const std::string& OpView::text(std::string_view attribute) const {
  const AttributeValue* value = find(attribute);
  require(value != nullptr, op_.name, "has no attribute '{}'", attribute);
  if (const auto* item = std::get_if<EnumValue>(value)) return item->value;
  return std::get<std::string>(*value);
}

std::size_t OpView::choice_index(std::string_view attribute) const {
  const std::vector<std::string_view>& choices = spec_.attribute(attribute)->choices;
  return static_cast<std::size_t>(std::ranges::find(choices, text(attribute)) - choices.begin());
}

std::optional<Packing> packing_of(const EnumValue& value, std::string& problem) {
  Packing packing;
  if (value.value == "dense") {
    if (!value.parameters.empty()) problem = "dense packing takes no parameters";
    return value.parameters.empty() ? std::optional(packing) : std::nullopt;
  }
  if (value.value != "int4" && value.value != "int8") {
    problem = fmt::format("unknown packing '{}'; known: dense, int4, int8", value.value);
    return std::nullopt;
  }
  packing.bits = value.value == "int4" ? 4 : 8;
  std::vector<std::string> seen;
  for (const auto& [key, parameter] : value.parameters) {
    if (std::ranges::find(seen, key) != seen.end() ||
        !read_packing_parameter(key, parameter, packing)) {
      problem = fmt::format("packing {} cannot have {} = {}", value.value, key, parameter);
      return std::nullopt;
    }
    seen.push_back(key);
  }
  if (seen.size() != 3) {
    problem = fmt::format(
        "packing {} needs group_size (32, 64 or 128), scale_dtype (f16 or f32) and "
        "mode = affine",
        value.value);
    return std::nullopt;
  }
  return packing;
}

EnumValue packing_attribute(const Packing& packing) {
  EnumValue value{.kind = "lattice.packing", .value = "dense"};
  if (packing.bits == 0) return value;
  value.value = packing.bits == 4 ? "int4" : "int8";
  value.parameters = {{"group_size", std::to_string(packing.group_size)},
                      {"scale_dtype", packing.scale == DType::f32 ? "f32" : "f16"},
                      {"mode", "affine"}};
  return value;
}

}  // namespace voxloom::artifact
