// Options of the library in Python's words: numbers along x, y and z, and choices by name.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "arrays.h"
#include "schema/words.h"
#include "voxloom/kernel_map.h"
#include "voxloom/options.h"
#include "voxloom/pool.h"

namespace voxloom::python {

// An int, which stands for each axis, or three of them.
[[nodiscard]] Triple triple_of(nb::handle value, Argument argument);
[[nodiscard]] nb::tuple to_tuple(const Triple& triple);
[[nodiscard]] std::vector<Triple> triples_of(nb::handle list, Argument argument);  // None: none
// None, or ((x, y, z), (x, y, z)).
[[nodiscard]] std::optional<Bounds> bounds_of(nb::handle value, Argument argument);
[[nodiscard]] std::array<double, 3> three_doubles(nb::handle value, Argument argument);
[[nodiscard]] Grid grid_of(nb::handle voxel_size, nb::handle origin, std::string_view op);

[[noreturn]] void refuse_choice(std::string_view name, std::span<const std::string_view> known,
                                Argument argument);

// By the library's own word for it (schema/words.h). ValueError with the words that there are.
template <typename Choice>
[[nodiscard]] Choice choice_of(std::string_view name, Argument argument) {
  constexpr auto& words = schema::Words<Choice>::names;
  const auto found = std::ranges::find(words, name);
  if (found == words.end()) refuse_choice(name, words, argument);
  return static_cast<Choice>(found - words.begin());
}

}  // namespace voxloom::python
