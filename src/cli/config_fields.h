// Reading the objects of a configuration.
#pragma once

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "cli/closest.h"
#include "voxloom/error.h"

namespace voxloom::cli {

using Json = nlohmann::ordered_json;

// An object of the file. What nobody asked for is an error: a misspelt name must not pass in silence.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) refuse("is no object");
  }

  template <typename T>
  void take(const char* name, T& value) {
    names_.insert(name);
    const auto found = json_.find(name);
    if (found == json_.end()) return;
    if (!fits<T>(*found)) refuse(fmt::format("\"{}\" is {}", name, found->dump()));
    value = found->template get<T>();
  }
  [[nodiscard]] const Json* find(const char* name) {
    names_.insert(name);
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  void finish() const {
    for (const auto& [name, value] : json_.items()) {
      if (!names_.contains(name))
        refuse(fmt::format("there is no setting \"{}\"{}", name,
                           did_you_mean(name, {names_.begin(), names_.end()})));
    }
  }
  [[noreturn]] void refuse(const std::string& reason) const {
    throw FormatError(fmt::format("[train] {}: {}", where_, reason));
  }
  [[nodiscard]] std::string inside(const char* name) const {
    return fmt::format("{}, \"{}\"", where_, name);
  }

 private:
  template <typename T>
  static bool fits(const Json& value) {
    if constexpr (std::is_same_v<T, bool>) return value.is_boolean();
    if constexpr (std::is_same_v<T, std::string>) return value.is_string();
    if constexpr (std::is_unsigned_v<T> && !std::is_same_v<T, bool>) {
      return value.is_number_unsigned();
    }
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      // Whatever its type, it must fit.
      return value.is_number_integer() && value >= std::numeric_limits<std::int32_t>::min() &&
             value <= std::numeric_limits<std::int32_t>::max();
    }
    return value.is_number();
  }

  const Json& json_;
  std::string where_;
  std::set<std::string> names_;
};

template <typename Enum, std::size_t N>
void take_choice(Fields& fields, const char* name, const std::array<Enum, N>& choices,
                 Enum& value) {
  std::string word;
  fields.take(name, word);
  if (word.empty()) return;
  for (const Enum choice : choices) {
    if (name_of(choice) == word) return static_cast<void>(value = choice);
  }
  fields.refuse(fmt::format("\"{}\" is \"{}\"", name, word));
}

inline void take_names(Fields& fields, const char* name, std::vector<std::string>& to) {
  const Json* list = fields.find(name);
  if (list == nullptr) return;
  if (!list->is_array()) fields.refuse(fmt::format("\"{}\" is no list", name));
  for (const Json& entry : *list) {
    if (!entry.is_string()) fields.refuse(fmt::format("\"{}\" has {}", name, entry.dump()));
    to.push_back(entry.get<std::string>());
  }
}

}  // namespace voxloom::cli
