// A scan as a network reads it: in its unit, and finite. The scan may come in pieces.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/input_survey.h"
#include "voxloom/dataset.h"
#include "voxloom/scan_input.h"

namespace voxloom::data {

// Float32, relative to the sensor: the place of the scan's viewpoint, or else its origin.
[[nodiscard]] std::vector<std::array<float, 3>> seen_positions(const Scan& scan);

class InputValues {
 public:
  // The choices are those of a survey of the whole scan.
  InputValues(const InputOptions& options, const InputChoices& choices);

  // The next piece; `first` is the number of its first point. Every label is kIgnoreLabel.
  [[nodiscard]] LabelledScan of(const Scan& piece, std::int64_t first);

  // What was replaced so far, for the facts of another process.
  struct Replaced {
    std::int64_t not_finite = 0, outside = 0;
    std::int64_t first = -1;  // point with a value that is not finite
    std::string first_column = {};
    bool beyond = false;  // one of them is finite, but not as float32
  };
  [[nodiscard]] Replaced replaced() const;
  void add(const Replaced& of_others);

  // Says what was chosen and replaced. After a piece, with or without points.
  [[nodiscard]] InputFacts finish();

 private:
  [[nodiscard]] std::vector<float> intensity();               // 0 to 1
  [[nodiscard]] std::vector<std::array<float, 3>> colours();  // 0 to 1
  // Of the scan where it has them, of length 1, for complete() to make otherwise.
  [[nodiscard]] std::vector<std::array<float, 3>> normals();
  // Those that features name.
  [[nodiscard]] std::vector<PointColumn> columns();
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
  // The same for one that the network reads as it is: float32 must hold it.
  [[nodiscard]] std::optional<float> finite_float(const Column& column, std::int64_t point);
  // Counts a value that is replaced; an error, which ends with `why`, for one that is read where that is asked for.
  void replace(const Column& column, std::int64_t point, bool is_read, std::string_view why);
  [[nodiscard]] std::string_view replacement() const;
  void say_range() const;

  const Scan* scan_ = nullptr;
  std::int64_t first_of_piece_ = 0;
  const InputOptions& options_;
  InputFacts facts_;
  std::int64_t first_ = -1;  // point with a value that is not finite
  std::string first_column_;
  bool beyond_ = false;  // one of them is finite, but not as float32
  std::optional<double> full_colour_ = {};
  bool has_own_normals_ = false, is_8_bit_ = false;
};

}  // namespace voxloom::data
