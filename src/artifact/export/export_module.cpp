#include "voxloom/export_module.h"

#include "artifact/bundle/bundle.h"
#include "artifact/export/graph_recorder.h"
#include "artifact/export/rewrite_weights.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kExportModuleOp = "export_module";

void check(const ExportOptions& options) {
  require(options.in_channels >= 1, kExportModuleOp, "in_channels should be at least 1, got {}",
          options.in_channels);
}

ArrayNames names_in(const nn::Module& module) {
  std::vector<nn::NamedParameter> parameters;
  module.collect_parameters("", parameters);
  ArrayNames names;
  for (const nn::NamedParameter& p : parameters) {
    require(p.packed != nullptr || p.value != nullptr, kExportModuleOp,
            "the parameter '{}' has no value", p.name);
    const Tensor& array = p.packed != nullptr ? p.packed->codes : *p.value;
    names.emplace(std::pair(array.raw(), array.bytes()), p.name);
  }
  return names;
}

// A module may keep symbols, and with them the recorder, longer than the builder lives.
struct Closing {
  GraphRecorder& recorder;
  ~Closing() { recorder.close(); }
};

ValueRef trace(GraphBuilder& b, const nn::Module& module, ValueRef x) {
  const auto recorder = std::make_shared<GraphRecorder>(b, names_in(module));
  const Closing closing{*recorder};
  nn::Pass inference;
  return recorder->value_of(inference.run(module, recorder->symbol_of(x)));
}

}  // namespace

Bundle finished(const GraphBuilder& b, const ExportOptions& options) {
  Bundle bundle = b.bundle();
  if (options.fold_norms) fold_norms(bundle);
  if (options.packed) pack_weights(bundle, options);
  const Diagnostics diagnostics = verify_bundle(bundle);
  require(!has_errors(diagnostics), kExportModuleOp, "{}",
          has_errors(diagnostics) ? summary(diagnostics) : "");
  return bundle;
}

Bundle export_module(const nn::Module& module, const ExportOptions& options) {
  check(options);
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = options.in_channels});
  b.output("output", trace(b, module, x));
  return finished(b, options);
}

Bundle export_on_points(const nn::Module& module, const Grid& grid, const ExportOptions& options) {
  check(options);
  GraphBuilder b;
  const auto input = [&](const char* name, Shape dims, ElementType element) {
    return b.tensor_input(name, {std::move(dims), element});
  };
  PointOperands points{
      .points = input("points", {kDynamic, 3}, ElementType::f32),
      .batch = input("batch", {kDynamic}, ElementType::i32),
      .active = input("active", {1}, ElementType::i32),
      .features = input("features", {kDynamic, options.in_channels}, ElementType::f32)};
  const ValueRef x = b.voxelize(
      points, {.grid = grid, .reduction = Reduction::mean, .non_finite = NonFinite::drop});
  points.voxels = trace(b, module, x);
  const std::optional<Triple> fine = b.stride(x), stride = b.stride(points.voxels);
  require(
      !fine || !stride || *stride == *fine, kExportModuleOp,
      "the network's result has stride {}; points read scores on its input's rows, of stride {}",
      to_string(stride.value_or(1)), to_string(fine.value_or(1)));
  b.output("scores", b.devoxelize(points, {.grid = grid, .non_finite = NonFinite::drop}));
  return finished(b, options);
}

}  // namespace voxloom::artifact
