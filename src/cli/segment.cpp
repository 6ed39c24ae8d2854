// voxloom segment: labels for the points of scans.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/label_table.h"
#include "cli/model_path.h"
#include "cli/ordered_jobs.h"
#include "cli/outputs.h"
#include "cli/plan_options.h"
#include "cli/scan_options.h"
#include "cli/segment_scan.h"
#include "cli/streams.h"
#include "cli/train_progress.h"
#include "core/atomic_file.h"
#include "core/machine_memory.h"
#include "io/npy_folder.h"
#include "viz/index_page.h"
#include "voxloom/io.h"
#include "voxloom/parallel.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> scans;
  std::string model = kDefaultModel, out, json;
  std::string format = "ply";
  bool no_pictures = false, overwrite = false;
  int threads = 0, jobs = 1, votes = 1;
  double memory = 0;  // GB; 0: what the machine has
  ScanOptions scan;
  std::optional<std::array<double, 3>> sensor = {};
};

// Files as they are named; of a folder, the files whose names are those of scans, in order.
std::vector<fs::path> scans_of(const Arguments& arguments) {
  std::vector<fs::path> scans;
  for (const std::string& name : arguments.scans) {
    if (!fs::is_directory(name) || io::is_npy_folder(name)) {
      scans.emplace_back(name);
      continue;
    }
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(name)) {
      const bool is_scan = entry.is_directory() ? io::is_npy_folder(entry.path())
                                                : entry.is_regular_file() &&
                                                      scan_format_of(entry.path()).has_value();
      if (is_scan) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    scans.insert(scans.end(), found.begin(), found.end());
  }
  if (scans.empty()) throw BadUsage("there is no scan in what was named");
  std::set<std::string> names;
  for (const fs::path& scan : scans) {
    if (!names.insert(scan.stem().string()).second) {
      throw BadUsage(
          fmt::format("two scans are named '{}': their results would overwrite each other",
                      scan.stem().string()));
    }
  }
  return scans;
}

std::string table_head() {
  return fmt::format("{:<24} {:>9} {:>9} {:>9} {:>8} {:>10} {:>9} {:>11} {:>8} {:>12}\n", "scan",
                     "points", "voxels", "intensity", "read ms", "network ms", "write ms",
                     "pictures ms", "page ms", "points/s");
}

std::string row_text(const SegmentedScan& scan) {
  const StageSeconds& s = scan.seconds;
  return fmt::format(
      "{:<24} {:>9} {:>9} {:>9} {:>8.1f} {:>10.1f} {:>9.1f} {:>11.1f} {:>8.1f} {:>12.0f}\n",
      scan.name, scan.points, scan.voxels ? fmt::format("{}", *scan.voxels) : "-",
      scan.input.intensity ? range_text(scan.input.intensity->range) : "-", 1e3 * s.read,
      1e3 * s.network, 1e3 * s.write, 1e3 * s.pictures, 1e3 * s.page,
      static_cast<double>(scan.points) / (s.read + s.network + s.write));
}

nlohmann::ordered_json input_json(const InputFacts& facts) {
  nlohmann::ordered_json intensity;  // null where there is none
  if (facts.intensity) {
    intensity = {{"range", {facts.intensity->range.low, facts.intensity->range.high}},
                 {"told_by", name_of(facts.intensity->source)},
                 {"outside", facts.outside}};
  }
  return {{"intensity", intensity},
          {"not_finite", facts.not_finite},
          {"missing", facts.missing},
          {"features", facts.sources},
          {"misfits", facts.misfits}};
}

nlohmann::ordered_json to_json(const SegmentedScan& scan, const ClassTable& classes) {
  nlohmann::ordered_json counts;
  for (std::size_t c = 0; c < scan.of_class.size(); ++c) {
    counts[classes.classes[c].name] = scan.of_class[c];
  }
  nlohmann::ordered_json voxels;  // null where they are not known
  if (scan.voxels) voxels = *scan.voxels;
  return {{"scan", scan.name},
          {"points", scan.points},
          {"voxels", voxels},
          {"tiles", scan.tiles},
          {"classes", counts},
          {"unlabelled", scan.unlabelled},
          {"input", input_json(scan.input)},
          {"notes", scan.notes},
          {"seconds",
           {{"read", scan.seconds.read},
            {"network", scan.seconds.network},
            {"write", scan.seconds.write},
            {"pictures", scan.seconds.pictures},
            {"page", scan.seconds.page}}}};
}

viz::IndexEntry index_entry(const SegmentedScan& scan) {
  return {.name = scan.name,
          .note = fmt::format("{} points, {:.0f} ms", scan.points, 1e3 * scan.seconds.network),
          .of_class = scan.of_class};
}

// All scans of a call: what they share, and what came of each.
class Segmentation {
 public:
  explicit Segmentation(const Arguments& arguments)
      : arguments_(arguments),
        scans_(scans_of(arguments)),
        labeller_(find_model(arguments.model)),
        outcomes_(scans_.size()) {
    set_memory();
  }

  // Returns whether every scan was done.
  bool run() {
    require_free_places();
    fs::create_directories(arguments_.out);
    write_legend();
    fmt::print("{}", table_head());
    run_jobs({.count = scans_.size(),
              .at_once = arguments_.jobs,
              .memory = memory_,
              .bytes = [this](std::size_t i) { return outcomes_[i].bytes = bytes_of(i); },
              .work = [this](std::size_t i) { work_on(i); },
              .report = [this](std::size_t i) { report(i); },
              .is_stopped = [this] { return watch_.was_asked(); }});
    clear_progress();
    write_index();
    write_json();
    if (watch_.was_asked()) throw Stopped();
    if (broken_ > 0) fmt::print(stderr, "voxloom: {} of {} scans failed\n", broken_, scans_.size());
    return broken_ == 0;
  }

 private:
  struct Outcome {
    std::size_t bytes = 0;  // that were set aside for it
    SegmentedScan scan = {};
    std::string error = {};  // empty: done
    bool was_stopped = false;
  };

  [[nodiscard]] fs::path legend() const { return fs::path(arguments_.out) / "classes.json"; }
  [[nodiscard]] fs::path index() const { return fs::path(arguments_.out) / "index.html"; }

  // Before anything is done.
  void require_free_places() const {
    std::vector<fs::path> inputs(scans_);
    inputs.emplace_back(arguments_.model);
    const Outputs outputs(inputs, arguments_.overwrite);
    for (const fs::path& scan : scans_) {
      for (const fs::path& file :
           outputs_of(scan, arguments_.out, arguments_.format, !arguments_.no_pictures)) {
        outputs.require_free(file);
      }
    }
    outputs.require_free(legend());
    outputs.require_free(arguments_.json);
    if (!arguments_.no_pictures && scans_.size() > 1) outputs.require_free(index());
  }

  // What the numbers of the labels mean.
  void write_legend() const {
    ClassTable table = labeller_.classes();
    if (table.ignored.empty()) table.ignored = {-1};  // what points without a class have
    write_classes(legend(), table);
    Outputs::mark(legend());
  }

  // The program, and the weights in the forms in which kernels read them.
  void set_memory() {
    constexpr std::size_t kProgramBytes = std::size_t{64} << 20;
    const std::size_t base = kProgramBytes + 3 * labeller_.weight_bytes();
    const bool is_given = arguments_.memory > 0;
    const auto given = static_cast<std::size_t>(arguments_.memory * 1e9);
    // Others live on the machine as well, and an estimate is no promise.
    const std::size_t all = is_given ? given : available_memory() / 5 * 4;
    if (all <= base) {
      throw std::runtime_error(fmt::format("{:.3f} GB are too little: the model alone takes {:.3f}",
                                           static_cast<double>(all) * 1e-9,
                                           static_cast<double>(base) * 1e-9));
    }
    memory_ = all - base;
    // Workspaces keep their blocks between scans, those of small ones up to a quarter of all.
    if (arguments_.jobs > 1) memory_ -= memory_ / 4;
  }

  void release_workspaces(std::size_t bytes) const {
    const auto jobs = static_cast<std::size_t>(arguments_.jobs);
    if (jobs > 1 && bytes > memory_ / (3 * jobs)) labeller_.release_memory();
  }

  // Alone, a scan may take all there is. A file that cannot be read says so when it is its turn.
  [[nodiscard]] std::size_t bytes_of(std::size_t i) const {
    if (arguments_.jobs == 1 || scans_[i] == kStream) return memory_;
    try {
      return std::min(memory_, most_bytes(scans_[i], arguments_.scan, labeller_));
    } catch (const std::exception&) {
      return 0;
    }
  }

  void work_on(std::size_t i) {
    Outcome& outcome = outcomes_[i];
    try {
      const auto on_tile = [&](std::size_t tile, std::size_t tiles) {
        if (watch_.was_asked()) throw Stopped();
        show_progress(
            fmt::format("  {}: tile {}/{}", scans_[i].filename().string(), tile + 1, tiles));
      };
      show_progress("");
      const std::size_t memory = std::max<std::size_t>(1, outcome.bytes);
      with_threads(threads_of_job(), [&] {
        outcome.scan = segment_scan(scans_[i], labeller_,
                                    {.out = arguments_.out,
                                     .votes = arguments_.votes,
                                     .format = arguments_.format,
                                     .pictures = !arguments_.no_pictures,
                                     .memory = memory,
                                     .scan = arguments_.scan,
                                     .sensor = arguments_.sensor,
                                     .on_tile = on_tile});
      });
      std::ranges::for_each(
          outputs_of(scans_[i], arguments_.out, arguments_.format, !arguments_.no_pictures),
          &Outputs::mark);
      release_workspaces(memory);
    } catch (const Stopped&) {
      outcome.was_stopped = true;
    } catch (const std::exception& error) {
      outcome.error = error.what();
    }
    const std::lock_guard lock(mutex_);
    ++done_;
  }

  [[nodiscard]] int threads_of_job() const {
    const int all = arguments_.threads > 0 ? arguments_.threads : available_threads();
    return std::max(1, all / arguments_.jobs);
  }

  void report(std::size_t i) {
    const Outcome& outcome = outcomes_[i];
    if (outcome.was_stopped) return;
    clear_progress();
    if (outcome.error.empty()) {
      say_sources(outcome.scan.input.sources);
      fmt::print("{}", row_text(outcome.scan));
      for (const std::string& note : outcome.scan.notes) note_on(scans_[i].string())(note);
      index_.push_back(index_entry(outcome.scan));
      report_.push_back(to_json(outcome.scan, labeller_.classes()));
    } else {
      ++broken_;
      fmt::print(stderr, "voxloom: {}: {}\n", scans_[i].string(), outcome.error);
      report_.push_back({{"scan", scans_[i].string()}, {"error", outcome.error}});
    }
  }

  // Of the first scan, and of those where it differs from the one before.
  void say_sources(const std::vector<std::string>& sources) {
    if (sources == sources_) return;
    sources_ = sources;
    for (const std::string& source : sources) fmt::print("  the network reads {}\n", source);
  }

  // One scan is its own index.
  void write_index() const {
    if (arguments_.no_pictures || index_.size() < 2) return;
    AtomicFile file(index());
    file.write(viz::format_index(index_, page_classes(labeller_.classes())));
    file.commit();
    Outputs::mark(index());
  }

  void write_json() const {
    if (arguments_.json.empty()) return;
    AtomicFile file(arguments_.json);
    file.write(report_.dump(2) + "\n");
    file.commit();
    Outputs::mark(arguments_.json);
  }

  void show_progress(const std::string& within) {
    const std::lock_guard lock(mutex_);
    const double elapsed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const auto done = static_cast<double>(done_);
    const double left =
        done_ == 0 ? 0 : elapsed / done * (static_cast<double>(scans_.size()) - done);
    progress_.show(fmt::format("scan {}/{}{}  {} left", std::min(done_ + 1, scans_.size()),
                               scans_.size(), within, duration_text(left)));
  }
  void clear_progress() {
    const std::lock_guard lock(mutex_);
    progress_.clear();
  }

  const Arguments& arguments_;
  std::vector<fs::path> scans_;
  label::PointLabeller labeller_;
  std::size_t memory_ = 0;  // for scans
  std::vector<Outcome> outcomes_;
  InterruptWatch watch_;
  std::mutex mutex_;  // of what follows
  bench::Progress progress_{stderr};
  std::size_t done_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  // Of the caller's thread.
  nlohmann::ordered_json report_ = nlohmann::ordered_json::array();
  std::vector<viz::IndexEntry> index_;
  std::vector<std::string> sources_;
  std::size_t broken_ = 0;
};

void run_segment(const Arguments& arguments) {
  use_tuned_plans();
  bool is_whole = false;
  with_threads(arguments.threads, [&] { is_whole = Segmentation(arguments).run(); });
  if (!is_whole) throw Leave{kFailure};
}

}  // namespace

void add_segment(Options command) {
  const auto arguments = std::make_shared<Arguments>();
  command
      .add_option("scans", arguments->scans, "Scans, and folders of scans; - is the standard input")
      .required()
      .type_name("SCAN ...");
  command
      .add_option("--out", arguments->out, "The folder for the results; made when it is not there")
      .required()
      .type_name("DIR");
  command
      .add_option(
          "--model", arguments->model,
          "The model, a folder NAME.lattice, or the name of one that comes with the program")
      .capture_default_str()
      .type_name("BUNDLE");
  command
      .add_option(
          "--format", arguments->format,
          "What the labelled points are written as: ply (the default), las, pcd, npz, csv, or\n"
          "label: SemanticKITTI's, labels alone, one for each point of the file")
      .check(one_of({"ply", "las", "pcd", "npz", "csv", kLabelFormat}, List::hidden))
      .type_name("FORMAT");
  command.add_flag("--no-pictures", arguments->no_pictures,
                   "Write the labelled points, no pictures and no page");
  command.add_option("--json", arguments->json, "Also write counts and times to this file")
      .type_name("FILE");
  command
      .add_option(
          "--memory", arguments->memory,
          "Stay below so many gigabytes in all: a scan that would take more is labelled in\n"
          "tiles, with the same result. Default: four fifths of what the machine has left")
      .check(in_range(0.05, 1e6))
      .type_name("GB");
  command
      .add_option(
          "--jobs", arguments->jobs,
          "Label so many scans at once, as far as the memory allows; the threads are shared")
      .check(in_range(1, 256))
      .type_name("N");
  add_votes_option(command, arguments->votes);
  command
      .add_option(
          "--sensor", arguments->sensor,
          "Where the sensor stood, in the scans' coordinates; by default what the file says,\n"
          "else 0 0 0, and the middle of a scan that is far from there")
      .type_name("X Y Z");
  add_overwrite_option(command, arguments->overwrite);
  add_read_options(command, arguments->scan);
  add_input_options(command, arguments->scan);
  add_threads_option(command, arguments->threads);
  command.footer(
      "\nFor each scan the folder gets NAME.ply (or --format) with all columns of the scan, label "
      "and\n"
      "confidence, and colours by class where it has none, two pictures,\n"
      "NAME_above.png and NAME_perspective.png, and a page to turn it in the browser, NAME.html;\n"
      "for several scans also index.html, which leads to them. classes.json says what the labels "
      "mean. Positions are metres, x forward,\n"
      "y left, z up, the sensor at the origin; points that are not finite are left out. A scan\n"
      "that cannot be read is reported, the others are done, and the exit code is 1.\n"
      "\nExamples:\n"
      "  voxloom segment 000008.bin --out labelled\n"
      "  voxloom segment scans/ --out labelled --model runs/mine/model.lattice --no-pictures\n"
      "  voxloom segment town.las --out labelled --memory 4\n");
  command.callback([arguments] { run_segment(*arguments); });
}

}  // namespace voxloom::cli
