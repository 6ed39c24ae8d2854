#include "cli/segment_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "cli/label_table.h"
#include "cli/streams.h"
#include "core/error.h"
#include "voxloom/io.h"
#include "voxloom/page.h"
#include "voxloom/pictures.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point& start) {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - start).count();
  start = now;
  return seconds;
}

// What a point takes from here on: the network's positions, its label and its confidence, and the
// columns that are written.
constexpr std::size_t kInputBytes = sizeof(float) * 4 + sizeof(std::int32_t);
constexpr std::size_t kLabelBytes = sizeof(std::uint16_t) + sizeof(float);
constexpr std::size_t kWrittenBytes = sizeof(std::int32_t) + sizeof(float) + 3;

std::size_t bytes_of(const Scan& scan) {
  std::size_t bytes = scan.positions.size() * sizeof(scan.positions[0]);
  for (const Column& column : scan.attributes) {
    bytes += static_cast<std::size_t>(column.points() * column.components) * size_of(column.type());
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
  const ReadOptions how = read_options(options.scan, InvalidPoints::drop, note);
  const bool is_stream = path == kStream;
  const std::vector<std::byte> bytes = is_stream ? read_stdin() : std::vector<std::byte>();
  ScanReader reader =
      is_stream ? ScanReader(bytes, shown_name(path.string()), how) : ScanReader(path, how);
  const std::int64_t points = reader.size();
  Scan scan = reader.read(points);
  if (scan.size() < points) {
    note(fmt::format("{} points that are not finite are left out", points - scan.size()));
  }
  return scan;
}

// Whether there are points to all sides, as around a lidar.
bool surrounds(const Scan& scan, const std::array<double, 3>& place) {
  const Box box = bounds(scan);
  return box.low[0] <= place[0] && place[0] <= box.high[0] && box.low[1] <= place[1] &&
         place[1] <= box.high[1];
}

// What the labels' columns replace of the file's own.
void note_replaced(const Scan& scan, const OnNote& note) {
  std::string names;
  for (const char* name : {"label", "confidence", "red", "green", "blue"}) {
    if (scan.find(name) != nullptr) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  if (!names.empty()) note(fmt::format("the file's own {} are replaced", names));
}

label::PointLabels unknown_labels(std::int64_t points) {
  const auto count = static_cast<std::size_t>(points);
  return {.classes = std::vector<std::uint16_t>(count, 0), .confidence = std::vector<float>(count)};
}

WriteOptions write_options(const OnNote& note) {
  return {.classification = "label", .shift = true, .on_note = note};
}

// Says where the sensor is taken to be when it is not at 0, or not in the scan.
void place_sensor(Scan& scan, const SegmentOptions& options, const OnNote& note) {
  if (options.sensor) {
    scan.viewpoint = kIdentityPose;
    for (std::size_t axis = 0; axis < 3; ++axis)
      scan.viewpoint->at(axis)[3] = options.sensor->at(axis);
    return;
  }
  std::array<double, 3> sensor = scan.origin;
  for (std::size_t axis = 0; scan.viewpoint && axis < 3; ++axis)
    sensor.at(axis) = scan.viewpoint->at(axis)[3];
  const bool is_within = surrounds(scan, sensor);
  if (sensor == std::array<double, 3>{0, 0, 0} && is_within) return;
  note(fmt::format("the sensor is taken to be at {} {} {}, {}", sensor[0], sensor[1], sensor[2],
                   scan.viewpoint ? "the file's viewpoint"
                   : is_within    ? "near the scan's middle; --sensor tells"
                                  : "outside the scan; --sensor tells"));
}

void draw(const LabelledScan& scan, const label::PointLabels& labels, const ClassTable& classes,
          const SegmentedScan& report, const std::filesystem::path& out) {
  const std::vector<viz::PageClass> table = page_classes(classes);
  std::vector<viz::Color> colors;
  colors.reserve(labels.classes.size());
  for (const std::uint16_t label : labels.classes) {
    colors.push_back(label == label::kNoClass ? viz::Color{} : table[label].color);
  }
  viz::PictureOptions options{.title = fmt::format("{}: {} points", report.name, report.points)};
  for (std::size_t c = 0; c < report.of_class.size(); ++c) {
    if (report.of_class[c] == 0) continue;
    options.legend.push_back(
        {fmt::format("{} {}", table[c].name, report.of_class[c]), table[c].color});
  }
  const viz::PointCloud cloud{scan.positions, colors};
  viz::write_png(out / (report.name + "_above.png"), viz::view_from_above(cloud, options));
  viz::write_png(out / (report.name + "_perspective.png"),
                 viz::view_in_perspective(cloud, options));
}

void write_page(const LabelledScan& scan, const label::PointLabels& labels,
                const label::PointLabeller& labeller, const SegmentedScan& report,
                const SegmentOptions& options) {
  std::vector<std::int32_t> classes(labels.classes.begin(), labels.classes.end());
  std::ranges::replace(classes, std::int32_t{label::kNoClass}, std::int32_t{-1});
  const viz::PageCloud cloud{
      .positions = scan.positions,
      .classes = classes,
      .table = page_classes(labeller.classes()),
      .values = {{"intensity", scan.intensity}, {"confidence", labels.confidence}}};
  viz::PageOptions page{.title = report.name};
  if (report.voxels) page.facts.push_back({"voxels", fmt::format("{}", *report.voxels)});
  page.facts.push_back({"network", fmt::format("{:.0f} ms", 1e3 * report.seconds.network)});
  viz::write_page(options.out / (report.name + ".html"), cloud, page);
}

}  // namespace

std::size_t most_bytes(const std::filesystem::path& path, const ScanOptions& scan,
                       const label::PointLabeller& labeller) {
  const std::int64_t points = ScanReader(path, read_options(scan, InvalidPoints::drop, {})).size();
  constexpr std::size_t kReadBytes = sizeof(std::array<double, 3>) + 2 * sizeof(float);
  return static_cast<std::size_t>(points) *
             (kReadBytes + kInputBytes + kLabelBytes + kWrittenBytes) +
         labeller.most_bytes(points);
}

SegmentedScan segment_scan(const std::filesystem::path& path, const label::PointLabeller& labeller,
                           const SegmentOptions& options) {
  const ClassTable& classes = labeller.classes();
  SegmentedScan report{.name = fs::path(shown_name(path.string())).stem().string()};
  Clock::time_point clock = Clock::now();
  const OnNote note = [&](const std::string& text) { report.notes.push_back(text); };
  Scan scan = read(path, options, note);
  // Where it stood matters to networks that look at heights or distances.
  const FeatureSet& read_features = labeller.features();
  const bool matters = read_features.has(Frame::sensor) || read_features.has_normals();
  place_sensor(scan, options, matters ? note : OnNote([](const std::string&) {}));
  report.points = scan.size();
  if (scan.size() == 0) throw FormatError(fmt::format("{}: holds no points", path.string()));
  ScanInput seen = labeller.input(scan, input_options(options.scan, note));
  report.input = std::move(seen.facts);
  const LabelledScan input = std::move(seen.points);
  const fs::path file = options.out / fmt::format("{}.{}", report.name, options.format);
  note_replaced(scan, note);
  // What cannot be written is found now, not after the network.
  label::set_labels(scan, unknown_labels(scan.size()), classes);
  check_writable(file, scan, write_options({}));
  report.seconds.read = since(clock);
  const label::PointLabels labels = labeller.label(
      input, {.memory = left_for_network(scan, input, options), .on_tile = options.on_tile});
  report.tiles = labels.tiles;
  if (labels.tiles > 1) labeller.release_memory();
  report.of_class.assign(static_cast<std::size_t>(classes.size()), 0);
  for (const std::uint16_t label : labels.classes) {
    ++(label == label::kNoClass ? report.unlabelled : report.of_class[label]);
  }
  if (report.unlabelled > 0) {
    note(fmt::format("{} points have no class: the network cannot tell them", report.unlabelled));
  }
  report.seconds.network = since(clock);
  label::set_labels(scan, labels, classes);
  write_scan(file, scan, write_options(note));
  report.seconds.write = since(clock);
  report.voxels = labeller.count_voxels(input);
  clock = Clock::now();  // counting is no stage of the work
  if (options.pictures) draw(input, labels, classes, report, options.out);
  report.seconds.pictures = since(clock);
  if (options.pictures) write_page(input, labels, labeller, report, options);
  report.seconds.page = since(clock);
  return report;
}

}  // namespace voxloom::cli
