// What a run takes, told from the graph: docs/large_scenes.md tells the rule and how near it comes.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "artifact/graph/inference.h"
#include "artifact/graph/reporter.h"
#include "artifact/tiles/reach.h"
#include "artifact/verify/verifier.h"
#include "voxloom/tiles.h"

namespace voxloom::artifact {
namespace {

// Of a voxel, whatever the network: its coordinate and its part of the index, on all levels.
constexpr double kIndexBytes = 100;
// An entry of a kernel map, and how many of a kernel's offsets meet a voxel: of surfaces, a third.
constexpr double kEntryBytes = 5, kMetOffsets = 0.35;
// Blocks of the pool that are too large or lie idle.
constexpr double kPoolFactor = 1.5;
// Of a point: its cell, its row and its place among the points of its voxel, while it is voxelized.
constexpr double kVoxelizeBytes = 64;
constexpr double kUnknownChannels = 64;

class Costs {
 public:
  explicit Costs(const Model& model) : graph_(model.graph()), extents_(extents_of(graph_)) {
    Diagnostics diagnostics;
    Reporter reporter(kGraphFile, diagnostics), weight_reporter(kWeightFile, diagnostics);
    const Safetensors file{.tensors = model.weights(), .metadata = {}, .unreadable = {}};
    facts_ = verify(graph_, &file, reporter, weight_reporter);
    finest_cell_ = finest_cell();
    for (std::size_t value = 0; value < graph_.values.size(); ++value) {
      buffer_.push_back(static_cast<int>(value));
    }
    for (const Graph::Op& op : graph_.ops) share_buffers(op);
  }

  [[nodiscard]] RunCost run() const {
    return {.per_point = kVoxelizeBytes + bytes_of_points(),
            .per_voxel = kIndexBytes + kPoolFactor * bytes_of_features() + bytes_of_maps()};
  }

 private:
  [[nodiscard]] const Extent& extent(int value) const {
    return extents_[static_cast<std::size_t>(value)];
  }
  [[nodiscard]] int& buffer(int value) { return buffer_[static_cast<std::size_t>(value)]; }

  // Taking a tensor's features out and putting others in copies nothing.
  void share_buffers(const Graph::Op& op) {
    if (op.name == "lattice.sparse.decompose") buffer(op.results[1]) = buffer(op.operands[0]);
    if (op.name == "lattice.sparse.with_features") buffer(op.results[0]) = buffer(op.operands[1]);
  }

  [[nodiscard]] const Facts& facts(int value) const {
    return facts_.values[static_cast<std::size_t>(value)];
  }

  // 0: of no voxels.
  [[nodiscard]] static double cell_volume(const Extent& extent) {
    if (extent.place != Place::voxels) return 0;
    const std::array<double, 3>& size = extent.cells.voxel_size;
    return size[0] * size[1] * size[2];
  }

  [[nodiscard]] double finest_cell() const {
    double finest = 0;
    for (const Extent& extent : extents_) {
      const double volume = cell_volume(extent);
      if (volume > 0 && (finest == 0 || volume < finest)) finest = volume;
    }
    return finest;
  }

  // Where the reach is unknown the rows are taken for voxels of the finest grid.
  [[nodiscard]] bool is_of_voxels(int value) const {
    if (extent(value).place == Place::voxels) return true;
    return extent(value).place == Place::unplaced &&
           !std::holds_alternative<WeightType>(facts(value).type);
  }

  [[nodiscard]] double row_bytes(int value) const {
    const auto* tensor = std::get_if<TensorType>(&facts(value).type);
    const bool is_list = tensor != nullptr && tensor->dims.size() == 1;
    const std::int64_t of_row = is_list ? 1 : facts(value).channels;
    const double channels = known(of_row) ? static_cast<double>(of_row) : kUnknownChannels;
    return channels * static_cast<double>(size_of(dtype_of_element(facts(value).element())));
  }

  // Each doubling of the cells halves the rows: of surfaces it leaves a quarter to two fifths.
  [[nodiscard]] double rows_per_voxel(int value) const {
    const double volume = cell_volume(extent(value));
    return volume > 0 ? std::cbrt(finest_cell_ / volume) : 1;
  }

  [[nodiscard]] double bytes_of_points() const {
    double bytes = 0;
    for (std::size_t value = 0; value < graph_.values.size(); ++value) {
      const int id = static_cast<int>(value);
      if (extent(id).place == Place::points) bytes += row_bytes(id);
    }
    return bytes;
  }

  [[nodiscard]] double bytes_of_features() const {
    const std::map<int, std::size_t> last_use = last_uses();
    std::map<int, double> alive;
    double now = 0, most = 0;
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      for (const int value : graph_.ops[i].results) {
        const int id = buffer_[static_cast<std::size_t>(value)];
        if (!is_of_voxels(value) || !last_use.contains(id)) continue;
        const double bytes = row_bytes(id) * rows_per_voxel(value);
        if (alive.emplace(id, bytes).second) now += bytes;
      }
      most = std::max(most, now);
      std::erase_if(alive, [&](const auto& entry) {
        const bool gone = last_use.at(entry.first) <= i;
        if (gone) now -= entry.second;
        return gone;
      });
    }
    return most;
  }

  [[nodiscard]] std::map<int, std::size_t> last_uses() const {
    std::map<int, std::size_t> uses;
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      for (const int value : graph_.ops[i].operands) {
        uses[buffer_[static_cast<std::size_t>(value)]] = i;
      }
    }
    return uses;
  }

  // A map between two sets is made once for each kernel and lives as long as they do.
  [[nodiscard]] double bytes_of_maps() const {
    std::set<std::tuple<int, int, double>> seen;
    double bytes = 0;
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      const Graph::Op& op = graph_.ops[i];
      const OpView view(*find_op(op.name), op, facts_.op_slots[i]);
      if (op.name == kWeightOp || !view.has("kernel_size")) continue;
      const int in = op.operands[0], out = op.results[0];
      if (!is_of_voxels(in) || !is_of_voxels(out)) continue;
      const Triple size = view.triple("kernel_size");
      const double volume = 1.0 * size.x * size.y * size.z;
      const int a = std::min(extent(in).set, extent(out).set);
      const int b = std::max(extent(in).set, extent(out).set);
      if (volume == 1 || !seen.emplace(a, b, volume).second) continue;
      bytes +=
          kEntryBytes * kMetOffsets * volume * std::max(rows_per_voxel(in), rows_per_voxel(out));
    }
    return bytes;
  }

  const Graph& graph_;
  std::vector<Extent> extents_;
  Verification facts_;
  double finest_cell_ = 0;
  std::vector<int> buffer_;  // values of one number share their memory
};

}  // namespace

RunCost run_cost(const Model& model) { return Costs(model).run(); }

}  // namespace voxloom::artifact
