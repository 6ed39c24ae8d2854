// A scan seen several times, turned, and what the runs say together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/point_labeller.h"

namespace voxloom::label {

// About z by vote / votes of a full turn; odd votes are mirrored along y before. Vote 0 is the scan as it stands.
[[nodiscard]] LabelledScan turned(const LabelledScan& scan, int vote, int votes);

// Sums of softmaxes, of every point.
class VoteSums {
 public:
  VoteSums(std::int64_t points, std::int64_t classes);

  [[nodiscard]] static std::size_t bytes_of(std::int64_t points, std::int64_t classes);
  // Rows (N, classes) of the points; without a list all in order. Those whose `inner` is 0 count for nothing.
  // std::invalid_argument for another number of classes.
  void add(const Tensor& scores, std::span<const std::int32_t> points,
           std::span<const std::uint8_t> inner);
  // The class of the largest sum, the lowest among equals, and its mean. Points with a sum that is no number keep
  // what the labels say.
  void give(int votes, PointLabels& labels) const;
  // The sums themselves, divided by the number of votes; they are gone afterwards.
  [[nodiscard]] std::vector<float> take_means(int votes);

 private:
  void add_row(const float* shares, std::size_t point);

  std::int64_t classes_;
  std::vector<float> sums_;
};

}  // namespace voxloom::label
