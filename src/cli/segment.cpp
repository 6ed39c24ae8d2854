// voxloom segment: labels for the points of scans.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
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
#include "cli/ranks.h"
#include "cli/scan_options.h"
#include "cli/segment_part.h"
#include "cli/segment_record.h"
#include "cli/segment_scan.h"
#include "cli/streams.h"
#include "cli/train_progress.h"
#include "core/machine_memory.h"
#include "io/npy_folder.h"
#include "viz/index_page.h"
#include "voxloom/io.h"
#include "voxloom/parallel.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct SegmentArguments {
  std::vector<std::string> scans;
  std::string model = kDefaultModel, out, json;
  std::string format = "ply", part;
  bool no_pictures = false, overwrite = false, resume = false;
  int threads = 0, jobs = 1, votes = 1;
  double memory = 0;  // GB; 0: what the machine has
  ScanOptions scan;
  std::optional<std::array<double, 3>> sensor = {};
};

// Files as they are named; of a folder, the files whose names are those of scans, in order.
std::vector<fs::path> scans_of(const SegmentArguments& arguments) {
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

viz::IndexEntry index_entry(const SegmentedScan& scan) {
  return {.name = scan.name,
          .note = fmt::format("{} points, {:.0f} ms", scan.points, 1e3 * scan.seconds.network),
          .of_class = scan.of_class};
}

// What is the same on all ranks, or they do different things.
std::string request_text(const SegmentArguments& arguments, const std::vector<fs::path>& scans) {
  std::string text = fmt::format("{} {} {} {}", arguments.out, arguments.model, arguments.format,
                                 arguments.no_pictures);
  for (const fs::path& scan : scans) text += '\0' + scan.string();
  return text;
}

// A call of all ranks: each finds the scans, and they must be the same.
std::vector<fs::path> agreed_scans(const SegmentArguments& arguments, dist::Communicator& ranks) {
  std::vector<fs::path> scans;
  dist::together(ranks, [&] {
    scans = scans_of(arguments);
    if (ranks.size() > 1 && std::ranges::find(scans, fs::path(kStream)) != scans.end()) {
      throw BadUsage("several ranks cannot read the standard input");
    }
  });
  if (ranks.size() == 1) return scans;
  const std::string own = request_text(arguments, scans);
  const std::string first = dist::broadcast_text(ranks, own);
  const bool differ = dist::any(ranks, own != first);
  dist::together(ranks, [&] {
    if (differ) {
      throw BadUsage(
          "the ranks were given other scans or options than rank 0, or find other scans in a "
          "folder; where each is to run by itself, set VOXLOOM_RANKS=1");
    }
  });
  return scans;
}

// All scans of a call: what they share, and what came of each.
class Segmentation {
 public:
  // A call of all ranks, as is run().
  Segmentation(const SegmentArguments& arguments, dist::Communicator& ranks)
      : arguments_(arguments),
        ranks_(ranks),
        part_(arguments.part.empty() ? Part{} : part_of(arguments.part)),
        all_scans_(agreed_scans(arguments, ranks)),
        threads_(std::max(1, available_threads() / arguments.jobs)) {
    for (std::size_t i = 0; i < all_scans_.size(); ++i) {
      if (part_.has(i)) scans_.push_back(all_scans_[i]);
    }
    outcomes_.resize(scans_.size());
    dist::together(ranks_, [&] {
      const fs::path model = find_model(arguments.model);
      labeller_.emplace(model);
      set_memory();
      records_.emplace(options_of(0), model, labeller_->classes());
    });
    choose_what_to_do();
    dist::together(ranks_, [&] {
      if (!is_first()) return;
      require_free_places();
      fs::create_directories(arguments_.out);
      write_legend();
    });
  }

  // Returns whether every scan was done; on ranks other than 0, true.
  bool run() {
    if (is_first()) fmt::print(table_, "{}", table_head());
    run_jobs(
        {.count = todo_.size(),
         .at_once = arguments_.jobs,
         .memory = memory_,
         .bytes = [this](std::size_t job) { return outcome_of(job).bytes = bytes_of(job); },
         .work = [this](std::size_t job) { work_on(todo_[job]); },
         .report = [this](std::size_t job) { report_up_to(todo_[job] + 1); },
         .is_stopped = [this] { return watch_.was_asked(); }},
        ranks_,
        {.pack = [this](std::size_t job) { return packed(outcome_of(job)); },
         .unpack = [this](std::size_t job,
                          std::span<const std::byte> bytes) { unpack(bytes, outcome_of(job)); }});
    const bool was_stopped = dist::any(ranks_, watch_.was_asked());
    if (!is_first()) return true;
    report_up_to(scans_.size());
    clear_progress();
    write_index();
    write_json();
    if (was_stopped) throw Stopped();
    if (broken_ > 0) fmt::print(stderr, "voxloom: {} of {} scans failed\n", broken_, scans_.size());
    return broken_ == 0;
  }

 private:
  struct Outcome {
    std::size_t bytes = 0;  // that were set aside for it
    SegmentedScan scan = {};
    std::string error = {};  // empty: done
    bool is_done = false;    // or failed
  };

  [[nodiscard]] bool is_first() const { return ranks_.rank() == 0; }
  [[nodiscard]] fs::path legend() const { return fs::path(arguments_.out) / "classes.json"; }
  [[nodiscard]] fs::path index() const { return fs::path(arguments_.out) / "index.html"; }

  // Before anything is done.
  void require_free_places() const {
    std::vector<fs::path> inputs(all_scans_);
    inputs.push_back(find_model(arguments_.model));
    const Outputs outputs(inputs, arguments_.overwrite), replaced(inputs, true);
    for (const std::size_t i : todo_) {
      // A call that was killed may have left some of them, and marks on none.
      const bool is_left = arguments_.resume && records_->was_begun(scans_[i]);
      for (const fs::path& file : outputs_of_scan(i)) {
        (is_left ? replaced : outputs).require_free(file);
      }
    }
    outputs.require_free(arguments_.json);
    // Other parts, and calls before this one, write them too.
    if (!is_legend_there()) outputs.require_free(legend());
    const bool shares_index = part_.count > 1 && records_->is_used();
    if (!arguments_.no_pictures && all_scans_.size() > 1 && !shares_index) {
      outputs.require_free(index());
    }
  }

  [[nodiscard]] std::vector<fs::path> outputs_of_scan(std::size_t i) const {
    return outputs_of(scans_[i], arguments_.out, arguments_.format, !arguments_.no_pictures);
  }

  // What the numbers of the labels mean.
  [[nodiscard]] std::string legend_text() const {
    ClassTable table = labeller_->classes();
    if (table.ignored.empty()) table.ignored = {-1};  // what points without a class have
    return format_classes(table);
  }
  [[nodiscard]] bool is_legend_there() const {
    std::ifstream in(legend(), std::ios::binary);
    return in && std::string(std::istreambuf_iterator<char>(in), {}) == legend_text();
  }
  void write_legend() const {
    if (is_legend_there()) return;
    write_text_to(legend().string(), legend_text());
  }
  [[nodiscard]] Outcome& outcome_of(std::size_t job) { return outcomes_[todo_[job]]; }

  // The program, and the weights in the forms in which kernels read them.
  void set_memory() {
    constexpr std::size_t kProgramBytes = std::size_t{64} << 20;
    const std::size_t base = kProgramBytes + 3 * labeller_->weight_bytes();
    const bool is_given = arguments_.memory > 0;
    const auto given = static_cast<std::size_t>(arguments_.memory * 1e9);
    // Others live on the machine as well, and an estimate is no promise.
    const std::size_t left = available_memory() / 5 * 4 / ranks_on_this_machine(ranks_);
    const std::size_t all = is_given ? given : left;
    if (all <= base) {
      throw std::runtime_error(fmt::format("{:.3f} GB are too little: the model alone takes {:.3f}",
                                           static_cast<double>(all) * 1e-9,
                                           static_cast<double>(base) * 1e-9));
    }
    memory_ = all - base;
    // Workspaces keep their blocks between scans, those of small ones up to a quarter of all.
    if (arguments_.jobs > 1) memory_ -= memory_ / 4;
  }

  // With --resume, rank 0 looks for what is done, and tells the others what is left.
  void choose_what_to_do() {
    std::string is_kept(scans_.size(), '-');
    for (std::size_t i = 0; arguments_.resume && is_first() && i < scans_.size(); ++i) {
      std::optional<SegmentedScan> found = records_->find(scans_[i]);
      if (!found) continue;
      outcomes_[i].scan = std::move(*found);
      outcomes_[i].is_done = true;
      is_kept[i] = '+';
    }
    is_kept = dist::broadcast_text(ranks_, std::move(is_kept));
    for (std::size_t i = 0; i < scans_.size(); ++i) {
      if (is_kept[i] == '-') todo_.push_back(i);
    }
    if (const std::size_t kept = scans_.size() - todo_.size(); is_first() && kept > 0) {
      fmt::print(stderr, "voxloom: the results of {} of {} scans are whole and are kept\n", kept,
                 scans_.size());
    }
  }

  void release_workspaces(std::size_t bytes) const {
    const auto jobs = static_cast<std::size_t>(arguments_.jobs);
    if (jobs > 1 && bytes > memory_ / (3 * jobs)) labeller_->release_memory();
  }

  // Alone, a scan may take all there is. A file that cannot be read says so when it is its turn.
  [[nodiscard]] std::size_t bytes_of(std::size_t job) const {
    const fs::path& scan = scans_[todo_[job]];
    if (arguments_.jobs == 1 || scan == kStream) return memory_;
    try {
      return std::min(memory_, most_bytes(scan, arguments_.scan, *labeller_));
    } catch (const std::exception&) {
      return 0;
    }
  }

  [[nodiscard]] SegmentOptions options_of(std::size_t memory) const {
    return {.out = arguments_.out,
            .votes = arguments_.votes,
            .format = arguments_.format,
            .pictures = !arguments_.no_pictures,
            .memory = memory,
            .scan = arguments_.scan,
            .sensor = arguments_.sensor};
  }

  void work_on(std::size_t i) {
    Outcome& outcome = outcomes_[i];
    try {
      show_progress("");
      const std::size_t memory = std::max<std::size_t>(1, outcome.bytes);
      SegmentOptions options = options_of(memory);
      options.on_tile = [&](std::size_t tile, std::size_t tiles) {
        if (watch_.was_asked()) throw Stopped();
        show_progress(
            fmt::format("  {}: tile {}/{}", scans_[i].filename().string(), tile + 1, tiles));
      };
      records_->begin(scans_[i]);
      with_threads(threads_, [&] { outcome.scan = segment_scan(scans_[i], *labeller_, options); });
      std::ranges::for_each(outputs_of_scan(i), &Outputs::mark);
      records_->write(scans_[i], outcome.scan);
      outcome.is_done = true;
      release_workspaces(memory);
    } catch (const Stopped&) {
      // neither done nor failed
    } catch (const std::exception& error) {
      outcome.error = error.what();
      outcome.is_done = true;
    }
    count_done();
  }

  void count_done() {
    const std::lock_guard lock(mutex_);
    ++done_;
  }

  // For rank 0.
  [[nodiscard]] dist::Bytes packed(const Outcome& outcome) const {
    nlohmann::ordered_json json = {{"is_done", outcome.is_done}, {"error", outcome.error}};
    if (outcome.is_done && outcome.error.empty()) {
      json["scan"] = to_json(outcome.scan, labeller_->classes());
    }
    const std::string text =
        json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }

  void unpack(std::span<const std::byte> bytes, Outcome& outcome) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto json = nlohmann::ordered_json::parse(text);
    outcome.error = json.at("error").get<std::string>();
    if (json.contains("scan")) {
      outcome.scan = segmented_scan(json["scan"], labeller_->classes());
    }
    outcome.is_done = json.at("is_done").get<bool>();
    count_done();
    show_progress("");
  }

  // The scans before `end` that were not reported: those that were left as they were stand between others.
  void report_up_to(std::size_t end) {
    for (; reported_ < end; ++reported_) {
      if (outcomes_[reported_].is_done) report(reported_);
    }
  }

  void report(std::size_t i) {
    const Outcome& outcome = outcomes_[i];
    clear_progress();
    if (outcome.error.empty()) {
      say_sources(outcome.scan.input.sources);
      fmt::print(table_, "{}", row_text(outcome.scan));
      for (const std::string& note : outcome.scan.notes) note_on(scans_[i].string())(note);
      index_.push_back(index_entry(outcome.scan));
      report_.push_back(to_json(outcome.scan, labeller_->classes()));
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
    for (const std::string& source : sources)
      fmt::print(table_, "  the network reads {}\n", source);
  }

  // One scan is its own index. Of several parts the last to end finds the scans of all.
  void write_index() const {
    if (arguments_.no_pictures) return;
    if (part_.count == 1) return write_index_of(index_);
    std::vector<viz::IndexEntry> entries;
    for (std::size_t before = all_scans_.size() + 1; entries.size() != before;) {
      before = entries.size();
      entries.clear();
      for (const fs::path& scan : all_scans_) {
        if (const auto found = records_->find(scan)) entries.push_back(index_entry(*found));
      }
      // Another part may have ended meanwhile, and its index have been replaced: once more, then.
      if (entries.size() != before) write_index_of(entries);
    }
  }

  void write_index_of(const std::vector<viz::IndexEntry>& entries) const {
    if (entries.size() < 2) return;
    write_text_to(index().string(), viz::format_index(entries, page_classes(labeller_->classes())));
  }

  void write_json() const {
    if (arguments_.json.empty()) return;
    write_text_to(arguments_.json, report_.dump(2) + "\n");
  }

  void show_progress(const std::string& within) {
    if (!is_first()) return;
    const std::lock_guard lock(mutex_);
    const double elapsed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const auto done = static_cast<double>(done_);
    const double left =
        done_ == 0 ? 0 : elapsed / done * (static_cast<double>(todo_.size()) - done);
    progress_.show(fmt::format("scan {}/{}{}  {} left", std::min(done_ + 1, todo_.size()),
                               todo_.size(), within, duration_text(left)));
  }
  void clear_progress() {
    const std::lock_guard lock(mutex_);
    progress_.clear();
  }

  const SegmentArguments& arguments_;
  std::FILE* table_ = report_stream(arguments_.json);
  dist::Communicator& ranks_;
  Part part_;
  std::vector<fs::path> all_scans_, scans_;  // of all parts, and of this one
  int threads_;                              // of a job
  std::optional<label::PointLabeller> labeller_;
  std::optional<SegmentRecords> records_;
  std::size_t memory_ = 0;         // for scans
  std::vector<std::size_t> todo_;  // a job's scan
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
  std::size_t broken_ = 0, reported_ = 0;
};

void run_segment(const SegmentArguments& arguments) {
  use_tuned_plans();
  bool is_whole = false;
  const auto work = [&](dist::Communicator& ranks) {
    is_whole = Segmentation(arguments, ranks).run();
  };
  if (arguments.part.empty()) {
    with_ranks(arguments.threads, work);
  } else {  // by itself, whoever started it
    with_threads(arguments.threads, [&] { work(dist::one_process()); });
  }
  if (!is_whole) throw Leave{kFailure};
}

}  // namespace

void add_segment(Options command) {
  const auto arguments = std::make_shared<SegmentArguments>();
  command
      .add_option("scans", arguments->scans, "Scans, and folders of scans; - is the standard input")
      .required()
      .type_name("SCAN ...");
  command
      .add_option("-o,--out", arguments->out,
                  "The folder for the results; made when it is not there")
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
  command
      .add_option("--json", arguments->json,
                  "Also write counts and times to this file; - is the standard output")
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
  command.add_flag(
      "--resume", arguments->resume,
      "Keep the results that are whole: of a call that was stopped, or killed, label the rest");
  command
      .add_option(
          "--part", arguments->part,
          "Label every Nth scan alone, the Ith first: for several calls that share the work.\n"
          "auto: as the variables of a Slurm array, of srun or of mpirun say")
      .type_name("I/N");
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
      "that cannot be read is reported, the others are done, and the exit code is 1. The folder "
      ".voxloom\n"
      "holds what --resume looks at. On several ranks (mpirun, srun) each takes the next scan when "
      "it is\n"
      "free; --memory and --jobs are of each rank, and docs/clusters.md tells more.\n"
      "\nExamples:\n"
      "  voxloom segment 000008.bin --out labelled\n"
      "  voxloom segment scans/ --out labelled --model runs/mine/model.lattice --no-pictures\n"
      "  voxloom segment town.las --out labelled --memory 4\n"
      "  mpirun -n 4 voxloom segment scans/ --out labelled --resume\n");
  command.callback([arguments] { run_segment(*arguments); });
}

}  // namespace voxloom::cli
