#include "cli/segment_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <span>

#include "cli/label_table.h"
#include "cli/streams.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "io/sidecar.h"
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
  // A file of labels alone has one for each point of the scan's.
  const InvalidPoints invalid =
      options.format == kLabelFormat ? InvalidPoints::keep : InvalidPoints::drop;
  const ReadOptions how = read_options(options.scan, invalid, note);
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

std::string free_name(const Scan& scan, const std::string& base) {
  std::string name = base;
  for (int n = 2; scan.find(name) != nullptr; ++n) name = fmt::format("{}_{}", base, n);
  return name;
}

// The file's own columns of the names that labels get stay, under a number; its colours stay as they are.
class OwnColumns {
 public:
  OwnColumns(Scan& scan, const std::string& format, const OnNote& note) {
    if (format == kLabelFormat) return;
    for (const char* name : {"label", "confidence"}) rename(scan, name, note);
    if (format == "las") rename(scan, "classification", note);
    for (const char* name : {"red", "green", "blue"}) {
      if (const Column* column = scan.find(name)) colours_.push_back(*column);
    }
  }
  void give_back(Scan& scan) const {
    for (const Column& column : colours_) scan.set(column);
  }

 private:
  static void rename(Scan& scan, const std::string& name, const OnNote& note) {
    const auto column = std::ranges::find(scan.attributes, name, &Column::name);
    if (column == scan.attributes.end()) return;
    const std::string other = free_name(scan, name);
    note(fmt::format("the file's own {} is kept as {}", name, other));
    column->name = other;
  }

  std::vector<Column> colours_;
};

label::PointLabels unknown_labels(std::int64_t points) {
  const auto count = static_cast<std::size_t>(points);
  return {.classes = std::vector<std::uint16_t>(count, 0), .confidence = std::vector<float>(count)};
}

// As SemanticKITTI has them: uint32, of which the upper half numbers objects.
void write_labels(const fs::path& path, const Column& labels) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(static_cast<std::size_t>(labels.points()));
  for (const std::int32_t label : labels.span<std::int32_t>()) {
    require(label <= 0xffff, "segment", "the label {} does not fit the 16 bits of a .label", label);
    numbers.push_back(label < 0 ? 0U : static_cast<std::uint32_t>(label));
  }
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(numbers)));
  file.commit();
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

std::vector<fs::path> outputs_of(const fs::path& scan, const fs::path& out,
                                 const std::string& format, bool pictures) {
  const std::string name = fs::path(shown_name(scan.string())).stem().string();
  std::vector<fs::path> files = {out / fmt::format("{}.{}", name, format)};
  if (format == "pcd") files.push_back(io::sidecar_of(files.front()));
  if (pictures) {
    for (const char* ending : {"_above.png", "_perspective.png", ".html"}) {
      files.push_back(out / (name + ending));
    }
  }
  return files;
}

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
  const OwnColumns own(scan, options.format, note);
  // What cannot be written is found now, not after the network.
  label::set_labels(scan, unknown_labels(scan.size()), classes);
  own.give_back(scan);
  if (options.format != kLabelFormat) check_writable(file, scan, write_options({}));
  report.seconds.read = since(clock);
  const label::PointLabels labels =
      labeller.label(input, {.memory = left_for_network(scan, input, options),
                             .on_tile = options.on_tile,
                             .votes = options.votes});
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
  own.give_back(scan);
  if (options.format == kLabelFormat) {
    write_labels(file, *scan.find("label"));
  } else {
    write_scan(file, scan, write_options(note));
  }
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
