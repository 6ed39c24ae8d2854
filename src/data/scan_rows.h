// Scans made of some points of others.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/dataset.h"

namespace voxloom::data {

// std::invalid_argument unless all that the scan has is there for each point.
void check_rows(const LabelledScan& scan, std::string_view op);

// Without points, with the columns and the scene's origin of `scan`.
[[nodiscard]] LabelledScan without_points(const LabelledScan& scan);
// Adds a point of `from` with all that it has; both scans have the same.
void add_point(LabelledScan& to, const LabelledScan& from, std::size_t point);

// A point with all that the features want of it, as numbers one behind the other.
class RowForm {
 public:
  explicit RowForm(const FeatureSet& features);

  [[nodiscard]] std::size_t size() const { return size_; }  // floats of a point
  void write(const LabelledScan& scan, std::size_t point, float* to) const;
  // Without points, with the columns.
  [[nodiscard]] LabelledScan empty() const;
  // Adds a point without a label.
  void add(LabelledScan& scan, const float* from) const;

 private:
  bool has_colours_, has_normals_;
  std::vector<std::string> columns_;
  std::size_t size_;
};

}  // namespace voxloom::data
