// One name for what formats and tools call differently.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace voxloom::io {

struct Alias {
  std::string_view name;  // in small letters
  std::string_view canonical;
};

// In order of preference where a file has several names of one thing.
[[nodiscard]] std::span<const Alias> aliases();

// The name that the library knows a column by: "Intensity", "scalar_Intensity" and "reflectance" are
// "intensity". Names that it does not know are themselves.
[[nodiscard]] std::string canonical_name(std::string_view name);

// The columns' names, canonical where that is free: a column of that exact name keeps it, then the one
// that differs in capitals, then the first of the table; others keep their own, as do columns that are not
// `single` numbers. `renamed` gets "'old' as new" for each that changes by more than capitals.
[[nodiscard]] std::vector<std::string> canonical_names(const std::vector<std::string>& names,
                                                       const std::vector<bool>& single,
                                                       std::vector<std::string>& renamed);

}  // namespace voxloom::io
