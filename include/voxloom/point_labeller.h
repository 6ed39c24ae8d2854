// Labels for the points of scans, by a bundle as `voxloom train` writes it (train::export_on_points).
//
//   const PointLabeller labeller("models/street.lattice");
//   Scan scan = read_scan("000008.bin", {.invalid = InvalidPoints::drop});
//   set_labels(scan, labeller.label(labeller.input(scan).points), labeller.classes());
//   write_scan("labelled.ply", scan);
//
// The network runs once, or in tiles where one run would take too much memory (voxloom/tiles.h), with
// the same result to the bit. A labeller may be used from several threads at once.
// Errors: FormatError for a bundle that cannot be read, std::invalid_argument for one that takes or gives
// something else, and for a model whose scores are not as many as its classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/export.h"
#include "voxloom/input_profile.h"
#include "voxloom/tiles.h"

namespace VOXLOOM_API voxloom {
namespace label {

// A point that the network has nothing to say of: its position is not finite, or a score is not.
inline constexpr std::uint16_t kNoClass = 0xffff;

// What is kept of the scores, one of each per point; a class is a place in the table, or kNoClass.
struct PointLabels {
  std::vector<std::uint16_t> classes;
  std::vector<float> confidence;  // the softmax of the class that won; 0 for kNoClass
  std::size_t tiles = 1;          // runs it took
  // Where LabelOptions asks for them, the softmaxes of all classes, (points, classes); 0 for points of kNoClass.
  std::vector<float> scores = {};
};

struct LabelOptions {
  // Bytes that the run may take beyond the scan and its labels; 0: without bound.
  std::size_t memory = 0;
  // Before each tile, where there are several; throws to stop.
  std::function<void(std::size_t tile, std::size_t tiles)> on_tile = {};
  // Runs over the scan turned about z by even parts of a full turn, each second one mirrored; the class is that of the
  // largest sum of softmaxes, the confidence their mean. 1: the scan as it stands. 1 to 64.
  int votes = 1;
  bool scores =
      false;  // PointLabels::scores too, of several votes their means; their memory counts
};

class VoteSums;

class PointLabeller {
 public:
  // The classes are those of BUNDLE/classes.json, or else street_classes(). What the network takes for a point
  // stands in BUNDLE/features.json, or else is the default of FeatureSet.
  explicit PointLabeller(const std::filesystem::path& bundle);
  PointLabeller(const std::filesystem::path& bundle, ClassTable classes);

  [[nodiscard]] const ClassTable& classes() const { return classes_; }
  [[nodiscard]] const FeatureSet& features() const { return features_; }
  // What the scans were like that it was trained on, where BUNDLE/features.json says so.
  [[nodiscard]] const std::optional<InputProfile>& trained_on() const { return trained_on_; }
  // What the network sees of a scan, completed; `options.features` are its own, whatever they were. Where the scan is
  // unlike those of the training is in the facts, and said.
  [[nodiscard]] ScanInput input(const Scan& scan, InputOptions options = {}) const;
  // std::invalid_argument, too, when a value that the network reads is not finite: it names the point.
  // std::invalid_argument when a tile with its halo, or the sums of several votes, need more than the memory, or when the network
  // cannot be cut into tiles.
  [[nodiscard]] PointLabels label(const LabelledScan& scan, const LabelOptions& options = {}) const;
  // The classes alone, as train::evaluate takes them; kIgnoreLabel for kNoClass.
  [[nodiscard]] std::vector<std::int32_t> operator()(const LabelledScan& scan) const;
  // (points, classes), in one run.
  [[nodiscard]] Tensor scores(const LabelledScan& scan) const;

  // Voxels that the network sees of the points; none when it looks without bounds.
  [[nodiscard]] std::optional<std::int64_t> count_voxels(const LabelledScan& scan) const;
  // What one run over so many points takes at most: each in a voxel of its own.
  [[nodiscard]] std::size_t most_bytes(std::int64_t points) const;
  [[nodiscard]] std::size_t weight_bytes() const;
  // How far the network looks, none without bounds, and what a run takes, with a copy of its points: what cutting
  // into tiles wants to know (tiles.h).
  [[nodiscard]] const std::optional<artifact::Reach>& reach() const { return reach_; }
  [[nodiscard]] const artifact::RunCost& cost() const { return cost_; }
  void release_memory() const;  // what the model keeps for its next run

 private:
  // Where the labels want sums over the classes; takes what they need from the memory.
  [[nodiscard]] std::optional<VoteSums> sums_for(const LabelledScan& scan,
                                                 LabelOptions& options) const;
  void label_once(const LabelledScan& scan, const LabelOptions& options, VoteSums* sums,
                  PointLabels& labels) const;
  void label_by_votes(const LabelledScan& scan, const LabelOptions& options, VoteSums& sums,
                      PointLabels& labels) const;
  // Runs the network over all points, in tiles if need be. use(scores, points, inner): rows of scores belong to
  // `points`, without a list to all in order, those without an inner mark to other tiles. Gives the number of runs.
  using UseScores = std::function<void(const Tensor& scores, std::span<const std::int32_t> points,
                                       std::span<const std::uint8_t> inner)>;
  std::size_t for_scores(const LabelledScan& scan, const LabelOptions& options,
                         const UseScores& use) const;
  [[nodiscard]] std::vector<artifact::Tile> tiles_of(const LabelledScan& scan,
                                                     std::size_t memory) const;
  [[nodiscard]] TensorMap inputs_of(const LabelledScan& scan) const;

  std::shared_ptr<const artifact::Model> model_;
  ClassTable classes_;
  FeatureSet features_;
  std::optional<InputProfile> trained_on_;
  std::optional<artifact::Reach> reach_;
  std::string no_reach_;  // why there is none
  artifact::RunCost cost_;
};

// Adds, or replaces, the attributes label (int32, the first of a class's numbers in files), confidence
// (float32), red, green, blue (uint8), and where there are scores for each class score_NAME (float32). One label per point. For kNoClass the label is the first number that the
// table ignores, else -1, and the colour is black.
void set_labels(Scan& scan, const PointLabels& labels, const ClassTable& classes);

}  // namespace label
}  // namespace voxloom
