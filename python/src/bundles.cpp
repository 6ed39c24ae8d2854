// Bundles in memory, and checkpoints of other libraries that become ones.

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "voxloom/artifact.h"
#include "voxloom/import_network.h"

namespace voxloom::python {
namespace {

using artifact::Bundle;

nb::dict weights_of(const Bundle& bundle) {
  nb::dict arrays;
  for (const auto& [name, tensor] : bundle.weights)
    arrays[nb::str(name.c_str(), name.size())] = to_numpy(tensor);
  return arrays;
}

// --- checkpoints ---

template <typename Choice>
Choice chosen(const std::string& word, const std::map<std::string, Choice>& known,
              const char* name) {
  const auto found = known.find(word);
  if (found != known.end()) return found->second;
  std::string words;
  for (const auto& [one, value] : known) words += (words.empty() ? "'" : ", '") + one + "'";
  fail("import_checkpoint", "{}: expected one of {}, got '{}'", name, words, word);
}

checkpoint::ImportOptions options_of(const std::string& network,
                                     const std::optional<std::string>& from,
                                     const std::optional<std::string>& axes,
                                     const std::optional<std::string>& prefix,
                                     const std::optional<std::vector<std::int64_t>>& spatial_shape,
                                     const std::string& pointwise, bool allow_unused) {
  using checkpoint::Axes, checkpoint::PointwiseWeights;
  checkpoint::ImportOptions options{.network = network,
                                    .prefix = prefix,
                                    .spatial_shape = spatial_shape,
                                    .allow_unused = allow_unused};
  if (from) options.from = checkpoint::library_named(*from);
  if (axes) options.axes = chosen<Axes>(*axes, {{"xyz", Axes::xyz}, {"zyx", Axes::zyx}}, "axes");
  options.pointwise = chosen<PointwiseWeights>(
      pointwise,
      {{"as_run", PointwiseWeights::as_run}, {"as_declared", PointwiseWeights::as_declared}},
      "pointwise");
  return options;
}

nb::tuple import_checkpoint(const std::string& path, const std::string& entry,
                            const std::string& network, const std::optional<std::string>& from,
                            const std::optional<std::string>& axes,
                            const std::optional<std::string>& prefix,
                            const std::optional<std::vector<std::int64_t>>& spatial_shape,
                            const std::string& pointwise, bool allow_unused) {
  const checkpoint::ImportOptions options =
      options_of(network, from, axes, prefix, spatial_shape, pointwise, allow_unused);
  checkpoint::Checkpoint file;
  checkpoint::Import made = released([&] {
    file = checkpoint::read_checkpoint(path, {.entry = entry});
    return checkpoint::import_network(file, options);
  });
  const checkpoint::ImportReport& report = made.report;
  nb::dict told;
  told["library"] = nb::str(std::string(checkpoint::name_of(report.library)).c_str());
  told["axes"] = report.axes == checkpoint::Axes::xyz ? "xyz" : "zyx";
  told["prefix"] = report.prefix;
  told["used"] = report.used;
  told["unused"] = report.unused;
  told["statistics"] = report.statistics;
  told["notes"] = report.notes;
  told["unwrapped"] = file.unwrapped;
  told["others"] = file.others;
  return nb::make_tuple(std::move(made.bundle), told);
}

nb::tuple read_checkpoint(const std::string& path, const std::string& entry) {
  const checkpoint::Checkpoint file =
      released([&] { return checkpoint::read_checkpoint(path, {.entry = entry}); });
  nb::dict tensors;
  for (const auto& [name, tensor] : file.tensors)
    tensors[nb::str(name.c_str(), name.size())] = to_numpy(tensor);
  return nb::make_tuple(tensors, file.others, file.unwrapped);
}

nb::list importable_networks() {
  nb::list list;
  for (const checkpoint::ImportableNetwork& one : checkpoint::importable_networks())
    list.append(nb::make_tuple(one.name, one.summary));
  return list;
}

}  // namespace

void bind_bundles(nb::module_& m) {
  nb::class_<Bundle>(m, "_Bundle")
      .def_static(
          "read",
          [](const std::string& path) {
            return released([&] { return artifact::read_bundle(path); });
          },
          nb::arg("path"))
      .def("text", [](const Bundle& bundle) { return artifact::to_text(bundle.graph); })
      .def("weights", weights_of)
      .def(
          "save",
          [](const Bundle& bundle, const std::string& path,
             const std::map<std::string, std::string>& companions) {
            released([&] { artifact::write_bundle(path, bundle, companions); });
          },
          nb::arg("path"), nb::arg("companions"));
  m.def("_import_checkpoint", import_checkpoint, nb::arg("path"), nb::arg("entry"),
        nb::arg("network"), nb::arg("from_library").none(), nb::arg("axes").none(),
        nb::arg("prefix").none(), nb::arg("spatial_shape").none(), nb::arg("pointwise"),
        nb::arg("allow_unused"));
  m.def("_read_checkpoint", read_checkpoint, nb::arg("path"), nb::arg("entry"));
  m.def("_importable_networks", importable_networks);
}

}  // namespace voxloom::python
