// Options of the library in Python's words: numbers along x, y and z, and choices by name.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string_view>
#include <vector>

#include "arrays.h"
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

// ValueError with the names that there are.
template <typename Choice>
[[nodiscard]] Choice choice_of(std::string_view name, Argument argument);

#define VOXLOOM_CHOICE(Choice) \
  template <>                  \
  [[nodiscard]] Choice choice_of<Choice>(std::string_view name, Argument argument);
VOXLOOM_CHOICE(Origin)
VOXLOOM_CHOICE(Support)
VOXLOOM_CHOICE(PoolMode)
VOXLOOM_CHOICE(Reduction)
VOXLOOM_CHOICE(Activation)
VOXLOOM_CHOICE(GeluApprox)
VOXLOOM_CHOICE(Join)
VOXLOOM_CHOICE(BinaryOp)
VOXLOOM_CHOICE(NonFinite)
VOXLOOM_CHOICE(Interpolation)
VOXLOOM_CHOICE(NearestMode)
#undef VOXLOOM_CHOICE

[[nodiscard]] std::string_view name_of(Origin origin);

}  // namespace voxloom::python
