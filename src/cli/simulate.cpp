// voxloom simulate: labelled lidar scans of made-up streets.
#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "bench/progress.h"
#include "cli/command.h"
#include "cli/outputs.h"
#include "core/atomic_file.h"
#include "data/baseline.h"
#include "data/label_map.h"
#include "voxloom/io.h"
#include "voxloom/parallel.h"
#include "voxloom/simulator.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct SimulateArguments {
  std::string out, map;
  std::int64_t scans = 0;
  std::uint64_t seed = 0;
  std::string split = "train", sensor, format = "kitti";
  int threads = 0;
  bool baseline = false, overwrite = false;
};

sim::StreetOptions street_options(const SimulateArguments& arguments) {
  sim::StreetOptions options = {.split = words_of(sim::kSplits).at(arguments.split),
                                .scans = arguments.scans,
                                .seed = arguments.seed};
  if (!arguments.sensor.empty()) options.sensor = words_of(sim::kSensors).at(arguments.sensor);
  return options;
}

// A bar with the time left on a terminal, a line for every tenth elsewhere.
class Report {
 public:
  explicit Report(std::int64_t count)
      : count_(count), begin_(Clock::now()), terminal_(::isatty(::fileno(stderr)) == 1) {}

  void done(std::int64_t scans) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    const double left = seconds / static_cast<double>(scans) * static_cast<double>(count_ - scans);
    if (terminal_) {
      constexpr std::int64_t kWidth = 30;
      const auto filled = static_cast<std::size_t>(kWidth * scans / count_);
      progress_.show(fmt::format("[{:<30}] {}/{} scans, {:.0f} s left", std::string(filled, '#'),
                                 scans, count_, left));
    } else if (10 * scans / count_ != 10 * (scans - 1) / count_) {
      fmt::print(stderr, "{}/{} scans, {:.0f} s left\n", scans, count_, left);
    }
  }

 private:
  std::int64_t count_;
  Clock::time_point begin_;
  bool terminal_;
  bench::Progress progress_{stderr};
};

void write_true_labels(const fs::path& path, const LabelledScan& scan) {
  std::vector<std::int32_t> values;
  values.reserve(scan.labels.size());
  for (const std::int32_t label : scan.labels) {
    values.push_back(data::value_of(street_classes(), label));
  }
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(values)));
  file.commit();
}

// The labels first: whoever sees a .bin finds its labels beside it.
void write_one(const fs::path& folder, const std::string& name, const std::string& format,
               const LabelledScan& scan) {
  if (format == "ply") {
    return write_scan(folder / (name + ".ply"), to_scan(scan, street_classes()));
  }
  write_true_labels(folder / (name + ".label"), scan);
  write_scan(folder / (name + ".bin"), to_scan(scan, street_classes()));
}

// How many points.
std::int64_t write_all(const fs::path& folder, const Dataset& streets, const std::string& format) {
  std::int64_t points = 0;
  Report report(streets.size());
  for (std::int64_t i = 0; i < streets.size(); ++i) {
    const LabelledScan scan = streets.get(i);
    write_one(folder, streets.name(i), format, scan);
    points += scan.size();
    report.done(i + 1);
  }
  return points;
}

void write_scans(const SimulateArguments& arguments) {
  const fs::path folder = arguments.out;
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    throw std::runtime_error(fmt::format("{} is not a folder", arguments.out));
  }
  if (fs::exists(folder) && !fs::is_empty(folder)) {
    throw std::runtime_error(fmt::format("{} holds files already", arguments.out));
  }
  fs::create_directories(folder);
  const DatasetPtr streets = sim::street_dataset(street_options(arguments));
  write_classes(folder / "classes.json", streets->classes());
  const std::int64_t points = write_all(folder, *streets, arguments.format);
  fmt::print("{}: {} scans, {} points\n", arguments.out, streets->size(), points);
}

// Streets in rows and columns around the origin, as far apart as neighbouring blocks of a town: each
// sensor sees some 80 m, so that the clouds touch.
constexpr double kMapSpacing = 100;  // metres

void move(Scan& scan, std::int64_t street, std::int64_t streets) {
  const auto side = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(streets))));
  const double x = kMapSpacing * static_cast<double>(street % side - side / 2);
  const double y = kMapSpacing * static_cast<double>(street / side - side / 2);
  for (auto& p : scan.positions) {
    p[0] = static_cast<float>(p[0] + x);
    p[1] = static_cast<float>(p[1] + y);
  }
}

void write_map(const SimulateArguments& arguments) {
  Outputs({}, arguments.overwrite).require_free(arguments.map);
  const DatasetPtr streets = sim::street_dataset(street_options(arguments));
  Scan map;
  Report report(streets->size());
  for (std::int64_t i = 0; i < streets->size(); ++i) {
    Scan scan = to_scan(streets->get(i), streets->classes());
    move(scan, i, streets->size());
    if (i == 0) {
      map = std::move(scan);
    } else {
      append(map, scan);
    }
    report.done(i + 1);
  }
  write_scan(arguments.map, map);
  Outputs::mark(arguments.map);
  fmt::print("{}: {} scans, {} points\n", arguments.map, streets->size(), map.size());
}

// Fitted on training streets, scored on held-out ones: `scans` of each.
void report_baseline(const SimulateArguments& arguments) {
  sim::StreetOptions options = street_options(arguments);
  if (options.split == sim::Split::train) options.split = sim::Split::test;
  const DatasetPtr held_out = sim::street_dataset(options);
  options.split = sim::Split::train;
  const DatasetPtr training = sim::street_dataset(options);
  const data::NearestNeighbours baseline(*training, training->size(), arguments.seed);
  const data::ClassScores scores = data::score(baseline, *held_out, 8);
  fmt::print("nearest neighbours by height, intensity and local shape\n");
  for (std::size_t i = 0; i < scores.iou.size(); ++i) {
    const std::string& name = street_classes().classes[i].name;
    if (scores.iou[i] < 0) {
      fmt::print("  {:<12}   -\n", name);
    } else {
      fmt::print("  {:<12} {:.3f}\n", name, scores.iou[i]);
    }
  }
  fmt::print("mean IoU {:.3f} over {} held-out scans\n", scores.mean, held_out->size());
}

void simulate(const SimulateArguments& arguments) {
  with_threads(arguments.threads, [&] {
    if (arguments.baseline) return report_baseline(arguments);
    arguments.map.empty() ? write_scans(arguments) : write_map(arguments);
  });
}

}  // namespace

void add_simulate(Options command) {
  const auto arguments = std::make_shared<SimulateArguments>();
  const Option out = command
                         .add_option("-o,--out", arguments->out,
                                     "The folder to write; new or empty: --overwrite is of --map")
                         .type_name("DIR");
  command.add_option("--scans", arguments->scans, "How many, each of a street of its own")
      .required()
      .check(in_range(std::int64_t{1}, std::int64_t{1} << 28))
      .type_name("N");
  command.add_option("--seed", arguments->seed, "Other streets; 0 (the default) to 2^32 - 1")
      .check(in_range(std::uint64_t{0}, (std::uint64_t{1} << 32) - 1))
      .type_name("SEED");
  command
      .add_option("--split", arguments->split,
                  "train (the default), val or test: streets that share no seed; val and test\n"
                  "differ from train in layout, density, sensor height and beams")
      .check(one_of_keys(words_of(sim::kSplits)))
      .type_name("SPLIT");
  command
      .add_option("--sensor", arguments->sensor,
                  "hdl64 (that of KITTI, 1.73 m high), hdl32 or vlp16; by default the split's mix")
      .check(one_of_keys(words_of(sim::kSensors)))
      .type_name("SENSOR");
  command
      .add_option("--format", arguments->format,
                  "kitti (the default): NAME.bin and NAME.label; ply: NAME.ply")
      .check(one_of({"kitti", "ply"}))
      .type_name("FORMAT");
  command.add_option("--threads", arguments->threads, "At most this many; default: all")
      .check(in_range(1, 4096))
      .type_name("N");
  add_overwrite_option(command, arguments->overwrite);
  const Option baseline =
      command.add_flag("--baseline", arguments->baseline,
                       "Write nothing; tell how well classes are found without a network");
  const Option map =
      command
          .add_option("--map", arguments->map,
                      "Instead of a folder: one cloud of all streets, in rows and columns\n"
                      "100 m apart, in a format that `voxloom convert` knows")
          .type_name("FILE");
  out.excludes(baseline);
  map.excludes(baseline);
  map.excludes(out);
  command.footer(
      "\nThe files are the same on every machine. docs/simulator.md tells what they show.\n"
      "\nExamples:\n"
      "  voxloom simulate --out streets --scans 100\n"
      "  voxloom simulate --out held_out --scans 20 --split test --format ply\n"
      "  voxloom simulate --map town.ply --scans 50\n"
      "  voxloom simulate --baseline --scans 20\n");
  command.callback([arguments] {
    if (arguments->out.empty() && arguments->map.empty() && !arguments->baseline) {
      throw BadUsage("--out is required");
    }
    simulate(*arguments);
  });
}

}  // namespace voxloom::cli
