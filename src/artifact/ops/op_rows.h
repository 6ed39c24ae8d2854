// Words to write the rows of the op table with.
#pragma once

#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact/graph/op_spec.h"
#include "schema/words.h"

namespace voxloom::artifact {

[[nodiscard]] inline OperandSpec tensor(std::string_view name) { return {.name = name}; }
[[nodiscard]] inline OperandSpec sparse(std::string_view name,
                                        Presence presence = Presence::required) {
  return {.name = name, .kind = ValueKind::sparse, .presence = presence};
}
[[nodiscard]] inline OperandSpec weight(std::string_view name, std::vector<WeightFamily> families) {
  return {.name = name, .kind = ValueKind::weight, .families = std::move(families)};
}
[[nodiscard]] inline OperandSpec optional_bias() {
  return {.name = "bias",
          .kind = ValueKind::weight,
          .presence = Presence::optional,
          .families = {WeightFamily::bias}};
}

[[nodiscard]] inline AttributeSpec integer(std::string_view name, Range range,
                                           std::optional<std::int64_t> fallback = {}) {
  AttributeSpec row{.name = name, .kind = AttributeKind::integer, .range = range};
  if (fallback) row.fallback = *fallback;
  return row;
}
[[nodiscard]] inline AttributeSpec boolean(std::string_view name, bool fallback) {
  return {.name = name, .kind = AttributeKind::boolean, .fallback = fallback};
}
[[nodiscard]] inline AttributeSpec f32(std::string_view name, Range range, float fallback) {
  return {.name = name, .kind = AttributeKind::f32, .range = range, .fallback = fallback};
}
[[nodiscard]] inline AttributeSpec triple(std::string_view name, Range range) {
  return {.name = name, .kind = AttributeKind::triple, .range = range};
}
[[nodiscard]] inline AttributeSpec triple(std::string_view name, Range range,
                                          std::int64_t fallback) {
  return {.name = name,
          .kind = AttributeKind::triple,
          .range = range,
          .fallback = std::vector<std::int64_t>(3, fallback)};
}
[[nodiscard]] inline AttributeSpec f64_triple(std::string_view name, Range range, double fallback) {
  return {.name = name,
          .kind = AttributeKind::f64_triple,
          .range = range,
          .fallback = std::vector<double>(3, fallback)};
}
// Absent: the list is not used.
[[nodiscard]] inline AttributeSpec optional_integers(std::string_view name) {
  return {.name = name, .kind = AttributeKind::integers, .may_be_absent = true};
}
[[nodiscard]] inline AttributeSpec one_of(std::string_view name, std::string_view kind,
                                          std::vector<std::string_view> choices,
                                          std::string_view fallback) {
  return {.name = name,
          .kind = AttributeKind::enumeration,
          .enum_kind = kind,
          .choices = std::move(choices),
          .fallback = EnumValue{std::string(kind), std::string(fallback)}};
}
// Any word of an enumeration.
template <typename Enum>
[[nodiscard]] AttributeSpec one_of(std::string_view name, Enum fallback) {
  using Words = schema::Words<Enum>;
  return one_of(name, Words::kind, {Words::names.begin(), Words::names.end()},
                Words::names[static_cast<std::size_t>(fallback)]);
}
[[nodiscard]] inline AttributeSpec accumulation() {
  return {.name = "accumulation",
          .kind = AttributeKind::string,
          .choices = {"canonical_f32"},
          .fallback = std::string("canonical_f32")};
}
[[nodiscard]] inline AttributeSpec join(Join fallback) { return one_of("join", fallback); }

}  // namespace voxloom::artifact
