// voxloom simulate: labelled scans of made-up worlds.
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
#include "cli/interrupt.h"
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
  std::string world = "street", split = "train", sensor, format;
  int threads = 0;
  bool baseline = false, overwrite = false;
};

sim::World world_of(const SimulateArguments& arguments) {
  return words_of(sim::kWorlds).at(arguments.world);
}

sim::WorldOptions options_of(const SimulateArguments& arguments) {
  sim::WorldOptions options = {.split = words_of(sim::kSplits).at(arguments.split),
                               .scans = arguments.scans,
                               .seed = arguments.seed};
  if (!arguments.sensor.empty()) options.sensor = words_of(sim::kSensors).at(arguments.sensor);
  return options;
}

DatasetPtr scenes_of(const SimulateArguments& arguments) {
  return sim::world_dataset(world_of(arguments), options_of(arguments));
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

void write_true_labels(const fs::path& path, const LabelledScan& scan, const ClassTable& classes) {
  std::vector<std::int32_t> values;
  values.reserve(scan.labels.size());
  for (const std::int32_t label : scan.labels) {
    values.push_back(data::value_of(classes, label));
  }
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(values)));
  file.commit();
}

// The labels first: whoever sees a .bin finds its labels beside it.
void write_one(const fs::path& folder, const std::string& name, const std::string& format,
               const LabelledScan& scan, const ClassTable& classes) {
  if (format == "ply") return write_scan(folder / (name + ".ply"), to_scan(scan, classes));
  write_true_labels(folder / (name + ".label"), scan, classes);
  write_scan(folder / (name + ".bin"), to_scan(scan, classes));
}

// How many points.
std::int64_t write_all(const fs::path& folder, const Dataset& scenes, const std::string& format) {
  std::int64_t points = 0;
  const InterruptWatch watch;
  Report report(scenes.size());
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    if (watch.was_asked()) throw Stopped(fmt::format("scan {} of {}", i + 1, scenes.size()));
    const LabelledScan scan = scenes.get(i);
    write_one(folder, scenes.name(i), format, scan, scenes.classes());
    points += scan.size();
    report.done(i + 1);
  }
  return points;
}

std::string format_of(const SimulateArguments& arguments) {
  const bool has_colours = sim::info_of(world_of(arguments)).has_colours;
  if (arguments.format.empty()) return has_colours ? "ply" : "kitti";
  if (has_colours && arguments.format == "kitti") {
    throw BadUsage(fmt::format("--format kitti holds no colours, which {} have", arguments.world));
  }
  return arguments.format;
}

void write_scans(const SimulateArguments& arguments) {
  const fs::path folder = arguments.out;
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    throw std::runtime_error(fmt::format("{} is not a folder", arguments.out));
  }
  if (fs::exists(folder)) remove_stale_temporaries(folder);
  if (fs::exists(folder) && !fs::is_empty(folder)) {
    throw std::runtime_error(fmt::format("{} holds files already", arguments.out));
  }
  const DatasetPtr scenes = scenes_of(arguments);
  const std::string format = format_of(arguments);
  fs::create_directories(folder);
  write_classes(folder / "classes.json", scenes->classes());
  const std::int64_t points = write_all(folder, *scenes, format);
  fmt::print("{}: {} scans, {} points\n", arguments.out, scenes->size(), points);
}

// Scenes in rows and columns around the origin, so far apart that the clouds of neighbours touch.
void move(Scan& scan, std::int64_t scene, std::int64_t scenes, double spacing) {
  const auto side = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(scenes))));
  const double x = spacing * static_cast<double>(scene % side - side / 2);
  const double y = spacing * static_cast<double>(scene / side - side / 2);
  for (auto& p : scan.positions) {
    p[0] = static_cast<float>(p[0] + x);
    p[1] = static_cast<float>(p[1] + y);
  }
}

void write_map(const SimulateArguments& arguments) {
  Outputs({}, arguments.overwrite).require_place(arguments.map);
  const InterruptWatch watch;
  const DatasetPtr scenes = scenes_of(arguments);
  const double spacing = sim::info_of(world_of(arguments)).spacing;
  Scan map;
  Report report(scenes->size());
  for (std::int64_t i = 0; i < scenes->size(); ++i) {
    if (watch.was_asked()) throw Stopped("the last scan: nothing is written");
    Scan scan = to_scan(scenes->get(i), scenes->classes());
    move(scan, i, scenes->size(), spacing);
    if (i == 0) {
      map = std::move(scan);
    } else {
      append(map, scan);
    }
    report.done(i + 1);
  }
  write_scan(arguments.map, map);
  Outputs::mark(arguments.map);
  fmt::print("{}: {} scans, {} points\n", arguments.map, scenes->size(), map.size());
}

// Fitted on training scenes, scored on held-out ones: `scans` of each.
void report_baseline(const SimulateArguments& arguments) {
  const sim::World world = world_of(arguments);
  sim::WorldOptions options = options_of(arguments);
  if (options.split == sim::Split::train) options.split = sim::Split::test;
  const DatasetPtr held_out = sim::world_dataset(world, options);
  options.split = sim::Split::train;
  const DatasetPtr training = sim::world_dataset(world, options);
  const data::NearestNeighbours baseline(*training, training->size(), arguments.seed);
  const data::ClassScores scores = data::score(baseline, *held_out, 8);
  fmt::print("nearest neighbours by height, intensity, colour, returns and local shape\n");
  for (std::size_t i = 0; i < scores.iou.size(); ++i) {
    const std::string& name = held_out->classes().classes[i].name;
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

std::string world_help() {
  std::string text;
  for (const sim::World world : sim::kWorlds) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ";\n", name_of(world),
                        sim::info_of(world).shows);
  }
  return text + "; street by default";
}

}  // namespace

void add_simulate(Options command) {
  const auto arguments = std::make_shared<SimulateArguments>();
  command.add_option("--world", arguments->world, world_help())
      .check(one_of_keys(words_of(sim::kWorlds)))
      .type_name("WORLD");
  const Option out = command
                         .add_option("-o,--out", arguments->out,
                                     "The folder to write; new or empty: --overwrite is of --map")
                         .type_name("DIR");
  command.add_option("--scans", arguments->scans, "How many, each of a scene of its own")
      .required()
      .check(in_range(std::int64_t{1}, std::int64_t{1} << 28))
      .type_name("N");
  command.add_option("--seed", arguments->seed, "Other scenes; 0 (the default) to 2^32 - 1")
      .check(in_range(std::uint64_t{0}, (std::uint64_t{1} << 32) - 1))
      .type_name("SEED");
  command
      .add_option("--split", arguments->split,
                  "train (the default), val or test: scenes that share no seed; val and test\n"
                  "differ from train in layout, density and sensors")
      .check(one_of_keys(words_of(sim::kSplits)))
      .type_name("SPLIT");
  command
      .add_option("--sensor", arguments->sensor,
                  "Of streets hdl64 (that of KITTI, 1.73 m high), hdl32 or vlp16; of rooms tls (a\n"
                  "terrestrial scanner) or rgbd (a depth camera); by default the split's mix")
      .check(one_of_keys(words_of(sim::kSensors)))
      .type_name("SENSOR");
  command
      .add_option(
          "--format", arguments->format,
          "kitti: NAME.bin and NAME.label, the default of streets; ply: NAME.ply, with colours")
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
                      "Instead of a folder: one cloud of all scenes, side by side in rows and\n"
                      "columns, in a format that `voxloom convert` knows")
          .type_name("FILE");
  out.excludes(baseline);
  map.excludes(baseline);
  map.excludes(out);
  command.footer(
      "\nThe files are the same on every machine. docs/simulator.md tells what they show.\n"
      "\nExamples:\n"
      "  voxloom simulate --out streets --scans 100\n"
      "  voxloom simulate --out held_out --scans 20 --split test --format ply\n"
      "  voxloom simulate --world rooms --out rooms --scans 100\n"
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
