// --crop, --crop-z, --thin and --shift: what is done to a scan between reading and all else.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "cli/options.h"
#include "voxloom/survey.h"

namespace voxloom::cli {

struct SurveyOptions {
  std::optional<std::array<double, 4>> crop = {};
  std::optional<std::array<double, 2>> crop_z = {};
  double thin = 0;  // 0: not
  std::optional<std::array<double, 3>> shift = {};

  [[nodiscard]] bool leaves_out_points() const { return crop || crop_z || thin > 0; }
  friend bool operator==(const SurveyOptions&, const SurveyOptions&) = default;
};

void add_survey_options(Options command, SurveyOptions& options);

// All that the reader has left, as far as --crop and --crop-z leave it; what lies outside is counted in a note.
[[nodiscard]] CroppedScan read_cropped(ScanReader& reader, const SurveyOptions& options,
                                       const OnNote& note);
// By --thin; how many points are left is said.
void thin(Scan& scan, const SurveyOptions& options, const OnNote& note);
// By --shift; that the records of a LAS file still name its coordinate system is said.
void shift(Scan& scan, const SurveyOptions& options, const OnNote& note);

// A coordinate, for --shift, --sensor and the like: what a check says of it, or nothing.
[[nodiscard]] std::string problem_of_coordinate(const std::string& text);

// A number above 0, for --thin and the like: what a check says of it, or nothing.
[[nodiscard]] std::string problem_of_length(const std::string& text);
[[nodiscard]] std::optional<double> length_in(const std::string& text);

}  // namespace voxloom::cli
