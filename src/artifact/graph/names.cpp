#include "artifact/graph/names.h"

#include <algorithm>
#include <array>

namespace voxloom::artifact {
namespace {

// Tables in the order of their enums.
constexpr std::array<std::string_view, 6> kElements = {"i4", "i8", "i32", "f16", "f32", "bf16"};
constexpr std::array<std::string_view, 4> kInputRoles = {"tensor", "sparse_coords",
                                                         "sparse_features", "sparse_active"};
constexpr std::array<std::string_view, 2> kOutputRoles = {"tensor", "sparse_tensor"};

struct FamilyRow {
  std::string_view name, layout_kind, layout;
};
constexpr std::array<FamilyRow, 6> kFamilies = {{
    {"conv3d", "lattice.weight_layout", "conv3d_o_xyz_i"},
    {"linear", "lattice.weight_layout", "linear_o_i"},
    {"embedding", "lattice.weight_layout", "embedding_n_c"},
    {"channel", "lattice.weight_layout", "channel_c"},
    {"bias", "lattice.weight_layout", "bias_c"},
    {"kernel", "voxloom.weight_layout", "kernel_major"},
}};

template <typename Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto* found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(ElementType element) {
  return kElements[static_cast<std::size_t>(element)];
}
std::optional<ElementType> element_named(std::string_view name) {
  return find<ElementType>(kElements, name);
}

std::string_view name_of(WeightFamily family) {
  return kFamilies[static_cast<std::size_t>(family)].name;
}
std::optional<WeightFamily> family_named(std::string_view name) {
  const auto* row = std::ranges::find(kFamilies, name, &FamilyRow::name);
  if (row == kFamilies.end()) return std::nullopt;
  return static_cast<WeightFamily>(row - kFamilies.begin());
}
std::vector<std::string_view> family_names() {
  std::vector<std::string_view> names;
  for (const FamilyRow& row : kFamilies) names.push_back(row.name);
  return names;
}
EnumValue layout_of(WeightFamily family) {
  const FamilyRow& row = kFamilies[static_cast<std::size_t>(family)];
  return {.kind = std::string(row.layout_kind), .value = std::string(row.layout)};
}

std::string_view name_of(InputRole role) { return kInputRoles[static_cast<std::size_t>(role)]; }
std::optional<InputRole> input_role_named(std::string_view name) {
  return find<InputRole>(kInputRoles, name);
}
std::string_view name_of(OutputRole role) { return kOutputRoles[static_cast<std::size_t>(role)]; }
std::optional<OutputRole> output_role_named(std::string_view name) {
  return find<OutputRole>(kOutputRoles, name);
}

}  // namespace voxloom::artifact
