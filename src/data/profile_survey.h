// The profile of one scan, which may come in pieces.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "voxloom/input_profile.h"

namespace voxloom::data {

class ProfileSurvey {
 public:
  ProfileSurvey(std::int64_t points, const FeatureSet& features);  // of the whole

  // A piece with all that the features want; `first` is the number of its first point.
  void look(const LabelledScan& piece, std::int64_t first);
  // What was seen, for a survey of another process, which looked at other points. In the order of the points.
  [[nodiscard]] std::vector<std::byte> seen() const;
  void add(std::span<const std::byte> seen);

  // Everything but the features.
  [[nodiscard]] InputProfile shape() const;
  // Of each feature, of an even choice of points.
  [[nodiscard]] std::vector<std::vector<double>> values() const;
  [[nodiscard]] InputProfile profile() const;

 private:
  FeatureSet features_;
  std::int64_t points_, step_;
  LabelledScan sample_;                                // every `step_`th point
  std::unordered_map<std::uint64_t, double> density_;  // points of some cubic metres
};

}  // namespace voxloom::data
