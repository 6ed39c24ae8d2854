// A bundle that goes from points to scores, as a labeller of scans: in one run, or in tiles where that
// would take too much memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "voxloom/tiles.h"
#include "voxloom/train.h"

namespace voxloom::artifact {
class Model;
}

namespace voxloom::train {

// What is kept of the scores, one of each per point.
struct PointLabels {
  std::vector<std::uint16_t> classes;
  std::vector<float> confidence;  // the softmax of the class that won
  std::int64_t class_count = 0;
  std::size_t tiles = 1;  // runs it took
};

struct LabelOptions {
  // Bytes that the run may take beyond the scan and its labels; 0: without bound.
  std::size_t memory = 0;
  // Before each tile, where there are several; throws to stop.
  std::function<void(std::size_t tile, std::size_t tiles)> on_tile = {};
};

class BundleLabeller {
 public:
  // std::invalid_argument when the bundle takes or gives something else than export_on_points makes.
  explicit BundleLabeller(const std::filesystem::path& bundle);
  [[nodiscard]] std::vector<std::int32_t> operator()(const LabelledScan& scan) const;
  // (points, classes)
  [[nodiscard]] Tensor scores(const LabelledScan& scan) const;
  // Whatever the memory, the same to the bit (voxloom/tiles.h). std::invalid_argument when a tile with
  // its halo needs more, or when the network cannot be cut into tiles.
  [[nodiscard]] PointLabels label(const LabelledScan& scan, const LabelOptions& options = {}) const;

  // What one run over so many points takes at most: each in a voxel of its own.
  [[nodiscard]] std::size_t most_bytes(std::int64_t points) const;
  [[nodiscard]] std::size_t weight_bytes() const;
  void release_memory() const;  // what the model keeps for its next run

 private:
  [[nodiscard]] std::vector<artifact::Tile> tiles_of(const LabelledScan& scan,
                                                     std::size_t memory) const;

  std::shared_ptr<const artifact::Model> model_;
  std::optional<artifact::Reach> reach_;
  std::string no_reach_;  // why there is none
  artifact::RunCost cost_;
};

}  // namespace voxloom::train
