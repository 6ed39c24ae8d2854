// The attributes of a scan as a network reads them: in its unit, and finite.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/scan_input.h"

namespace voxloom::data {

class InputValues {
 public:
  InputValues(const Scan& scan, const InputOptions& options);

  [[nodiscard]] std::vector<float> intensity();               // 0 to 1
  [[nodiscard]] std::vector<std::array<float, 3>> colours();  // 0 to 1
  // Of the scan where it has them, of length 1, for complete() to make otherwise.
  [[nodiscard]] std::vector<std::array<float, 3>> normals();
  // Those that features name.
  [[nodiscard]] std::vector<PointColumn> columns();
  // Says what was chosen and replaced.
  [[nodiscard]] InputFacts finish();

 private:
  void note(const std::string& text) const;
  // An attribute that is not there; an error without a stand-in.
  void miss(const std::string& name, bool has_stand_in);
  // What the features say stands in for a value, and 0 where they say nothing.
  [[nodiscard]] const PointFeature* feature_of(PointValue value,
                                               std::string_view column = {}) const;
  [[nodiscard]] double stand_in(PointValue value, std::string_view column = {}) const;
  [[nodiscard]] std::string source_of(const PointFeature& feature) const;
  // Nothing for a value that is not finite, which counts when the network reads it.
  [[nodiscard]] std::optional<double> finite(const Column& column, std::int64_t point,
                                             bool is_read);
  [[nodiscard]] std::string_view replacement() const;
  void say_range() const;

  const Scan& scan_;
  const InputOptions& options_;
  InputFacts facts_;
  std::int64_t first_ = -1;  // point with a value that is not finite
  std::string first_column_;
  std::optional<double> full_colour_ = {};
  bool has_own_normals_ = false;
};

}  // namespace voxloom::data
