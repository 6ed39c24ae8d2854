// Labels of files to classes and back.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "voxloom/dataset.h"

namespace voxloom::data {

// Throws unless the table has classes, every name is used once, every class has a value and no value
// stands twice.
void validate(const ClassTable& table);

class LabelMap {
 public:
  explicit LabelMap(const ClassTable& table);  // a valid one

  // The class or kIgnoreLabel; nothing for a label that the table does not know.
  [[nodiscard]] std::optional<std::int32_t> class_of(std::int64_t value) const;

 private:
  std::unordered_map<std::int64_t, std::int32_t> classes_;
};

// What stands in a file for a class, or for kIgnoreLabel. Errors: std::invalid_argument.
[[nodiscard]] std::int32_t value_of(const ClassTable& table, std::int32_t label);

}  // namespace voxloom::data
