#include "voxloom/point_labeller.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/checked.h"
#include "core/finite.h"
#include "data/scan_rows.h"
#include "engine/choice.h"
#include "engine/losses.h"
#include "label/votes.h"
#include "voxloom/artifact.h"
#include "voxloom/train.h"

namespace voxloom::label {
namespace {

constexpr std::string_view kPointLabellerOp = "label";
constexpr int kMostVotes = 64;

// A tile's own copy of its points, and its list of them.
constexpr double kTilePointBytes = sizeof(float) * 4 + sizeof(std::int32_t) * 2 + 1;

void check(const artifact::Graph& graph, const FeatureSet& features,
           const std::filesystem::path& bundle) {
  std::set<std::string> names;
  for (const auto& input : graph.inputs) names.insert(input.name);
  const bool fits = names == std::set<std::string>{"points", "features", "batch", "active"} &&
                    graph.outputs.size() == 1 && graph.outputs[0].name == "scores";
  require(fits, kPointLabellerOp,
          "'{}' should take points, features, batch and active and give scores, as `voxloom train` "
          "writes it",
          bundle.string());
  for (const auto& input : graph.inputs) {
    const auto* type = std::get_if<artifact::TensorType>(&graph.value(input.value).type);
    if (input.name != "features" || type == nullptr || type->dims.size() != 2 ||
        type->dims[1] < 0) {
      continue;
    }
    require(type->dims[1] == features.size(), kPointLabellerOp,
            "'{}' takes {} features of a point, not {}: {}", bundle.string(), type->dims[1],
            features.size(), format_features(features));
  }
}

LabelledScan part_of(const LabelledScan& scan, std::span<const std::int32_t> points) {
  LabelledScan part = data::without_points(scan);
  part.positions.reserve(points.size());
  part.intensity.reserve(points.size());
  for (const std::int32_t point : points) {
    data::add_point(part, scan, static_cast<std::size_t>(point));
  }
  return part;
}

void start_labels(PointLabels& labels, std::int64_t points) {
  resize_or_throw(kPointLabellerOp, labels.classes, points, kNoClass);
  resize_or_throw(kPointLabellerOp, labels.confidence, points, 0.0F);
}

// The class of each row of scores and how sure that is, as lists for the caller.
class BestClasses {
 public:
  BestClasses(const Tensor& scores, const ClassTable& table) {
    require(scores.rank() == 2 && scores.dim(1) == table.size(), kPointLabellerOp,
            "the model gives scores of shape {}, and its classes.json, or without one the table of "
            "streets, has {} classes",
            scores.shape(), table.size());
    const Tensor values = scores.to(DType::f32);
    Tensor classes = Tensor::empty({values.dim(0)}, DType::i32, values.device());
    Tensor confidence = Tensor::empty({values.dim(0)}, DType::f32, values.device());
    engine::run(
        engine::LargestScores{.scores = &values, .classes = &classes, .confidence = &confidence});
    classes_ = classes.to(Device{});
    confidence_ = confidence.to(Device{});
  }

  void take(std::size_t row, std::size_t point, PointLabels& labels) const {
    const float confidence = confidence_.span<float>()[row];
    if (std::isnan(confidence)) return;  // it stays without a class
    labels.classes[point] = static_cast<std::uint16_t>(classes_.span<std::int32_t>()[row]);
    labels.confidence[point] = confidence;
  }

 private:
  Tensor classes_, confidence_;
};

// Points that are in no voxel have scores of 0, which are none.
void forget_invalid(const LabelledScan& scan, PointLabels& labels) {
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    if (is_finite(scan.positions[i])) continue;
    labels.classes[i] = kNoClass;
    labels.confidence[i] = 0;
  }
}

void forget_scores(PointLabels& labels, std::size_t classes) {
  for (std::size_t i = 0; i < labels.classes.size(); ++i) {
    if (labels.classes[i] != kNoClass) continue;
    std::fill_n(labels.scores.begin() + static_cast<std::ptrdiff_t>(i * classes), classes, 0.0F);
  }
}

FeatureSet features_of(const std::filesystem::path& bundle) {
  const std::filesystem::path file = bundle / kFeaturesFile;
  return std::filesystem::exists(file) ? read_features(file) : FeatureSet{};
}

std::optional<InputProfile> profile_in(const std::filesystem::path& bundle) {
  const std::filesystem::path file = bundle / kFeaturesFile;
  return std::filesystem::exists(file) ? read_profile(file) : std::nullopt;
}

ClassTable classes_of(const std::filesystem::path& bundle) {
  const std::filesystem::path file = bundle / "classes.json";
  return std::filesystem::exists(file) ? read_classes(file) : street_classes();
}

}  // namespace

PointLabeller::PointLabeller(const std::filesystem::path& bundle)
    : PointLabeller(bundle, classes_of(bundle)) {}

// Scans do not come again: no set of coordinates is worth remembering.
PointLabeller::PointLabeller(const std::filesystem::path& bundle, ClassTable classes)
    : model_(
          std::make_shared<artifact::Model>(artifact::Model::load(bundle, {.remembered_sets = 0}))),
      classes_(std::move(classes)),
      features_(features_of(bundle)),
      trained_on_(profile_in(bundle)),
      cost_(artifact::run_cost(*model_)) {
  check(model_->graph(), features_, bundle);
  require(classes_.size() >= 1 && classes_.size() <= kNoClass, kPointLabellerOp, "{} classes",
          classes_.size());
  cost_.per_point += kTilePointBytes;
  try {
    reach_ = artifact::receptive_field(model_->graph());
  } catch (const std::invalid_argument& error) {
    no_reach_ = error.what();
  }
}

ScanInput PointLabeller::input(const Scan& scan, InputOptions options) const {
  options.features = features_;
  ScanInput input = to_input(scan, options);
  complete(input.points, features_);
  if (trained_on_) {
    input.facts.misfits = misfits(*trained_on_, profile_of(input.points, features_));
    if (options.on_note) std::ranges::for_each(input.facts.misfits, options.on_note);
  }
  return input;
}

TensorMap PointLabeller::inputs_of(const LabelledScan& scan) const {
  const std::int32_t count = checked_row_count(kPointLabellerOp, scan.size());
  return {{"points", train::point_positions(scan)},
          {"features", train::point_features(scan, features_)},
          {"batch", Tensor::zeros({count}, DType::i32)},
          {"active", Tensor::from<std::int32_t>({count}, {1})}};
}

Tensor PointLabeller::scores(const LabelledScan& scan) const {
  const auto results = model_->run(inputs_of(scan));
  return std::get<Tensor>(results.at("scores"));
}

std::vector<std::int32_t> PointLabeller::operator()(const LabelledScan& scan) const {
  const PointLabels labels = label(scan);
  std::vector<std::int32_t> classes(labels.classes.begin(), labels.classes.end());
  std::ranges::replace(classes, std::int32_t{kNoClass}, kIgnoreLabel);
  return classes;
}

std::optional<std::int64_t> PointLabeller::count_voxels(const LabelledScan& scan) const {
  if (!reach_) return std::nullopt;
  return artifact::count_voxels(scan.positions, reach_->grid);
}

std::size_t PointLabeller::most_bytes(std::int64_t points) const {
  return static_cast<std::size_t>((cost_.per_point + cost_.per_voxel) *
                                  static_cast<double>(points));
}

std::size_t PointLabeller::weight_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : model_->weights()) bytes += tensor.bytes();
  return bytes;
}

void PointLabeller::release_memory() const { model_->release_memory(); }

std::vector<artifact::Tile> PointLabeller::tiles_of(const LabelledScan& scan,
                                                    std::size_t memory) const {
  if (memory == 0 || most_bytes(scan.size()) <= memory) return {};
  require(reach_.has_value(), kPointLabellerOp,
          "{} points in one piece may take {:.3f} GB of the {:.3f} GB there are, and {}",
          scan.size(), static_cast<double>(most_bytes(scan.size())) * 1e-9,
          static_cast<double>(memory) * 1e-9, no_reach_);
  return artifact::divide_into_tiles(scan.positions,
                                     {.reach = *reach_, .cost = cost_, .memory = memory});
}

std::size_t PointLabeller::for_scores(const LabelledScan& scan, const LabelOptions& options,
                                      const UseScores& use) const {
  const std::vector<artifact::Tile> tiles = tiles_of(scan, options.memory);
  if (tiles.size() <= 1) {
    use(scores(scan), {}, {});
    return 1;
  }
  artifact::for_each_tile(*model_, scan.positions, tiles, *reach_,
                          {.inputs = [&](auto points) { return inputs_of(part_of(scan, points)); },
                           .keep =
                               [&](const artifact::TileRun& run) {
                                 if (!run.points.empty())
                                   use(std::get<Tensor>(run.results.at("scores")), run.points,
                                       run.inner);
                               },
                           .on_tile = options.on_tile});
  return tiles.size();
}

std::optional<VoteSums> PointLabeller::sums_for(const LabelledScan& scan,
                                                LabelOptions& options) const {
  if (options.votes == 1 && !options.scores) return std::nullopt;
  const std::size_t bytes = VoteSums::bytes_of(scan.size(), classes_.size());
  if (options.memory > 0) {
    require(bytes < options.memory, kPointLabellerOp,
            "the scores of {} points take {:.3f} GB of the {:.3f} GB there are", scan.size(),
            static_cast<double>(bytes) * 1e-9, static_cast<double>(options.memory) * 1e-9);
    options.memory -= bytes;
  }
  return VoteSums(scan.size(), classes_.size());
}

void PointLabeller::label_once(const LabelledScan& scan, const LabelOptions& options,
                               VoteSums* sums, PointLabels& labels) const {
  if (needs_completion(scan, features_)) {  // of the whole, not of each tile
    LabelledScan whole = scan;
    complete(whole, features_);
    return label_once(whole, options, sums, labels);
  }
  labels.tiles = for_scores(scan, options, [&](const Tensor& scores, auto points, auto inner) {
    const BestClasses best(scores, classes_);
    for (std::size_t i = 0; points.empty() && i < labels.classes.size(); ++i) {
      best.take(i, i, labels);
    }
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (inner[i] != 0) best.take(i, static_cast<std::size_t>(points[i]), labels);
    }
    if (sums != nullptr) sums->add(scores, points, inner);
  });
}

void PointLabeller::label_by_votes(const LabelledScan& scan, const LabelOptions& options,
                                   VoteSums& sums, PointLabels& labels) const {
  labels.tiles = 0;
  for (int vote = 0; vote < options.votes; ++vote) {
    LabelledScan seen = turned(scan, vote, options.votes);
    complete(seen, features_);
    labels.tiles += for_scores(seen, options, [&](const Tensor& scores, auto points, auto inner) {
      sums.add(scores, points, inner);
    });
  }
  sums.give(options.votes, labels);
}

PointLabels PointLabeller::label(const LabelledScan& scan, const LabelOptions& options) const {
  data::check_rows(scan, kPointLabellerOp);
  require(options.votes >= 1 && options.votes <= kMostVotes, kPointLabellerOp,
          "1 to {} votes, not {}", kMostVotes, options.votes);
  LabelOptions left = options;
  std::optional<VoteSums> sums = sums_for(scan, left);
  PointLabels labels;
  start_labels(labels, scan.size());
  if (options.votes > 1) {
    label_by_votes(scan, left, *sums, labels);
  } else {
    label_once(scan, left, sums ? &*sums : nullptr, labels);
  }
  forget_invalid(scan, labels);
  if (options.scores) {
    labels.scores = sums->take_means(options.votes);
    forget_scores(labels, static_cast<std::size_t>(classes_.size()));
  }
  return labels;
}

namespace {

void set_scores(Scan& scan, const PointLabels& labels, const ClassTable& table) {
  if (labels.scores.empty()) return;
  const std::size_t points = labels.classes.size();
  const auto classes = static_cast<std::size_t>(table.size());
  require(labels.scores.size() == points * classes, "set_labels",
          "{} scores for {} points and {} classes", labels.scores.size(), points, classes);
  for (std::size_t c = 0; c < classes; ++c) {
    std::vector<float> values(points);
    for (std::size_t i = 0; i < points; ++i) values[i] = labels.scores[i * classes + c];
    scan.set("score_" + table.classes[c].name, std::move(values));
  }
}

}  // namespace

void set_labels(Scan& scan, const PointLabels& labels, const ClassTable& classes) {
  const std::size_t points = labels.classes.size();
  require(static_cast<std::int64_t>(points) == scan.size() && labels.confidence.size() == points,
          "set_labels", "{} labels and {} confidences for {} points", points,
          labels.confidence.size(), scan.size());
  std::vector<std::int32_t> numbers(points);
  std::array<std::vector<std::uint8_t>, 3> color;
  for (auto& channel : color) channel.resize(points);
  for (std::size_t point = 0; point < points; ++point) {
    const std::uint16_t label = labels.classes[point];
    if (label == kNoClass) {
      numbers[point] = classes.ignored.empty() ? -1 : classes.ignored.front();
      continue;
    }
    require(label < classes.size(), "set_labels", "point {} is of class {} of {}", point, label,
            classes.size());
    const LabelClass& one = classes.classes[label];
    numbers[point] = one.values.front();
    for (std::size_t i = 0; i < 3; ++i) color.at(i)[point] = one.color.at(i);
  }
  scan.set("label", std::move(numbers));
  scan.set("confidence", labels.confidence);
  const std::array names = {"red", "green", "blue"};
  for (std::size_t i = 0; i < 3; ++i) scan.set(names.at(i), std::move(color.at(i)));
  set_scores(scan, labels, classes);
}

}  // namespace voxloom::label
