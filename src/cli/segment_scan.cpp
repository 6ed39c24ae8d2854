#include "cli/segment_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <span>

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
  thin(read.scan, options.survey, note);
  return std::move(read.scan);
}

}  // namespace

std::vector<fs::path> outputs_of(const fs::path& scan, const fs::path& out,
                                 const std::string& format, bool pictures) {
  const std::string name = report_name(scan);
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
  if (scan.size() == 0)
    throw FormatError(fmt::format("{}: holds no points{}", path.string(),
                                  options.survey.leaves_out_points() ? " within --crop" : ""));
  ScanInput seen = labeller.input(scan, input_options(options.scan, note));
  report.input = std::move(seen.facts);
  const LabelledScan input = std::move(seen.points);
  shift(scan, options.survey, note);
  const fs::path file = outputs_of(path, options.out, options.format, false).front();
  const OwnColumns own(scan, options.format, note);
  // What cannot be written is found now, not after the network.
  label::set_labels(scan, unknown_labels(scan.size()), classes);
  own.give_back(scan);
  if (options.format != kLabelFormat) check_writable(file, scan, write_options({}));
  report.seconds.read = seconds_since(clock);
  const label::PointLabels labels =
      labeller.label(input, {.memory = left_for_network(scan, input, options),
                             .on_tile = options.on_tile,
                             .votes = options.votes});
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
  if (options.pictures) write_pictures(input, labels, labeller, options, report);
  return report;
}

}  // namespace voxloom::cli
