#include "cli/segment_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>

#include "cli/ego_points.h"
#include "cli/label_pictures.h"
#include "cli/segment_scene.h"
#include "cli/segment_steps.h"
#include "cli/streams.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "io/sidecar.h"
#include "voxloom/io.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// What is left for the network of the memory that the scan may take; its columns of labels are there already.
std::size_t left_for_network(const Scan& scan, const LabelledScan& input,
                             const SegmentOptions& options) {
  if (options.memory == 0) return 0;
  const auto points = static_cast<std::size_t>(scan.size());
  const std::size_t held = bytes_of(scan) + points * kLabelBytes + bytes_of(input);
  require(held < options.memory, "segment",
          "{} points alone take {:.3f} GB of {:.3f} GB; raise --memory", points,
          static_cast<double>(held) * 1e-9, static_cast<double>(options.memory) * 1e-9);
  return options.memory - held;
}

// What cannot be placed is left out, and said.
Scan read(const fs::path& path, const SegmentOptions& options, const OnNote& note) {
  const ReadOptions how = read_options_of(options, note);
  const bool is_stream = path == kStream;
  const std::vector<std::byte> bytes = is_stream ? read_stdin() : std::vector<std::byte>();
  ScanReader reader =
      is_stream ? ScanReader(bytes, shown_name(path.string()), how) : ScanReader(path, how);
  CroppedScan read = read_cropped(reader, options.survey, note);
  if (read.not_finite > 0) {
    note(fmt::format("{} points that are not finite are left out", read.not_finite));
  }
  if (read.scan.size() == 0) {
    throw FormatError(fmt::format(
        "{}: holds no points{}{}", path.string(), read.not_finite > 0 ? " that are finite" : "",
        options.survey.crop || options.survey.crop_z ? " within --crop" : ""));
  }
  thin(read.scan, options.survey, note);
  return std::move(read.scan);
}

// The labels of all points; those of the vehicle that carries the sensor have none.
label::PointLabels run_network(const LabelledScan& input, std::size_t memory,
                               const label::PointLabeller& labeller, const SegmentOptions& options,
                               SegmentedScan& report) {
  label::LabelOptions how{.memory = memory,
                          .on_tile = options.on_tile,
                          .votes = options.votes,
                          .scores = options.scores};
  if (options.ego_radius == 0) return labeller.label(input, how);
  const WithoutEgo parts = without_ego(input, options.ego_radius);
  report.ego = input.size() - parts.rest.size();
  report.notes.push_back(fmt::format("{} points within {} m of the sensor are not labelled",
                                     report.ego, options.ego_radius));
  if (memory > 0) {
    const std::size_t held = bytes_of(parts.rest) + parts.points.size() * sizeof(std::int32_t);
    how.memory = memory > held ? memory - held : 1;
  }
  const label::PointLabels labels =
      parts.points.empty() ? label::PointLabels{} : labeller.label(parts.rest, how);
  return for_all(labels, parts, input.size(), labeller.classes().size());
}

// By the positions alone.
std::string advice_for(const Scan& scan, const SegmentOptions& options) {
  FeatureSet shape;
  shape.features = {{PointValue::height}};
  const LabelledScan points = to_input(scan, {.features = shape}).points;
  return better_model(options.known, options.model, profile_of(points, shape), scan);
}

// A scan that the network refuses may suit another.
ScanInput input_of(const Scan& scan, const label::PointLabeller& labeller,
                   const SegmentOptions& options, const OnNote& note) {
  try {
    return labeller.input(scan, input_options(options.scan, note));
  } catch (const std::invalid_argument& error) {
    const std::string advice = options.known.empty() ? "" : advice_for(scan, options);
    if (advice.empty()) throw;
    throw std::invalid_argument(fmt::format("{}; {}", error.what(), advice));
  }
}

}  // namespace

std::vector<fs::path> outputs_of(const fs::path& scan, const fs::path& out,
                                 const std::string& format, bool pictures) {
  const std::string name = report_name(scan);
  std::vector<fs::path> files = {out / fmt::format("{}.{}", name, format)};
  if (format == "pcd") files.push_back(io::sidecar_of(files.front()));
  if (pictures) {
    std::ranges::copy(label_pictures_of(out, name), std::back_inserter(files));
    files.push_back(out / (name + ".html"));
  }
  return files;
}

std::size_t most_bytes(const std::filesystem::path& path, const SegmentOptions& options,
                       const label::PointLabeller& labeller) {
  const std::int64_t points =
      ScanReader(path, read_options(options.scan, InvalidPoints::drop, {})).size();
  // Of all classes: what the labeller sums up, and columns of the scan.
  const int scores = (options.votes > 1 || options.scores ? 1 : 0) + (options.scores ? 1 : 0);
  const std::size_t score_bytes = static_cast<std::size_t>(scores) *
                                  static_cast<std::size_t>(labeller.classes().size()) *
                                  sizeof(float);
  constexpr std::size_t kReadBytes = sizeof(std::array<double, 3>) + 2 * sizeof(float);
  return static_cast<std::size_t>(points) *
             (kReadBytes + kInputBytes + kLabelBytes + kWrittenBytes + score_bytes) +
         labeller.most_bytes(points);
}

SegmentedScan segment_scan(const std::filesystem::path& path, const label::PointLabeller& labeller,
                           const SegmentOptions& options) {
  if (is_scene(path, labeller, options)) {
    return segment_scene(path, labeller, options, dist::one_process(), each_tile_here(options));
  }
  const ClassTable& classes = labeller.classes();
  SegmentedScan report{.name = report_name(path)};
  Clock::time_point clock = Clock::now();
  const OnNote note = [&](const std::string& text) { report.notes.push_back(text); };
  Scan scan = read(path, options, note);
  set_sensor(scan, options);
  if (looks_from_sensor(labeller.features())) say_sensor(scan, bounds(scan), options, note);
  report.points = scan.size();
  ScanInput seen = input_of(scan, labeller, options, note);
  report.input = std::move(seen.facts);
  const LabelledScan input = std::move(seen.points);
  // What fits is seldom looked at twice.
  if (!report.input.misfits.empty() || !report.input.missing.empty()) {
    say_better_model(options, profile_of(input, labeller.features()), scan, note);
  }
  const std::array<double, 3> before = scan.at(0);
  SeenScan shown = options.pictures ? seen_scan(scan, classes) : SeenScan{};
  shift(scan, options.survey, note);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    shown.sensor.at(axis) += scan.at(0).at(axis) - before.at(axis);
  }
  const fs::path file = outputs_of(path, options.out, options.format, false).front();
  const OwnColumns own(scan, classes, options, note);
  // What cannot be written is found now, not after the network.
  label::set_labels(scan, unknown_labels(scan.size(), options.scores ? classes.size() : 0),
                    classes);
  describe_classes(scan, classes);
  own.give_back(scan);
  if (options.format != kLabelFormat) check_writable(file, scan, write_options({}));
  report.seconds.read = seconds_since(clock);
  const label::PointLabels labels =
      run_network(input, left_for_network(scan, input, options), labeller, options, report);
  report.tiles = labels.tiles;
  if (labels.tiles > 1) labeller.release_memory();
  report.of_class.assign(static_cast<std::size_t>(classes.size()), 0);
  count_classes(labels, report);
  say_unlabelled(report, note);
  report.seconds.network = seconds_since(clock);
  label::set_labels(scan, labels, classes);
  own.give_back(scan);
  if (options.format == kLabelFormat) {
    AtomicFile out(file);
    write_labels(out, *scan.find("label"));
    out.commit();
  } else {
    write_scan(file, scan, write_options(note));
  }
  report.seconds.write = seconds_since(clock);
  report.voxels = labeller.count_voxels(input);
  if (options.pictures) write_pictures(input, shown, labels, labeller, options, report);
  return report;
}

}  // namespace voxloom::cli
