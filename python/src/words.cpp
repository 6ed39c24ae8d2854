#include "words.h"

#include <fmt/format.h>

#include <limits>
#include <string>

#include "core/error.h"

namespace voxloom::python {
namespace {

std::string text_of(nb::handle value) { return nb::str(nb::repr(value)).c_str(); }

std::int32_t int32_of(nb::handle value, Argument a, nb::handle whole) {
  const nb::object index = nb::steal(PyNumber_Index(value.ptr()));
  int overflow = 0;
  const long long number =
      index.is_valid() ? PyLong_AsLongLongAndOverflow(index.ptr(), &overflow) : 0;
  if (!index.is_valid()) PyErr_Clear();
  require(index.is_valid() && overflow == 0 && number >= std::numeric_limits<std::int32_t>::min() &&
              number <= std::numeric_limits<std::int32_t>::max(),
          a.op, "{}: expected an int32 or three of them, got {}", a.name, text_of(whole));
  return static_cast<std::int32_t>(number);
}

bool is_sequence(nb::handle value) { return PySequence_Check(value.ptr()) != 0; }

}  // namespace

Triple triple_of(nb::handle value, Argument a) {
  if (PyLong_Check(value.ptr()) || !is_sequence(value)) return {int32_of(value, a, value)};
  require(nb::len(value) == 3, a.op, "{}: expected an int or three, got {}", a.name,
          text_of(value));
  return {int32_of(value[0], a, value), int32_of(value[1], a, value), int32_of(value[2], a, value)};
}

nb::tuple to_tuple(const Triple& triple) { return nb::make_tuple(triple.x, triple.y, triple.z); }

std::vector<Triple> triples_of(nb::handle list, Argument a) {
  std::vector<Triple> triples;
  if (list.is_none()) return triples;
  require(is_sequence(list), a.op, "{}: expected a list of three ints each, got {}", a.name,
          text_of(list));
  for (std::size_t i = 0; i < nb::len(list); ++i) {
    const nb::object entry = list[i];
    require(is_sequence(entry), a.op, "{}: expected three ints, got {}", a.name, text_of(entry));
    triples.push_back(triple_of(entry, a));
  }
  return triples;
}

std::optional<Bounds> bounds_of(nb::handle value, Argument a) {
  if (value.is_none()) return {};
  const bool is_pair = is_sequence(value) && nb::len(value) == 2;
  const nb::object low = is_pair ? nb::object(value[0]) : nb::none();
  const nb::object high = is_pair ? nb::object(value[1]) : nb::none();
  require(
      is_pair && is_sequence(low) && is_sequence(high) && nb::len(low) == 3 && nb::len(high) == 3,
      a.op, "{}: expected ((x, y, z), (x, y, z)), got {}", a.name, text_of(value));
  Bounds bounds{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    bounds.lo.at(axis) = nb::cast<std::int64_t>(low[axis]);
    bounds.hi.at(axis) = nb::cast<std::int64_t>(high[axis]);
  }
  return bounds;
}

std::array<double, 3> three_doubles(nb::handle value, Argument a) {
  if (!is_sequence(value)) {
    const double all = PyFloat_AsDouble(value.ptr());
    if (PyErr_Occurred() != nullptr) throw nb::python_error();
    return {all, all, all};
  }
  require(nb::len(value) == 3, a.op, "{}: expected a number or three, got {}", a.name,
          text_of(value));
  std::array<double, 3> numbers{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    numbers.at(axis) = PyFloat_AsDouble(nb::object(value[axis]).ptr());
    if (PyErr_Occurred() != nullptr) throw nb::python_error();
  }
  return numbers;
}

Grid grid_of(nb::handle voxel_size, nb::handle origin, std::string_view op) {
  return {.voxel_size = three_doubles(voxel_size, {op, "voxel_size"}),
          .origin = three_doubles(origin, {op, "origin"})};
}

void refuse_choice(std::string_view name, std::span<const std::string_view> known, Argument a) {
  std::string expected;
  for (const std::string_view word : known) {
    expected += fmt::format("{}'{}'", expected.empty() ? "" : ", ", word);
  }
  fail(a.op, "{}: expected one of {}, got '{}'", a.name, expected, name);
}

}  // namespace voxloom::python
