// A network on points, without what leads from them and back.
#include <algorithm>

#include "artifact/bundle/bundle.h"
#include "artifact/graph/op_spec.h"
#include "artifact/run/simplify.h"
#include "core/error.h"
#include "voxloom/artifact.h"
#include "voxloom/export_module.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kWithoutPointsOp = "without_points";

class Cut {
 public:
  explicit Cut(const Graph& graph)
      : graph_(graph), into_(only("voxelize")), out_of_(only("devoxelize")) {}

  [[nodiscard]] Graph run() const {
    Graph network = graph_;
    const Graph::Op& into = graph_.ops[into_];
    check_inputs();
    check_voxels(OpView(*find_op(into.name), into, {}));
    require(graph_.outputs.size() == 1 && graph_.outputs[0].value == graph_.ops[out_of_].results[0],
            kWithoutPointsOp, "expected one output, what the points read");
    const Uses uses(graph_);
    for (std::size_t i = 1; i < into.results.size(); ++i) {
      require(uses.by(into.results[i]).empty(), kWithoutPointsOp,
              "the network uses the rows of the points");
    }
    network.outputs[0].value = operand(graph_.ops[out_of_], "voxels");
    network.outputs[0].role = OutputRole::sparse_tensor;
    take_voxels(network);
    network.ops.erase(network.ops.begin() + static_cast<std::ptrdiff_t>(out_of_));
    return to_plain(std::move(network));
  }

 private:
  [[nodiscard]] std::size_t only(const std::string& name) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      const std::string& op = graph_.ops[i].name;
      if (op == "lattice." + name || op == "voxloom." + name) found.push_back(i);
    }
    require(found.size() == 1, kWithoutPointsOp, "expected one operation {}, got {}", name,
            found.size());
    return found[0];
  }

  [[nodiscard]] int operand(const Graph::Op& op, std::string_view name) const {
    const auto& rows = find_op(op.name)->operands;  // all of them are required
    const auto found = std::ranges::find(rows, name, &OperandSpec::name);
    return op.operands[static_cast<std::size_t>(found - rows.begin())];
  }

  // What the graph takes goes to the points' two operations and nowhere else.
  void check_inputs() const {
    for (const Graph::Input& input : graph_.inputs) {
      for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
        const bool is_used =
            std::ranges::find(graph_.ops[i].operands, input.value) != graph_.ops[i].operands.end();
        require(!is_used || i == into_ || i == out_of_, kWithoutPointsOp,
                "{} also takes the input '{}'", graph_.ops[i].name, input.name);
      }
    }
  }

  // A sparse tensor that is given has the features' channels, and the batches that it has rows of.
  static void check_voxels(const OpView& into) {
    require(into.choice<Reduction>("reduction") != Reduction::count, kWithoutPointsOp,
            "the voxels hold how many points there are, not their features");
    require(!into.has("batch_size") || into.integer("batch_size") < 0, kWithoutPointsOp,
            "the voxelization has a batch size of its own");
  }

  void take_voxels(Graph& network) const {
    const Graph::Op& into = graph_.ops[into_];
    const auto add = [&](const char* name, InputRole role, TensorType type) {
      network.values.push_back({.name = name, .type = std::move(type)});
      const int value = static_cast<int>(network.values.size()) - 1;
      network.inputs.push_back({name, role, value});
      return value;
    };
    const Graph::Value& features = graph_.value(operand(into, "features"));
    network.inputs.clear();
    Graph::Op make{.name = "lattice.sparse.make", .results = {into.results[0]}};
    make.operands = {
        add("x_coords", InputRole::sparse_coords, {{kDynamic, 4}, ElementType::i32}),
        add("x_features", InputRole::sparse_features, std::get<TensorType>(features.type)),
        add("x_active", InputRole::sparse_active, {{1}, ElementType::i32})};
    if (const auto stride = into.attributes.find("stride"); stride != into.attributes.end()) {
      make.attributes.insert(*stride);
    }
    complete_attributes(*find_op(make.name), make.attributes);
    network.ops[into_] = std::move(make);
  }

  const Graph& graph_;
  std::size_t into_, out_of_;
};

}  // namespace

Bundle without_points(const Bundle& bundle) {
  Bundle network{.graph = Cut(bundle.graph).run(), .weights = bundle.weights};
  const Diagnostics diagnostics = verify_bundle(network);
  require(!has_errors(diagnostics), kWithoutPointsOp, "{}",
          has_errors(diagnostics) ? summary(diagnostics) : "");
  return network;
}

}  // namespace voxloom::artifact
