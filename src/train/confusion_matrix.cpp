#include <algorithm>
#include <numeric>

#include "core/checked.h"
#include "engine/choice.h"
#include "engine/losses.h"
#include "ops/dense_arguments.h"
#include "voxloom/metrics.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kConfusionMatrixOp = "ConfusionMatrix";
constexpr std::int64_t kMaxClasses = 65536;

}  // namespace

ConfusionMatrix::ConfusionMatrix(std::int64_t classes) : classes_(classes) {
  require(classes >= 1 && classes <= kMaxClasses, kConfusionMatrixOp,
          "needs 1 to {} classes, got {}", kMaxClasses, classes);
  counts_.assign(static_cast<std::size_t>(classes * (classes + 1)), 0);
}

ConfusionMatrix::ConfusionMatrix(std::int64_t classes, std::span<const std::int64_t> counts)
    : ConfusionMatrix(classes) {
  require(counts.size() == counts_.size(), kConfusionMatrixOp, "{} counts for {} classes",
          counts.size(), classes);
  require(std::ranges::all_of(counts, [](std::int64_t count) { return count >= 0; }),
          kConfusionMatrixOp, "a count is below 0");
  counts_.assign(counts.begin(), counts.end());
}

void ConfusionMatrix::add(std::span<const std::int32_t> labels,
                          std::span<const std::int32_t> predictions) {
  require(labels.size() == predictions.size(), kConfusionMatrixOp, "{} labels for {} predictions",
          labels.size(), predictions.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::int32_t label = labels[i];
    if (label < 0) continue;
    require(label < classes_ && predictions[i] < classes_, kConfusionMatrixOp,
            "row {} has label {} and prediction {}, there are {} classes", i, label, predictions[i],
            classes_);
    const std::int64_t column = predictions[i] < 0 ? classes_ : predictions[i];
    ++counts_[static_cast<std::size_t>(label * (classes_ + 1) + column)];
  }
}

void ConfusionMatrix::add(const ConfusionMatrix& other) {
  require(other.classes_ == classes_, kConfusionMatrixOp, "matrices of {} and {} classes met",
          classes_, other.classes_);
  std::transform(counts_.begin(), counts_.end(), other.counts_.begin(), counts_.begin(),
                 std::plus<>());
}

std::int64_t ConfusionMatrix::count(std::int64_t label, std::int64_t prediction) const {
  require(label >= 0 && label < classes_ && prediction < classes_, kConfusionMatrixOp,
          "there is no cell ({},{}) among {} classes", label, prediction, classes_);
  const std::int64_t column = prediction < 0 ? classes_ : prediction;
  return counts_[static_cast<std::size_t>(label * (classes_ + 1) + column)];
}

std::int64_t ConfusionMatrix::labelled(std::int64_t label) const {
  const auto first = counts_.begin() + label * (classes_ + 1);
  return std::accumulate(first, first + classes_ + 1, std::int64_t{0});
}

std::int64_t ConfusionMatrix::predicted(std::int64_t which) const {
  std::int64_t total = 0;
  for (std::int64_t label = 0; label < classes_; ++label) total += count(label, which);
  return total;
}

std::optional<double> ConfusionMatrix::precision(std::int64_t which) const {
  const std::int64_t all = predicted(which);
  if (all == 0) return std::nullopt;
  return static_cast<double>(count(which, which)) / static_cast<double>(all);
}

std::optional<double> ConfusionMatrix::recall(std::int64_t which) const {
  const std::int64_t all = labelled(which);
  if (all == 0) return std::nullopt;
  return static_cast<double>(count(which, which)) / static_cast<double>(all);
}

std::optional<double> ConfusionMatrix::iou(std::int64_t which) const {
  const std::int64_t both = count(which, which);
  const std::int64_t either = labelled(which) + predicted(which) - both;
  if (either == 0) return std::nullopt;
  return static_cast<double>(both) / static_cast<double>(either);
}

double ConfusionMatrix::mean_iou() const {
  double total = 0;
  std::int64_t present = 0;
  for (std::int64_t c = 0; c < classes_; ++c) {
    if (const auto value = iou(c)) {
      total += *value;
      ++present;
    }
  }
  return present == 0 ? 0.0 : total / static_cast<double>(present);
}

double ConfusionMatrix::accuracy() const {
  std::int64_t right = 0, all = 0;
  for (std::int64_t c = 0; c < classes_; ++c) {
    right += count(c, c);
    all += labelled(c);
  }
  return all == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(all);
}

std::vector<std::int32_t> largest_scores(const Tensor& scores) {
  check_matrix("largest_scores", scores);
  const std::int64_t channels = scores.dim(1);
  require(channels >= 1, "largest_scores", "there are no classes to choose from");
  require(scores.dtype() == DType::f32, "largest_scores", "expected float32 scores, got {}",
          name_of(scores.dtype()));
  Tensor classes = Tensor::empty({scores.dim(0)}, DType::i32, scores.device());
  engine::run(engine::LargestScores{.scores = &scores, .classes = &classes});
  const Tensor best = classes.to(Device{});  // a list of numbers from here on
  return {best.span<std::int32_t>().begin(), best.span<std::int32_t>().end()};
}

}  // namespace voxloom::train
