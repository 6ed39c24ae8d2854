// Labels for the points of scans.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <string>

#include "arrays.h"
#include "bindings.h"
#include "calls.h"
#include "scans.h"
#include "voxloom/point_labeller.h"

namespace voxloom::python {
namespace {

nb::list to_python(const ClassTable& table) {
  nb::list list;
  for (const LabelClass& c : table.classes) {
    nb::list values;
    for (const std::int32_t value : c.values) values.append(value);
    list.append(nb::make_tuple(nb::str(c.name.c_str()),
                               nb::make_tuple(c.color[0], c.color[1], c.color[2]),
                               nb::tuple(values)));
  }
  return list;
}

// What the bundle's network reads of the scan.
LabelledScan input_of(const label::PointLabeller& labeller, const Scan& scan,
                      std::vector<std::string>& notes) {
  return labeller.input(scan, {.on_note = [&](const std::string& note) { notes.push_back(note); }})
      .points;
}

nb::tuple label(const label::PointLabeller& labeller, nb::handle parts, std::size_t memory,
                nb::handle on_tile) {
  const Scan scan = scan_of(parts, "PointLabeller.label");
  label::LabelOptions options{.memory = memory};
  if (!on_tile.is_none()) {
    options.on_tile = [on_tile](std::size_t tile, std::size_t tiles) {
      const nb::gil_scoped_acquire locked;
      on_tile(tile, tiles);
    };
  }
  std::vector<std::string> notes;
  label::PointLabels labels =
      released([&] { return labeller.label(input_of(labeller, scan, notes), options); });
  const auto count = static_cast<std::int64_t>(labels.classes.size());
  auto classes = std::make_shared<std::vector<std::uint16_t>>(std::move(labels.classes));
  void* data = classes->data();
  return nb::make_tuple(to_numpy(data, {count}, "u2", std::move(classes)),
                        to_numpy(std::move(labels.confidence), {count}), labels.tiles,
                        listed(notes));
}

// (points, classes)
nb::object scores(const label::PointLabeller& labeller, nb::handle parts) {
  const Scan scan = scan_of(parts, "PointLabeller.scores");
  std::vector<std::string> notes;
  return to_numpy(released([&] { return labeller.scores(input_of(labeller, scan, notes)); }));
}

}  // namespace

void bind_labeller(nb::module_& m) {
  nb::class_<label::PointLabeller>(m, "_PointLabeller")
      .def("__init__",
           [](label::PointLabeller* self, const std::string& bundle) {
             label::PointLabeller made = released([&] { return label::PointLabeller(bundle); });
             new (self) label::PointLabeller(std::move(made));
           })
      .def("classes",
           [](const label::PointLabeller& labeller) { return to_python(labeller.classes()); })
      .def("unlabelled",
           [](const label::PointLabeller& labeller) {
             const std::vector<std::int32_t>& ignored = labeller.classes().ignored;
             return ignored.empty() ? -1 : ignored.front();
           })
      .def(
          "features",
          [](const label::PointLabeller& labeller) { return format_features(labeller.features()); })
      .def("label", label, nb::arg("parts"), nb::arg("memory"), nb::arg("on_tile").none())
      .def("scores", scores, nb::arg("parts"))
      .def("most_bytes", [](const label::PointLabeller& labeller,
                            std::int64_t points) { return labeller.most_bytes(points); })
      .def("weight_bytes",
           [](const label::PointLabeller& labeller) { return labeller.weight_bytes(); })
      .def("release_memory",
           [](const label::PointLabeller& labeller) { labeller.release_memory(); });
  m.def("_street_classes", [] { return to_python(street_classes()); });
  m.def("_read_classes", [](const std::string& path) { return to_python(read_classes(path)); });
}

}  // namespace voxloom::python
