#include "cli/survey_options.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace voxloom::cli {
namespace {

CropBox box_of(const SurveyOptions& options) {
  constexpr double kMost = std::numeric_limits<double>::max();
  CropBox box{.low = {-kMost, -kMost}, .high = {kMost, kMost}};
  if (options.crop) {
    const std::array<double, 4>& c = *options.crop;
    box.low = {c[0], c[1]};
    box.high = {c[2], c[3]};
  }
  if (options.crop_z) box.height = {{(*options.crop_z)[0], (*options.crop_z)[1]}};
  return box;
}

// A finite one.
std::optional<double> number_in(const std::string& text) {
  double number = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(begin, end, number);
  const bool is_one = error == std::errc() && last == end && std::isfinite(number);
  return is_one ? std::optional(number) : std::nullopt;
}

}  // namespace

void add_survey_options(Options command, SurveyOptions& options) {
  command
      .add_option(
          "--crop", options.crop,
          "Only the points of this rectangle, its edges included, in the files' coordinates")
      .type_name("XMIN YMIN XMAX YMAX");
  command.add_option("--crop-z", options.crop_z, "Only the points between these heights")
      .type_name("LO HI");
  command
      .add_option("--thin", options.thin,
                  "Only the first point, in the file's order, of each cube of this size")
      .check(Check(problem_of_length))
      .type_name("SIZE");
  command
      .add_option("--shift", options.shift,
                  "Add this to the coordinates that are written, after all else")
      .check(Check(problem_of_coordinate))
      .type_name("X Y Z");
}

CroppedScan read_cropped(ScanReader& reader, const SurveyOptions& options, const OnNote& note) {
  if (!options.crop && !options.crop_z) {
    const std::int64_t points = reader.remaining();
    CroppedScan all{.scan = reader.read(points)};
    all.not_finite = points - all.scan.size();
    return all;
  }
  CroppedScan cropped = read_within(reader, box_of(options));
  if (cropped.outside > 0) {
    note(fmt::format("{} points outside of what is cropped to are left out, {} are in it",
                     cropped.outside, cropped.scan.size()));
  }
  return cropped;
}

void thin(Scan& scan, const SurveyOptions& options, const OnNote& note) {
  if (options.thin == 0) return;
  const std::vector<std::int64_t> points = thinned_points(scan, options.thin);
  const auto kept = static_cast<std::int64_t>(points.size());
  if (kept == scan.size()) return;
  note(fmt::format("thinned to {} of {} points", kept, scan.size()));
  scan = pick_points(scan, points);
}

void shift(Scan& scan, const SurveyOptions& options, const OnNote& note) {
  if (!options.shift) return;
  const auto system = coordinate_system(scan);
  translate(scan, *options.shift);
  if (system) {
    note(fmt::format("the coordinate system stays {} in the file, though the points were shifted",
                     to_string(*system)));
  }
}

std::string problem_of_coordinate(const std::string& text) {
  const std::optional<double> coordinate = number_in(text);
  if (coordinate && std::abs(*coordinate) <= kFarthestShift) return "";
  return fmt::format("'{}' is no coordinate between -{} and {}", text, kFarthestShift,
                     kFarthestShift);
}

// CLI11's own check would print the largest float64 in full.
std::optional<double> length_in(const std::string& text) {
  const std::optional<double> length = number_in(text);
  return length && *length > 0 ? length : std::nullopt;
}

std::string problem_of_length(const std::string& text) {
  return length_in(text) ? "" : fmt::format("'{}' is not a number above 0", text);
}

}  // namespace voxloom::cli
