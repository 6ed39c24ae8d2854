// voxloom segment: labels for the points of scans.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "bench/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/plan_options.h"
#include "cli/segment_scan.h"
#include "cli/train_progress.h"
#include "core/atomic_file.h"
#include "voxloom/io.h"
#include "voxloom/parallel.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> scans;
  std::string model = "models/street.lattice", out, json;
  bool no_pictures = false;
  int threads = 0;
};

// Files as they are named; of a folder, the files whose names are those of scans, in order.
std::vector<fs::path> scans_of(const Arguments& arguments) {
  std::vector<fs::path> scans;
  for (const std::string& name : arguments.scans) {
    if (!fs::is_directory(name)) {
      scans.emplace_back(name);
      continue;
    }
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(name)) {
      if (entry.is_regular_file() && scan_format_of(entry.path())) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    scans.insert(scans.end(), found.begin(), found.end());
  }
  if (scans.empty()) throw CLI::ValidationError("there is no scan in what was named");
  std::set<std::string> names;
  for (const fs::path& scan : scans) {
    if (!names.insert(scan.stem().string()).second) {
      throw CLI::ValidationError(fmt::format(
          "two scans are named '{}': their results would overwrite each other",
          scan.stem().string()));
    }
  }
  return scans;
}

ClassTable classes_of(const std::string& model) {
  const fs::path file = fs::path(model) / "classes.json";
  return fs::exists(file) ? read_classes(file) : street_classes();
}

std::string row_text(const SegmentedScan& scan) {
  const StageSeconds& s = scan.seconds;
  return fmt::format("{:<24} {:>9} {:>8.1f} {:>10.1f} {:>9.1f} {:>11.1f} {:>12.0f}", scan.name,
                     scan.points, 1e3 * s.read, 1e3 * s.network, 1e3 * s.write, 1e3 * s.pictures,
                     static_cast<double>(scan.points) / (s.read + s.network + s.write));
}

nlohmann::ordered_json to_json(const SegmentedScan& scan, const ClassTable& classes) {
  nlohmann::ordered_json counts;
  for (std::size_t c = 0; c < scan.of_class.size(); ++c) {
    counts[classes.classes[c].name] = scan.of_class[c];
  }
  return {{"scan", scan.name},
          {"points", scan.points},
          {"classes", counts},
          {"seconds",
           {{"read", scan.seconds.read},
            {"network", scan.seconds.network},
            {"write", scan.seconds.write},
            {"pictures", scan.seconds.pictures}}}};
}

// Returns whether every scan was done.
bool segment_all(const Arguments& arguments) {
  const std::vector<fs::path> scans = scans_of(arguments);
  const train::BundleLabeller labeller(arguments.model);
  const ClassTable classes = classes_of(arguments.model);
  fs::create_directories(arguments.out);
  const InterruptWatch watch;
  bench::Progress progress(stderr);
  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  std::size_t broken = 0;
  const auto start = std::chrono::steady_clock::now();
  fmt::print("{:<24} {:>9} {:>8} {:>10} {:>9} {:>11} {:>12}\n", "scan", "points", "read ms",
             "network ms", "write ms", "pictures ms", "points/s");
  for (std::size_t i = 0; i < scans.size() && !watch.was_asked(); ++i) {
    const double elapsed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double left = i == 0 ? 0 : elapsed / static_cast<double>(i) *
                                         static_cast<double>(scans.size() - i);
    progress.show(fmt::format("scan {}/{}  {} left", i + 1, scans.size(), duration_text(left)));
    try {
      const SegmentedScan done = segment_scan(
          scans[i], labeller, classes, {.out = arguments.out, .pictures = !arguments.no_pictures});
      progress.clear();
      fmt::print("{}\n", row_text(done));
      report.push_back(to_json(done, classes));
    } catch (const std::exception& error) {
      progress.clear();
      ++broken;
      fmt::print(stderr, "voxloom: {}: {}\n", scans[i].string(), error.what());
      report.push_back({{"scan", scans[i].string()}, {"error", error.what()}});
    }
  }
  progress.clear();
  if (!arguments.json.empty()) {
    AtomicFile file(arguments.json);
    file.write(report.dump(2) + "\n");
    file.commit();
  }
  if (watch.was_asked()) throw std::runtime_error("stopped before the last scan");
  if (broken > 0) fmt::print(stderr, "voxloom: {} of {} scans failed\n", broken, scans.size());
  return broken == 0;
}

void run_segment(const Arguments& arguments) {
  use_tuned_plans();
  bool is_whole = false;
  with_threads(arguments.threads, [&] { is_whole = segment_all(arguments); });
  if (!is_whole) throw CLI::RuntimeError(kFailure);
}

}  // namespace

void add_segment(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("scans", arguments->scans, "Scans, and folders of scans")
      ->required()
      ->type_name("SCAN ...");
  command.add_option("--out", arguments->out, "The folder for the results; made when it is not there")
      ->required()
      ->type_name("DIR");
  command.add_option("--model", arguments->model, "The model, a folder NAME.lattice")
      ->capture_default_str()
      ->type_name("BUNDLE");
  command.add_flag("--no-pictures", arguments->no_pictures, "Write the labelled points only");
  command.add_option("--json", arguments->json, "Also write counts and times to this file")
      ->type_name("FILE");
  command
      .add_option("--threads", arguments->threads,
                  "How many threads to use; 0, the default: all there are")
      ->check(CLI::Range(0, 4096).description(""))
      ->type_name("N");
  command.footer(
      "\nFor each scan the folder gets NAME.ply with label, confidence and colour, and two pictures,\n"
      "NAME_above.png and NAME_perspective.png. Positions are metres, x forward, y left, z up, the\n"
      "sensor at the origin; points that are not finite are left out. A scan that cannot be read is\n"
      "reported, the others are done, and the exit code is 1.\n"
      "\nExamples:\n"
      "  voxloom segment 000008.bin --out labelled\n"
      "  voxloom segment scans/ --out labelled --model runs/mine/model.lattice --no-pictures\n");
  command.callback([arguments] { run_segment(*arguments); });
}

}  // namespace voxloom::cli
