#include "cli/segment_steps.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "cli/label_pictures.h"
#include "cli/label_table.h"
#include "cli/page_units.h"
#include "cli/streams.h"
#include "core/error.h"
#include "core/parallel.h"
#include "io/words.h"
#include "voxloom/page.h"
#include "voxloom/survey.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

// Whether there are points to all sides, as around a lidar.
bool surrounds(const Box& box, const std::array<double, 3>& place) {
  return box.low[0] <= place[0] && place[0] <= box.high[0] && box.low[1] <= place[1] &&
         place[1] <= box.high[1];
}

std::string free_name(const Scan& scan, const std::string& base) {
  std::string name = base;
  for (int n = 2; scan.find(name) != nullptr; ++n) name = fmt::format("{}_{}", base, n);
  return name;
}

void rename_own(Scan& scan, const std::string& name, const OnNote& note) {
  const auto column = std::ranges::find(scan.attributes, name, &Column::name);
  if (column == scan.attributes.end()) return;
  const std::string other = free_name(scan, name);
  note(fmt::format("the file's own {} is kept as {}", name, other));
  column->name = other;
}

void write_labelled_page(const LabelledScan& scan, const SeenScan& seen,
                         std::span<const std::int32_t> classes, const label::PointLabels& labels,
                         const label::PointLabeller& labeller, const SegmentedScan& report,
                         const SegmentOptions& options) {
  const viz::PageCloud cloud{
      .positions = scan.positions,
      .classes = classes,
      .table = page_classes(labeller.classes()),
      .values = {{"intensity", scan.intensity}, {"confidence", labels.confidence}},
      .origin = seen.sensor,
      .other_classes = seen.own_classes,
      .class_names = {"class", "the file's label"},
      .units = seen.units};
  viz::PageOptions page{.title = report.name};
  if (report.voxels) page.facts.push_back({"voxels", fmt::format("{}", *report.voxels)});
  page.facts.push_back({"network", fmt::format("{:.0f} ms", 1e3 * report.seconds.network)});
  viz::write_page(options.out / (report.name + ".html"), cloud, page);
}

}  // namespace

double seconds_since(std::chrono::steady_clock::time_point& start) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - start).count();
  start = now;
  return seconds;
}

std::size_t bytes_of(const Scan& scan) {
  std::size_t bytes = scan.positions.size() * sizeof(scan.positions[0]);
  for (const Column& column : scan.attributes) {
    bytes +=
        static_cast<std::size_t>(column.points() * column.components) * size_of(column.type()) +
        io::bytes_of_words(column);
  }
  return bytes;
}

std::size_t bytes_of(const LabelledScan& scan) {
  std::size_t bytes = scan.positions.size() * kInputBytes +
                      (scan.colours.size() + scan.normals.size()) * sizeof(scan.colours[0]) +
                      scan.above_ground.size() * sizeof(float);
  for (const PointColumn& column : scan.columns) bytes += column.values.size() * sizeof(float);
  return bytes;
}

bool looks_from_sensor(const FeatureSet& features) {
  return features.has(Frame::sensor) || features.has_normals();
}

ReadOptions read_options_of(const SegmentOptions& options, const OnNote& note) {
  ReadOptions how = read_options(
      options.scan, options.format == kLabelFormat ? InvalidPoints::keep : InvalidPoints::drop,
      note);
  if (options.memory > 0) {
    how.max_unpacked_bytes =
        std::min(how.max_unpacked_bytes, static_cast<std::int64_t>(options.memory / 2));
  }
  return how;
}

WriteOptions write_options(const OnNote& note) {
  return {.classification = "label", .shift = true, .on_note = note};
}

std::string report_name(const fs::path& path) {
  if (path == kStream || !fs::is_directory(path)) {
    return fs::path(shown_name(path.string())).stem().string();
  }
  // "scene.1/" is the folder "scene.1", and "." one that has a name.
  fs::path name = path.lexically_normal();
  if (!name.has_filename()) name = name.parent_path();
  name = name.filename();
  return (name == "." || name == ".." ? fs::canonical(path).filename() : name).string();
}

void say_better_model(const SegmentOptions& options, const InputProfile& seen, const Scan& head,
                      const OnNote& note) {
  const std::string line = better_model(options.known, options.model, seen, head);
  if (!line.empty()) note(line);
}

void set_sensor(Scan& scan, const SegmentOptions& options) {
  if (!options.sensor) return;
  scan.viewpoint = kIdentityPose;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    scan.viewpoint->at(axis)[3] = options.sensor->at(axis);
  }
}

void say_sensor(const Scan& scan, const Box& box, const SegmentOptions& options,
                const OnNote& note) {
  if (options.sensor) return;
  const std::array<double, 3> sensor = sensor_place(scan);
  const bool is_within = surrounds(box, sensor);
  if (sensor == std::array<double, 3>{0, 0, 0} && is_within) return;
  note(fmt::format("the sensor is taken to be at {} {} {}, {}", sensor[0], sensor[1], sensor[2],
                   scan.viewpoint ? "the file's viewpoint"
                   : is_within    ? "the scan's middle; --sensor tells"
                                  : "outside the scan; --sensor tells"));
}

OwnColumns::OwnColumns(Scan& scan, const ClassTable& classes, const SegmentOptions& options,
                       const OnNote& note) {
  if (options.format == kLabelFormat) return;
  for (const char* name : {"label", "confidence"}) rename_own(scan, name, note);
  if (options.format == "las") rename_own(scan, "classification", note);
  for (const LabelClass& one : classes.classes) {
    if (options.scores) rename_own(scan, "score_" + one.name, note);
  }
  for (const char* name : {"red", "green", "blue"}) {
    if (const Column* column = scan.find(name)) colours_.push_back(*column);
  }
}

void OwnColumns::give_back(Scan& scan) const {
  for (const Column& column : colours_) scan.set(column);
}

label::PointLabels unknown_labels(std::int64_t points, std::int64_t scores) {
  const auto count = static_cast<std::size_t>(points);
  return {.classes = std::vector<std::uint16_t>(count, 0),
          .confidence = std::vector<float>(count),
          .scores = std::vector<float>(count * static_cast<std::size_t>(scores))};
}

void describe_classes(Scan& scan, const ClassTable& classes) {
  std::erase_if(scan.comments, is_class_comment);
  std::ranges::copy(class_comments(legend_of(classes)), std::back_inserter(scan.comments));
}

void write_labels(AtomicFile& file, const Column& labels) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(static_cast<std::size_t>(labels.points()));
  for (const std::int32_t label : labels.span<std::int32_t>()) {
    require(label <= 0xffff, "segment", "the label {} does not fit the 16 bits of a .label", label);
    numbers.push_back(label < 0 ? 0U : static_cast<std::uint32_t>(label));
  }
  file.write(std::as_bytes(std::span(numbers)));
}

void count_classes(const label::PointLabels& labels, SegmentedScan& report) {
  for (const std::uint16_t label : labels.classes) {
    ++(label == label::kNoClass ? report.unlabelled : report.of_class[label]);
  }
}

void say_unlabelled(const SegmentedScan& report, const OnNote& note) {
  const std::int64_t points = report.unlabelled - report.ego;
  if (points == 0) return;
  note(fmt::format("{} points have no class: the network cannot tell them", points));
}

SeenScan seen_scan(const Scan& scan, const ClassTable& classes) {
  SeenScan seen{.sensor = sensor_place(scan), .units = page_units(scan)};
  // Networks take lengths for metres.
  if (!coordinate_system(scan)) seen.units = {"m", "m"};
  const Column* own = scan.find("label");
  const bool is_whole = own != nullptr && own->components == 1 && !own->is_text();
  if (!is_whole || is_float(own->type())) return seen;
  const PageTable table(classes);
  if (table.knows_all(*own)) seen.own_classes = table.places_of(*own);
  return seen;
}

void write_pictures(const LabelledScan& scan, const SeenScan& seen,
                    const label::PointLabels& labels, const label::PointLabeller& labeller,
                    const SegmentOptions& options, SegmentedScan& report) {
  std::vector<std::int32_t> classes(labels.classes.begin(), labels.classes.end());
  std::ranges::replace(classes, std::int32_t{label::kNoClass}, std::int32_t{-1});
  const auto draw = [&] {
    auto clock = std::chrono::steady_clock::now();
    write_label_pictures(label_pictures_of(options.out, report.name),
                         fmt::format("{}: {} points", report.name, report.points), scan.positions,
                         classes, labeller.classes(), report.of_class);
    report.seconds.pictures = seconds_since(clock);
  };
  const auto write_page = [&] {
    auto clock = std::chrono::steady_clock::now();
    write_labelled_page(scan, seen, classes, labels, labeller, report, options);
    report.seconds.page = seconds_since(clock);
  };
  // At the same time: neither has work for all threads to its end.
  parallel_for(2, 1, [&](std::int64_t task, std::int64_t) { task == 0 ? draw() : write_page(); });
}

}  // namespace voxloom::cli
