// Bundles that run, what is wrong with them, and safetensors.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <string>

#include "arrays.h"
#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "voxloom/artifact.h"
#include "voxloom/safetensors.h"

namespace voxloom::python {
namespace {

using artifact::Coordinates;
using artifact::Model;

artifact::ModelOptions options_of(const std::string& coordinates, std::size_t remembered_sets,
                                  bool fuse) {
  require(coordinates == "physical" || coordinates == "logical", "Model.load",
          "coordinates: expected 'physical' or 'logical', got '{}'", coordinates);
  return {.coordinates = coordinates == "physical" ? Coordinates::physical : Coordinates::logical,
          .remembered_sets = remembered_sets,
          .fuse = fuse};
}

Model load(const std::string& path, const std::string& coordinates, std::size_t remembered_sets,
           bool fuse) {
  const artifact::ModelOptions options = options_of(coordinates, remembered_sets, fuse);
  return released([&] { return Model::load(path, options); });
}

Model from_bundle(const artifact::Bundle& bundle, const std::string& coordinates,
                  std::size_t remembered_sets, bool fuse) {
  const artifact::ModelOptions options = options_of(coordinates, remembered_sets, fuse);
  return released([&] { return Model::from_bundle(bundle, options); });
}

TensorMap tensors_of(const nb::dict& arrays, std::string_view op, nb::handle* like) {
  TensorMap tensors;
  for (const auto [name, array] : arrays) {
    const auto key = nb::cast<std::string>(name);
    tensors.emplace(key, borrow_and_keep(array, {op, key}));
    if (like != nullptr && (like->ptr() == nullptr || is_torch(array))) *like = array;
  }
  return tensors;
}

// Torch tensors when one of the inputs was.
nb::dict run(const Model& model, const nb::dict& inputs) {
  nb::handle like = nb::none();
  const TensorMap tensors = tensors_of(inputs, "Model.run", &like);
  artifact::Results results = released([&] { return model.run(tensors); });
  nb::dict given;
  for (auto& [name, result] : results) {
    const nb::str key(name.c_str(), name.size());
    if (const auto* dense = std::get_if<Tensor>(&result)) {
      given[key] = hand_out(*dense, like);
    } else {
      const auto& sparse = std::get<SparseTensor>(result);
      given[key] =
          nb::make_tuple(sparse.coords(), hand_out(sparse.features(), like), sparse.batch_size());
    }
  }
  return given;
}

nb::list inputs_of(const Model& model) {
  nb::list list;
  for (const artifact::Graph::Input& input : model.graph().inputs) {
    const std::string type = to_string(model.graph().value(input.value).type);
    list.append(nb::make_tuple(nb::str(input.name.c_str()), nb::str(type.c_str())));
  }
  return list;
}

nb::list outputs_of(const Model& model) {
  nb::list list;
  for (const artifact::Graph::Output& output : model.graph().outputs) {
    const std::string type = to_string(model.graph().value(output.value).type);
    list.append(nb::make_tuple(nb::str(output.name.c_str()), nb::str(type.c_str())));
  }
  return list;
}

nb::dict to_python(const TensorMap& tensors) {
  nb::dict arrays;
  for (const auto& [name, tensor] : tensors)
    arrays[nb::str(name.c_str(), name.size())] = to_numpy(tensor);
  return arrays;
}

nb::list verify(const std::string& path) {
  const artifact::Diagnostics found = released([&] { return artifact::verify_bundle(path); });
  nb::list list;
  for (const artifact::Diagnostic& d : found) {
    list.append(nb::make_tuple(d.severity == artifact::Severity::error ? "error" : "warning",
                               nb::str(d.file.c_str()), d.position.line, d.position.column,
                               nb::str(d.message.c_str(), d.message.size())));
  }
  return list;
}

}  // namespace

void bind_models(nb::module_& m) {
  nb::class_<Model>(m, "_Model")
      .def_static("load", load, nb::arg("path"), nb::arg("coordinates"), nb::arg("remembered_sets"),
                  nb::arg("fuse"))
      .def_static("from_bundle", from_bundle, nb::arg("bundle"), nb::arg("coordinates"),
                  nb::arg("remembered_sets"), nb::arg("fuse"))
      .def("run", run, nb::arg("inputs"))
      .def("inputs", inputs_of)
      .def("outputs", outputs_of)
      .def("weights", [](const Model& model) { return to_python(model.weights()); })
      .def("text", [](const Model& model) { return artifact::to_text(model.graph()); })
      .def("release_memory", [](const Model& model) { model.release_memory(); });
  m.def("_verify_bundle", verify, nb::arg("path"));
  m.def("_read_safetensors", [](const std::string& path) {
    Safetensors file = released([&] { return read_safetensors(path); });
    nb::dict metadata;
    for (const auto& [key, value] : file.metadata)
      metadata[nb::str(key.c_str())] = nb::str(value.c_str());
    return nb::make_tuple(to_python(file.tensors), metadata);
  });
  m.def("_write_safetensors",
        [](const std::string& path, const nb::dict& arrays, const nb::dict& metadata) {
          const TensorMap tensors = tensors_of(arrays, "write_safetensors", nullptr);
          MetadataMap map;
          for (const auto [key, value] : metadata)
            map.emplace(nb::cast<std::string>(key), nb::cast<std::string>(value));
          released([&] { write_safetensors(path, tensors, map); });
        });
}

}  // namespace voxloom::python
