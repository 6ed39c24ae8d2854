// What the numbers of a network's input are measured by follows from all points of a scan: the range of intensities,
// what a full colour is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/colours.h"
#include "io/spread.h"
#include "voxloom/scan_input.h"

namespace voxloom::data {

struct InputChoices {
  std::optional<IntensityChoice> intensity = {};  // none: there are no such numbers
  std::optional<double> full_colour = {};  // where the features have colours, and the scan too
};

// choose_intensity() of a scan that may come in pieces.
class IntensitySurvey {
 public:
  IntensitySurvey(std::int64_t points, const std::optional<Interval>& told);
  void look(const Scan& piece, std::int64_t first);
  // What another survey of the same scan saw, of other points.
  void add(double largest, std::span<const double> samples);
  [[nodiscard]] double largest() const { return largest_; }
  [[nodiscard]] std::span<const double> samples() const { return spread_.values(); }
  [[nodiscard]] std::optional<IntensityChoice> choice() const;

 private:
  std::optional<Interval> told_;
  std::optional<ColumnType> type_ = {};  // of the attribute, where it is there
  std::optional<Interval> format_range_ = {};
  io::SpreadSearch spread_;
  double largest_ = 0;  // of 16 bits
};

class InputSurvey {
 public:
  InputSurvey(std::int64_t points, const InputOptions& options);  // of the whole

  // `first`: the number of the piece's first point. A piece without points tells the types.
  void look(const Scan& piece, std::int64_t first);
  // What was seen, for a survey of another process, which looked at other points.
  [[nodiscard]] std::vector<double> seen() const;
  void add(std::span<const double> seen);
  [[nodiscard]] InputChoices choices() const;

 private:
  bool has_colours_;
  IntensitySurvey intensity_;
  io::ColourSurvey colours_;
};

}  // namespace voxloom::data
