#include "data/label_map.h"

#include <set>

#include "core/error.h"

namespace voxloom::data {
namespace {

constexpr const char* kLabelMapOp = "class_table";

void take_values(const std::vector<std::int32_t>& values, std::set<std::int32_t>& taken) {
  for (const std::int32_t value : values) {
    require(taken.insert(value).second, kLabelMapOp, "the label {} stands twice", value);
  }
}

}  // namespace

void validate(const ClassTable& table) {
  require(!table.classes.empty(), kLabelMapOp, "there is no class");
  std::set<std::string_view> names;
  std::set<std::int32_t> taken;
  for (const LabelClass& one : table.classes) {
    require(!one.name.empty(), kLabelMapOp, "a class has no name");
    require(names.insert(one.name).second, kLabelMapOp, "there are two classes '{}'", one.name);
    require(!one.values.empty(), kLabelMapOp, "the class '{}' has no label", one.name);
    for (const std::int32_t value : one.values) {
      require(value >= 0, kLabelMapOp, "labels of classes start at 0; {} is below", value);
    }
    take_values(one.values, taken);
  }
  take_values(table.ignored, taken);
}

LabelMap::LabelMap(const ClassTable& table) {
  for (std::size_t i = 0; i < table.classes.size(); ++i) {
    for (const std::int32_t value : table.classes[i].values) {
      classes_[value] = static_cast<std::int32_t>(i);
    }
  }
  for (const std::int32_t value : table.ignored) classes_[value] = kIgnoreLabel;
}

std::optional<std::int32_t> LabelMap::class_of(std::int64_t value) const {
  const auto found = classes_.find(value);
  if (found == classes_.end()) return std::nullopt;
  return found->second;
}

std::int32_t value_of(const ClassTable& table, std::int32_t label) {
  if (label == kIgnoreLabel) {
    require(!table.ignored.empty(), "labels",
            "a point has no class, and the table ignores nothing");
    return table.ignored.front();
  }
  require(label >= 0 && label < table.size(), "labels", "there is no class {}; the table has {}",
          label, table.size());
  return table.classes[static_cast<std::size_t>(label)].values.front();
}

}  // namespace voxloom::data
