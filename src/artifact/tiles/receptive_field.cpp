// How far a graph looks: the rows of its operations, one after the other.
#include <algorithm>
#include <optional>

#include "artifact/bundle/bundle.h"
#include "artifact/graph/reporter.h"
#include "artifact/tiles/reach.h"
#include "artifact/verify/verifier.h"
#include "core/error.h"
#include "voxloom/tiles.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kReceptiveFieldOp = "receptive_field";

// Positions are told from what was made of them by their value's number.
Extent extent_of_input(const Graph& graph, const Graph::Input& input) {
  if (input.role != InputRole::tensor) {
    return {.place = Place::unplaced,
            .why = fmt::format("the input '{}' holds voxels, not points", input.name)};
  }
  const auto& type = std::get<TensorType>(graph.value(input.value).type);
  const bool is_count = type.element == ElementType::i32 && type.dims == Shape{1};
  if (is_count) return {};
  return {.place = Place::points, .set = input.value};
}

std::string place_of(const Graph& graph, const Graph::Op& op) {
  std::string place = fmt::format("%{} = {}", graph.value(op.results[0]).name, op.name);
  if (op.position.line > 0) place += fmt::format(" (line {})", op.position.line);
  return place;
}

class Walk {
 public:
  explicit Walk(const Graph& graph) : graph_(graph), extents_(graph.values.size()) {
    for (const Graph::Input& input : graph.inputs) {
      extents_[static_cast<std::size_t>(input.value)] = extent_of_input(graph, input);
    }
  }

  std::vector<Extent> run() {
    Diagnostics diagnostics;
    Reporter reporter(kGraphFile, diagnostics), weight_reporter(kWeightFile, diagnostics);
    const Verification verification = verify(graph_, nullptr, reporter, weight_reporter);
    require(!has_errors(diagnostics), kReceptiveFieldOp, "{}",
            has_errors(diagnostics) ? summary(diagnostics) : "");
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      visit(graph_.ops[i], verification.op_slots[i]);
    }
    return std::move(extents_);
  }

 private:
  void visit(const Graph::Op& op, const std::vector<Slot>& slots) {
    if (op.name == kWeightOp) return;
    const OpSpec& spec = *find_op(op.name);
    ReachQuery query(OpView(spec, op, slots), extents_, points_, sets_);
    if (const Extent* culprit = unplaced_operand(op); culprit != nullptr) {
      query.unplaced(culprit->why);
    } else {
      spec.reach(query);
      for (Extent& extent : query.results()) {
        if (!extent.why.empty())
          extent.why = fmt::format("{} {}", place_of(graph_, op), extent.why);
      }
    }
    for (std::size_t i = 0; i < op.results.size(); ++i) {
      extents_[static_cast<std::size_t>(op.results[i])] = std::move(query.results()[i]);
    }
  }

  [[nodiscard]] const Extent* unplaced_operand(const Graph::Op& op) const {
    for (const int value : op.operands) {
      const Extent& extent = extents_[static_cast<std::size_t>(value)];
      if (extent.place == Place::unplaced) return &extent;
    }
    return nullptr;
  }

  const Graph& graph_;
  std::vector<Extent> extents_;
  int points_ = -1;
  int sets_ = 0;
};

double cell_volume(const Grid& grid) {
  return grid.voxel_size[0] * grid.voxel_size[1] * grid.voxel_size[2];
}

Grid finest_grid(const std::vector<Extent>& extents) {
  const Extent* finest = nullptr;
  for (const Extent& extent : extents) {
    if (extent.place != Place::voxels) continue;
    if (finest == nullptr || cell_volume(extent.cells) < cell_volume(finest->cells)) {
      finest = &extent;
    }
  }
  require(finest != nullptr, kReceptiveFieldOp, "the graph puts no points into voxels");
  Grid grid = finest->cells;
  grid.in_float32 = std::ranges::any_of(extents, [](const Extent& extent) {
    return extent.place == Place::voxels && extent.cells.in_float32;
  });
  return grid;
}

}  // namespace

std::vector<Extent> extents_of(const Graph& graph) { return Walk(graph).run(); }

Reach receptive_field(const Graph& graph) {
  const std::vector<Extent> extents = extents_of(graph);
  Extent all;
  for (const Graph::Output& output : graph.outputs) {
    const Extent& extent = extents[static_cast<std::size_t>(output.value)];
    require(extent.place != Place::unplaced, kReceptiveFieldOp,
            "the output '{}' depends on the whole scene, so that it cannot be cut into tiles: {}",
            output.name, extent.why);
    require(
        extent.place == Place::points, kReceptiveFieldOp,
        "the output '{}' has a row for each voxel; only rows of points can be put together again",
        output.name);
    widen(all, extent);
  }
  return {.below = all.below, .above = all.above, .grid = finest_grid(extents)};
}

}  // namespace voxloom::artifact
