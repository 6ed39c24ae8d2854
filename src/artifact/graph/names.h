// The spellings of the text form: element types, weight families and their layouts, roles.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "voxloom/graph.h"

namespace voxloom::artifact {

[[nodiscard]] std::string_view name_of(ElementType element);
[[nodiscard]] std::optional<ElementType> element_named(std::string_view name);

[[nodiscard]] std::string_view name_of(WeightFamily family);
[[nodiscard]] std::optional<WeightFamily> family_named(std::string_view name);
[[nodiscard]] std::vector<std::string_view> family_names();
// The one layout of a family, as the attribute #KIND<value> says it.
[[nodiscard]] EnumValue layout_of(WeightFamily family);

[[nodiscard]] std::string_view name_of(InputRole role);
[[nodiscard]] std::optional<InputRole> input_role_named(std::string_view name);
[[nodiscard]] std::string_view name_of(OutputRole role);
[[nodiscard]] std::optional<OutputRole> output_role_named(std::string_view name);

}  // namespace voxloom::artifact

template <>
struct fmt::formatter<voxloom::artifact::ValueType> : voxloom::TextFormatter {};
template <>
struct fmt::formatter<voxloom::artifact::TensorType> : voxloom::TextFormatter {};
