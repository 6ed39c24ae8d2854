// What Python's tracing writes down, as a graph: the library's own recorder, told calls by name.

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrays.h"
#include "artifact/export/graph_recorder.h"
#include "artifact/export/rewrite_weights.h"
#include "artifact/graph/op_spec.h"
#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "words.h"

namespace voxloom::python {
namespace {

using artifact::AttributeKind;
using artifact::AttributeSpec;
using artifact::GraphRecorder;
using artifact::ValueRef;
using autograd::OperationCall;
using autograd::Variable;

constexpr std::string_view kOp = "export";

// --- attributes, by what the operation's row says of them ---

std::vector<std::int64_t> integers_of(nb::handle value) {
  std::vector<std::int64_t> numbers;
  for (const nb::handle number : nb::iter(value)) numbers.push_back(nb::cast<std::int64_t>(number));
  return numbers;
}

AttributeValue value_of(const AttributeSpec& spec, nb::handle value) {
  const Argument argument{kOp, spec.name};
  switch (spec.kind) {
    case AttributeKind::boolean: return nb::cast<bool>(value);
    case AttributeKind::integer: return nb::cast<std::int64_t>(value);
    case AttributeKind::f32: return static_cast<float>(nb::cast<double>(value));
    case AttributeKind::integers: return integers_of(value);
    case AttributeKind::triple: {
      const Triple triple = triple_of(value, argument);
      return std::vector<std::int64_t>{triple.x, triple.y, triple.z};
    }
    case AttributeKind::f64_triple: {
      const std::array<double, 3> numbers = three_doubles(value, argument);
      return std::vector<double>(numbers.begin(), numbers.end());
    }
    case AttributeKind::string: return nb::cast<std::string>(value);
    case AttributeKind::enumeration:
      return EnumValue{std::string(spec.enum_kind), nb::cast<std::string>(value)};
    case AttributeKind::packing: break;
  }
  fail(kOp, "'{}' is no attribute of a call", spec.name);
}

Attributes attributes_of(const std::string& name, const nb::dict& values) {
  const artifact::OpSpec* row = artifact::find_row(name);
  require(row != nullptr, kOp, "there is no operation '{}'", name);
  Attributes attributes;
  for (const auto [key, value] : values) {
    const auto word = nb::cast<std::string>(key);
    const AttributeSpec* spec = row->attribute(word);
    require(spec != nullptr, kOp, "'{}' has no attribute '{}'", name, word);
    attributes.emplace(word, value_of(*spec, value));
  }
  return attributes;
}

// --- the recording ---

class Recording {
 public:
  Recording() : recorder_(std::make_shared<GraphRecorder>(builder_, artifact::ArrayNames())) {}
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording() { recorder_->close(); }

  // What the array's weight is called.
  void name(nb::handle array, const std::string& name) {
    recorder_->name(kept_.emplace_back(borrow_and_keep(array, {kOp, name})), name);
  }

  Variable sparse_input(const std::string& name, std::int64_t channels, nb::handle stride) {
    return recorder_->symbol_of(builder_.sparse_input(
        name, {.channels = channels, .stride = triple_of(stride, {kOp, "stride"})}));
  }

  // Points (P,3) with features and batch; the voxels that they fill, with the mean of the features.
  Variable points_input(std::int64_t channels, nb::handle voxel_size, nb::handle origin) {
    const auto input = [&](const char* name, Shape dims, artifact::ElementType element) {
      return builder_.tensor_input(name, {std::move(dims), element});
    };
    using enum artifact::ElementType;
    grid_ = grid_of(voxel_size, origin, kOp);
    points_ = {.points = input("points", {artifact::kDynamic, 3}, f32),
               .batch = input("batch", {artifact::kDynamic}, i32),
               .active = input("active", {1}, i32),
               .features = input("features", {artifact::kDynamic, channels}, f32)};
    return recorder_->symbol_of(builder_.voxelize(
        points_, {.grid = *grid_, .reduction = Reduction::mean, .non_finite = NonFinite::drop}));
  }

  Variable record(const std::string& name, const nb::list& operands, const nb::dict& attributes,
                  std::size_t result) {
    std::vector<std::string> names;
    names.reserve(nb::len(operands));
    OperationCall call{.name = name,
                       .operands = {},
                       .attributes = attributes_of(name, attributes),
                       .result = result};
    for (const nb::handle pair : operands) {
      const std::string& operand = names.emplace_back(nb::cast<std::string>(pair[0]));
      const nb::handle value = pair[1];
      if (value.is_none()) continue;
      const bool is_symbol = nb::isinstance<Variable>(value);
      call.operands.push_back({operand, is_symbol
                                            ? nb::cast<Variable>(value)
                                            : Variable(borrow_and_keep(value, {kOp, operand}))});
    }
    return recorder_->record(call);
  }

  void output(const std::string& name, const Variable& symbol) {
    builder_.output(name, recorder_->value_of(symbol));
  }

  // What the points read of their voxels.
  void output_at_points(const Variable& symbol) {
    require(grid_.has_value(), kOp, "there are no points");
    points_.voxels = recorder_->value_of(symbol);
    builder_.output("scores",
                    builder_.devoxelize(points_, {.grid = *grid_, .non_finite = NonFinite::drop}));
  }

  // packed_bits 0: weights stay as they are.
  [[nodiscard]] artifact::Bundle bundle(bool fold_norms, int packed_bits, int group_size,
                                        std::int64_t packed_channels) const {
    artifact::ExportOptions options{.fold_norms = fold_norms, .packed_channels = packed_channels};
    if (packed_bits != 0) options.packed = {.bits = packed_bits, .group_size = group_size};
    return released([&] { return artifact::finished(builder_, options); });
  }

 private:
  std::vector<Tensor> kept_;  // so that the addresses of named arrays stay theirs
  artifact::GraphBuilder builder_;
  std::shared_ptr<GraphRecorder> recorder_;
  artifact::PointOperands points_;
  std::optional<Grid> grid_;
};

}  // namespace

void bind_recording(nb::module_& m) {
  nb::class_<Variable>(m, "_Symbol").def_prop_ro("is_sparse", &Variable::is_sparse);
  nb::class_<Recording>(m, "_Recording")
      .def(nb::init<>())
      .def("name", &Recording::name, nb::arg("array"), nb::arg("name"))
      .def("sparse_input", &Recording::sparse_input, nb::arg("name"), nb::arg("channels"),
           nb::arg("stride"))
      .def("points_input", &Recording::points_input, nb::arg("channels"), nb::arg("voxel_size"),
           nb::arg("origin"))
      .def("record", &Recording::record, nb::arg("name"), nb::arg("operands"),
           nb::arg("attributes"), nb::arg("result") = 0)
      .def("output", &Recording::output, nb::arg("name"), nb::arg("symbol"))
      .def("output_at_points", &Recording::output_at_points, nb::arg("symbol"))
      .def("bundle", &Recording::bundle, nb::arg("fold_norms"), nb::arg("packed_bits"),
           nb::arg("group_size"), nb::arg("packed_channels"));
}

}  // namespace voxloom::python
