// CoordinateSet and the algebra of sets.

#include "voxloom/sets.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <array>
#include <limits>

#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "ops/merge_rows.h"
#include "words.h"

namespace voxloom::python {
namespace {

using Options = CoordinateSetOptions;

Options options_of(nb::handle stride, std::optional<std::int64_t> batch_size, bool trusted) {
  return {.stride = triple_of(stride, {"CoordinateSet", "stride"}),
          .batch_size = batch_size,
          .trusted = trusted};
}

CoordinateSet make_set(nb::handle rows, nb::handle stride, std::optional<std::int64_t> batch_size,
                       bool trusted, bool copy) {
  const Tensor tensor = coordinates_in(rows, {"CoordinateSet", "rows"}, !copy);
  const Options options = options_of(stride, batch_size, trusted);
  return released([&] {
    return copy ? CoordinateSet::from_tensor(tensor, options)
                : CoordinateSet::borrow(tensor, options);
  });
}

nb::object rows_view(const CoordinateSet& set) {
  const auto* first = reinterpret_cast<const std::int32_t*>(set.rows().data());
  return to_numpy_view(first, {set.size(), 4}, std::make_shared<CoordinateSet>(set));
}

// Numbers beyond int32 are in no set.
nb::object find_rows(const CoordinateSet& set, nb::handle coordinates) {
  const Argument argument{"CoordinateSet.find", "coordinates"};
  const Tensor asked = borrow(coordinates, argument);
  if (asked.dtype() != DType::i64 || asked.rank() != 2 || asked.dim(1) != 4) {
    const Tensor rows = coordinates_in(coordinates, argument);
    const std::span<const Coordinate> probes(reinterpret_cast<const Coordinate*>(rows.raw()),
                                             static_cast<std::size_t>(rows.dim(0)));
    std::vector<std::int32_t> found = released([&] { return lookup(set, probes); });
    return hand_out(tensor_of(std::move(found), {rows.dim(0)}), coordinates);
  }
  std::vector<std::int32_t> found = released([&] {
    std::vector<std::int32_t> places;
    const std::span<const std::int64_t> c = asked.span<std::int64_t>();
    for (std::size_t i = 0; i < c.size(); i += 4) {
      places.push_back(static_cast<std::int32_t>(set.find(c[i], c[i + 1], c[i + 2], c[i + 3])));
    }
    return places;
  });
  return hand_out(tensor_of(std::move(found), {asked.dim(0)}), coordinates);
}

nb::tuple merged(nb::handle rows, nb::handle stride, std::optional<std::int64_t> batch_size) {
  const Tensor tensor = coordinates_in(rows, {"merge_rows", "rows"});
  const Options options = options_of(stride, batch_size, false);
  Voxelized result =
      released([&] { return sparse_from_points(tensor, {}, Reduction::count, options); });
  const std::int64_t count = tensor.dim(0);
  return nb::make_tuple(result.tensor.coords(),
                        hand_out(tensor_of(std::move(result.row_of_point), {count}), rows));
}

struct Extent {
  std::vector<std::int32_t> low, high;
};

template <std::size_t Columns>
Extent extent_of(std::span<const std::int32_t> numbers) {
  std::array<std::int32_t, Columns> low, high;
  std::copy_n(numbers.data(), Columns, low.data());
  high = low;
  const std::int32_t* const end = numbers.data() + numbers.size();
  for (const std::int32_t* row = numbers.data(); row != end; row += Columns) {
    for (std::size_t c = 0; c < Columns; ++c) {
      low[c] = std::min(low[c], row[c]);
      high[c] = std::max(high[c], row[c]);
    }
  }
  return {{low.begin(), low.end()}, {high.begin(), high.end()}};
}

nb::object extent(nb::handle array) {
  const Tensor rows = borrow(array, {"extent", "rows"});
  require(rows.dtype() == DType::i32 && rows.rank() == 2 && rows.dim(1) >= 2 && rows.dim(1) <= 5,
          "extent", "rows: expected (N, 2 to 5) int32, got {} {}", to_string(rows.shape()),
          name_of(rows.dtype()));
  const std::int64_t columns = rows.dim(1);
  if (rows.dim(0) == 0) return nb::none();
  constexpr std::array kOfColumns = {extent_of<2>, extent_of<3>, extent_of<4>, extent_of<5>};
  Extent found = released(
      [&] { return kOfColumns[static_cast<std::size_t>(columns - 2)](rows.span<std::int32_t>()); });
  return nb::make_tuple(to_numpy(std::move(found.low), {columns}),
                        to_numpy(std::move(found.high), {columns}));
}

nb::tuple sorted(const CoordinateSet& set) {
  SortedSet result = released([&] { return sort_canonical(set); });
  const std::int64_t count = set.size();
  return nb::make_tuple(result.set, to_numpy(std::move(result.permutation), {count}),
                        to_numpy(std::move(result.inverse), {count}));
}

std::string described(const CoordinateSet& set) {
  return fmt::format("CoordinateSet({} rows, stride {}, {} batches)", set.size(),
                     to_string(set.stride()), set.batch_size());
}

void bind_algebra(nb::module_& m) {
  const auto binary = [&m](const char* name,
                           CoordinateSet (*function)(const CoordinateSet&, const CoordinateSet&),
                           const char* doc) {
    m.def(
        name,
        [function](const CoordinateSet& a, const CoordinateSet& b) {
          return released([&] { return function(a, b); });
        },
        nb::arg("a"), nb::arg("b"), doc);
  };
  binary("union_of", union_of,
         "Rows of either set, in canonical order. ValueError: strides that differ.");
  binary("intersection_of", intersection_of,
         "Rows of both sets, in canonical order. ValueError: strides that differ.");
  binary("difference_of", difference_of,
         "Rows of a that b lacks, in canonical order. ValueError: strides that differ.");
  m.def(
      "downsample",
      [](const CoordinateSet& set, nb::handle stride) {
        const Triple by = triple_of(stride, {"downsample", "stride"});
        return released([&] { return downsample(set, by); });
      },
      nb::arg("set"), nb::arg("stride"),
      "Unique floor(c / stride), in canonical order; the lattice stride is multiplied.");
  m.def("_extent", extent, nb::arg("rows"),
        "(least, greatest) number of each column of (N, 2 to 5) int32; None without rows.");
  m.def("sort_canonical", sorted, nb::arg("set"),
        "(set, permutation, inverse): the rows in canonical order (ascending batch, then Z-order "
        "of x, y, z).\n\n"
        "permutation: (N,) int32, sorted row -> original row; inverse the other way.");
  m.def("merge_rows", merged, nb::arg("rows"), nb::arg("stride") = 1,
        nb::arg("batch_size") = nb::none(),
        "(set, row_of_point): a set of rows that may repeat, (N,4) int32 or int64, batch x y z.\n\n"
        "The set is in canonical order; row_of_point: (N,) int32, the set's row of each.");
}

}  // namespace

void bind_sets(nb::module_& m) {
  nb::class_<CoordinateSet>(
      m, "CoordinateSet",
      "The immutable, shared set of lattice sites that a sparse tensor lives on.\n\n"
      "rows: (N,4) of int32 (or int64 that fits): batch, x, y, z. They keep the caller's order, "
      "are unique,\n"
      "and batch is not negative. stride: physical position = coordinate * stride. batch_size: "
      "default the\n"
      "largest batch + 1. trusted: skips the checks. copy=False: the set stands on the int32 array "
      "itself,\n"
      "which must not change while the set or a map of it lives.\n\n"
      "Two sets are equal when they are the same object; copies are. Supports and maps derived "
      "from a set are\n"
      "remembered with it. ValueError: a negative batch, a batch beyond batch_size, a stride below "
      "1,\n"
      "duplicates (the message names the first pair of rows).")
      .def(
          "__init__",
          [](CoordinateSet* self, nb::handle rows, nb::handle stride,
             std::optional<std::int64_t> batch_size, bool trusted, bool copy) {
            new (self) CoordinateSet(make_set(rows, stride, batch_size, trusted, copy));
          },
          nb::arg("rows"), nb::arg("stride") = 1, nb::arg("batch_size") = nb::none(), nb::kw_only(),
          nb::arg("trusted") = false, nb::arg("copy") = true)
      .def_prop_ro("size", &CoordinateSet::size, "Rows.")
      .def("__len__", &CoordinateSet::size)
      .def_prop_ro("batch_size", &CoordinateSet::batch_size)
      .def_prop_ro("stride", [](const CoordinateSet& set) { return to_tuple(set.stride()); })
      .def_prop_ro(
          "is_canonical",
          [](const CoordinateSet& set) { return released([&] { return set.is_canonical(); }); },
          "Rows stand in canonical order.")
      .def_prop_ro("rows", rows_view, "(N,4) int32, read-only, no copy.")
      .def("find", find_rows, nb::arg("coordinates"),
           "(M,) int32: the row of each of the (M,4) coordinates, or -1. int64 beyond int32 is a "
           "miss.")
      .def(
          "same_rows",
          [](const CoordinateSet& a, const CoordinateSet& b) {
            return released([&] {
              return a == b || (a.stride() == b.stride() && std::ranges::equal(a.rows(), b.rows()));
            });
          },
          nb::arg("other"), "Stride and rows are equal, in order.")
      .def("__eq__",
           [](const CoordinateSet& a, nb::handle b) {
             return nb::isinstance<CoordinateSet>(b) && a == nb::cast<const CoordinateSet&>(b);
           })
      .def("__hash__",
           [](const CoordinateSet& set) { return reinterpret_cast<std::uintptr_t>(&set.impl()); })
      .def("__repr__", described)
      .def("__copy__", [](const CoordinateSet& set) { return set; })
      .def(
          "__deepcopy__", [](const CoordinateSet& set, nb::handle) { return set; }, nb::arg("memo"))
      .def("__getstate__",
           [](const CoordinateSet& set) {
             return nb::make_tuple(to_numpy(set.to_tensor()), to_tuple(set.stride()),
                                   set.batch_size());
           })
      .def("__setstate__", [](CoordinateSet& set, nb::tuple state) {
        new (&set) CoordinateSet(
            make_set(state[0], state[1], nb::cast<std::int64_t>(state[2]), false, true));
      });
  bind_algebra(m);
}

}  // namespace voxloom::python
