// How good predicted labels are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/tensor.h"

namespace VOXLOOM_API voxloom {
namespace train {

// Counts by (label, prediction). Rows with a label below 0 count for nothing; a prediction below 0 is
// one that missed.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::int64_t classes);
  // As counts() gives them.
  ConfusionMatrix(std::int64_t classes, std::span<const std::int64_t> counts);

  // std::invalid_argument for a class beyond the matrix or spans of different lengths.
  void add(std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions);
  void add(const ConfusionMatrix& other);

  [[nodiscard]] std::int64_t classes() const { return classes_; }
  // (classes, classes + 1), a row per label; the last column are the rows without a prediction.
  [[nodiscard]] std::span<const std::int64_t> counts() const { return counts_; }
  [[nodiscard]] std::int64_t count(std::int64_t label, std::int64_t prediction) const;
  [[nodiscard]] std::int64_t labelled(std::int64_t label) const;  // rows with this label

  [[nodiscard]] std::int64_t predicted(std::int64_t which) const;  // labelled rows taken for it

  // Of the rows that were taken for a class, and of those that are of it, the share that is right; empty without any.
  [[nodiscard]] std::optional<double> precision(std::int64_t which) const;
  [[nodiscard]] std::optional<double> recall(std::int64_t which) const;
  // Intersection over union; empty for a class that neither labels nor predictions have.
  [[nodiscard]] std::optional<double> iou(std::int64_t which) const;
  // The mean over the classes that have one; 0 without any.
  [[nodiscard]] double mean_iou() const;
  [[nodiscard]] double accuracy()
      const;  // the share of labelled rows that are right; 0 without any

 private:
  std::int64_t classes_;
  std::vector<std::int64_t> counts_;
};

// The class with the largest score in each row, the lowest among equals, -1 (none) where a score is NaN;
// `scores` (N,C) float32.
[[nodiscard]] std::vector<std::int32_t> largest_scores(const Tensor& scores);

}  // namespace train
}  // namespace voxloom
