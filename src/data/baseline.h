// The baseline without a network: each point gets the class that most of the nearest points of
// training scans have, by height, intensity and local shape (point_features.h).
#pragma once

#include <cstdint>
#include <vector>

#include "data/point_features.h"
#include "voxloom/dataset.h"

namespace voxloom::data {

class NearestNeighbours {
 public:
  // Remembers points of the first `scans` scans of `training`, so that a class has about as many as
  // the square root of its share.
  NearestNeighbours(const Dataset& training, std::int64_t scans, std::uint64_t seed);

  // One class per row; every point is looked up by itself.
  [[nodiscard]] std::vector<std::int32_t> predict(const std::vector<PointFeatures>& features) const;

 private:
  [[nodiscard]] std::int32_t vote(const PointFeatures& scaled) const;
  [[nodiscard]] PointFeatures scaled(const PointFeatures& raw) const;

  std::int64_t classes_;
  PointFeatures scale_ = {};  // one over the standard deviation
  std::vector<PointFeatures> points_;
  std::vector<std::int32_t> labels_;
};

struct ClassScores {
  std::vector<double> iou;  // -1: neither there nor predicted
  double mean = 0;          // over the others
};

// Over every `stride`-th point of all the scans together.
[[nodiscard]] ClassScores score(const NearestNeighbours& baseline, const Dataset& held_out,
                                std::int64_t stride);

}  // namespace voxloom::data
