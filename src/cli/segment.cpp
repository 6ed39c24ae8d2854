// voxloom segment: labels for the points of scans.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
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
#include "cli/error_words.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/label_table.h"
#include "cli/model_path.h"
#include "cli/ordered_jobs.h"
#include "cli/outputs.h"
#include "cli/plan_options.h"
#include "cli/ranks.h"
#include "cli/scan_options.h"
#include "cli/segment_arguments.h"
#include "cli/segment_part.h"
#include "cli/segment_record.h"
#include "cli/segment_scan.h"
#include "cli/segment_scene.h"
#include "cli/streams.h"
#include "cli/train_progress.h"
#include "core/atomic_file.h"
#include "core/machine_memory.h"
#include "io/sidecar.h"
#include "viz/index_page.h"
#include "voxloom/io.h"
#include "voxloom/parallel.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

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

viz::IndexEntry index_entry(const SegmentedScan& scan, const std::string& ending) {
  return {.name = scan.name,
          .points = fmt::format("{}.{}", scan.name, ending),
          .note = fmt::format("{} points, {:.0f} ms", scan.points, 1e3 * scan.seconds.network),
          .of_class = scan.of_class};
}

// Links followed, where they lead to a file: /dev/stdout may lead to a pipe, which has no path.
fs::path resolved(const fs::path& file) {
  std::error_code none;
  fs::path place = fs::weakly_canonical(file, none);
  return none ? fs::absolute(file) : place;
}

// What one process would say, where rank 0 ran into it.
std::string own_words_of(const dist::RankError& error) {
  try {
    if (error.rank() == 0 && error.own() != nullptr) std::rethrow_exception(error.own());
  } catch (const std::exception& own) {
    return error_words(own);
  }
  return error.what();
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
      model_ = find_model(arguments.model);
      known_ = known_models(model_);
      labeller_.emplace(model_);
      set_memory();
      records_.emplace(segment_options(arguments, 0), model_, labeller_->classes());
    });
    choose_what_to_do();
    dist::together(ranks_, [&] {
      if (!is_first()) return;
      require_free_places();
      fs::create_directories(arguments_.out);
      remove_leftovers();
      write_legend();
    });
  }

  // Returns whether every scan was done; on ranks other than 0, true.
  bool run() {
    if (is_first()) fmt::print(table_, "{}", table_head());
    if (is_one_scene()) {
      run_scene();
    } else {
      run_scans();
    }
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

  // Each scan on one rank.
  void run_scans() {
    run_jobs({.count = todo_.size(),
              .at_once = arguments_.jobs,
              .memory = memory_,
              .bytes = [this](std::size_t job) { return outcome_of(job).bytes = bytes_of(job); },
              .work = [this](std::size_t job) { work_on(todo_[job]); },
              .report = [this](std::size_t job) { report_up_to(todo_[job] + 1); },
              .is_stopped = [this] { return watch_.was_asked(); }},
             ranks_,
             {.give = [this](std::size_t job) { return bytes_of(outcome_of(job)); },
              .take = [this](std::size_t job,
                             std::span<const std::byte> bytes) { take(bytes, outcome_of(job)); }});
  }

  // Whether all ranks label the one scan that there is to do.
  [[nodiscard]] bool is_one_scene() const {
    if (ranks_.size() == 1 || todo_.size() != 1) return false;
    std::string answer;
    if (is_first()) {
      try {
        const fs::path& scan = scans_[todo_[0]];
        const std::string why = why_held(scan, *labeller_, segment_options(arguments_, memory_));
        answer = why.empty() ? "yes" : "no";
        if (!why.empty()) {
          note_on(shown_name(scan.string()))("has to be held for " + why + ": one rank labels it");
        }
      } catch (const std::exception&) {
        answer = "no";  // what is wrong with it is said when it is read
      }
    }
    return dist::broadcast_text(ranks_, answer) == "yes";
  }

  void run_scene() {
    const std::size_t i = todo_[0];
    Outcome& outcome = outcomes_[i];
    try {
      show_progress("");
      const SegmentOptions options = options_with_progress(i, memory_);
      dist::together(ranks_, [&] {
        if (is_first()) records_->begin(scans_[i]);
      });
      outcome.scan = segment_scene(
          scans_[i], *labeller_, options, ranks_,
          [&](std::size_t tiles, const auto& work) { run_tiles(tiles, options, work); });
      dist::together(ranks_, [&] {
        if (is_first()) finish_scan(i);
      });
      outcome.is_done = true;
    } catch (const Stopped&) {
      // neither done nor failed
    } catch (const dist::RankError& error) {
      if (dist::any(ranks_, watch_.was_asked())) return;
      outcome.error = own_words_of(error);
      outcome.is_done = true;
    }
    count_done();
  }

  // Tiles go to whichever rank is free. Where one fails or is stopped, no more are handed out.
  void run_tiles(std::size_t tiles, const SegmentOptions& options,
                 const std::function<void(std::size_t tile)>& work) {
    std::exception_ptr error;
    std::atomic<bool> failed = false;
    std::atomic<std::size_t> begun = 0;
    run_jobs({.count = tiles,
              .at_once = 1,
              .memory = memory_,
              .bytes = [](std::size_t) { return std::size_t{0}; },
              .work =
                  [&](std::size_t tile) {
                    try {
                      options.on_tile(begun++, tiles);
                      with_threads(threads_, [&] { work(tile); });
                    } catch (...) {
                      error = std::current_exception();
                      failed = true;
                    }
                  },
              .report = [](std::size_t) {},
              .is_stopped = [&] { return failed || watch_.was_asked(); }},
             ranks_,
             {.give = [&](std::size_t) { return dist::Bytes(failed ? 1 : 0); },
              .take =
                  [&](std::size_t, std::span<const std::byte> bytes) {
                    if (!bytes.empty()) failed = true;
                    ++begun;
                  }});
    if (dist::any(ranks_, watch_.was_asked())) throw Stopped();
    dist::together(ranks_, [&] {
      if (error) std::rethrow_exception(error);
    });
  }

  [[nodiscard]] bool is_first() const { return ranks_.rank() == 0; }
  [[nodiscard]] fs::path legend() const { return fs::path(arguments_.out) / "classes.json"; }
  [[nodiscard]] fs::path index() const { return fs::path(arguments_.out) / "index.html"; }

  // Before anything is done.
  void require_free_places() const {
    std::vector<fs::path> inputs(all_scans_);
    inputs.push_back(model_);
    const Outputs outputs(inputs, arguments_.overwrite), replaced(inputs, true);
    for (const std::size_t i : todo_) {
      // A call that was killed may have left some of them, and marks on none.
      const bool is_left = arguments_.resume && records_->was_begun(scans_[i]);
      for (const fs::path& file : outputs_of_scan(i)) {
        (is_left ? replaced : outputs).require_free(file);
        require_other_than_json(file);
      }
    }
    // The folder of the results may still have to be made.
    const fs::path folder = resolved(arguments_.json).parent_path();
    const bool waits = !fs::exists(folder) && folder == resolved(arguments_.out);
    waits ? outputs.require_free(arguments_.json) : outputs.require_place(arguments_.json);
    require_other_than_json(legend());
    require_other_than_json(index());
    // Other parts, and calls before this one, write them too.
    if (!is_legend_there()) outputs.require_free(legend());
    const bool shares_index = part_.count > 1 && records_->is_used();
    if (!arguments_.no_pictures && all_scans_.size() > 1 && !shares_index) {
      outputs.require_free(index());
    }
  }

  void require_other_than_json(const fs::path& result) const {
    if (arguments_.json.empty() || arguments_.json == kStream) return;
    if (resolved(arguments_.json) != resolved(result)) return;
    throw std::invalid_argument(fmt::format(
        "'{}' is a result of this call: choose another place for --json", result.string()));
  }

  [[nodiscard]] std::vector<fs::path> outputs_of_scan(std::size_t i) const {
    return outputs_of(scans_[i], arguments_.out, arguments_.format, !arguments_.no_pictures);
  }

  // What a call that was killed did not finish. Other parts may be at work beside this one, on other machines: theirs
  // are left alone.
  void remove_leftovers() const {
    std::set<std::string> results, notes;
    for (const fs::path& scan : scans_) {
      for (const fs::path& file : outputs_of(scan, arguments_.out, arguments_.format, true)) {
        results.insert(file.filename().string());
      }
      notes.insert(records_->file_of(scan).filename().string());
    }
    if (part_.count == 1) {
      for (const fs::path& file : {legend(), index()}) results.insert(file.filename().string());
    }
    const auto among = [](const std::set<std::string>& names) {
      return [&names](const std::string& name) { return names.contains(name); };
    };
    remove_stale_temporaries(arguments_.out, among(results));
    remove_stale_temporaries(records_->file_of("any").parent_path(), among(notes));
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
      return std::min(memory_, most_bytes(scan, segment_options(arguments_, 0), *labeller_));
    } catch (const std::exception&) {
      return 0;
    }
  }

  [[nodiscard]] SegmentOptions options_with_progress(std::size_t i, std::size_t memory) {
    SegmentOptions options = segment_options(arguments_, memory);
    options.model = model_;
    options.known = known_;
    options.on_piece = [this] {
      if (watch_.was_asked()) throw Stopped();
    };
    options.on_tile = [this, i](std::size_t tile, std::size_t tiles) {
      if (watch_.was_asked()) throw Stopped();
      show_progress(
          fmt::format("  {}: tile {}/{}", scans_[i].filename().string(), tile + 1, tiles));
    };
    return options;
  }

  void finish_scan(std::size_t i) {
    for (const fs::path& file : outputs_of_scan(i)) {
      if (io::is_sidecar_name(file) && !io::is_sidecar(file)) continue;  // another's
      Outputs::mark(file);
    }
    records_->write(scans_[i], outcomes_[i].scan);
  }

  void work_on(std::size_t i) {
    Outcome& outcome = outcomes_[i];
    try {
      show_progress("");
      const std::size_t memory = std::max<std::size_t>(1, outcome.bytes);
      const SegmentOptions options = options_with_progress(i, memory);
      records_->begin(scans_[i]);
      with_threads(threads_, [&] { outcome.scan = segment_scan(scans_[i], *labeller_, options); });
      finish_scan(i);
      outcome.is_done = true;
      release_workspaces(memory);
    } catch (const Stopped&) {
      // neither done nor failed
    } catch (const std::exception& error) {
      outcome.error = error_words(error);
      outcome.is_done = true;
    }
    count_done();
  }

  void count_done() {
    const std::lock_guard lock(mutex_);
    ++done_;
  }

  // For rank 0.
  [[nodiscard]] dist::Bytes bytes_of(const Outcome& outcome) const {
    nlohmann::ordered_json json = {{"is_done", outcome.is_done}, {"error", outcome.error}};
    if (outcome.is_done && outcome.error.empty()) {
      json["scan"] = to_json(outcome.scan, labeller_->classes());
    }
    const std::string text = json_text(json);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }

  void take(std::span<const std::byte> bytes, Outcome& outcome) {
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
      const OnNote say = note_on(shown_name(scans_[i].string()));
      std::ranges::for_each(outcome.scan.notes, say);
      index_.push_back(index_entry(outcome.scan, arguments_.format));
      report_.push_back(to_json(outcome.scan, labeller_->classes()));
    } else {
      ++broken_;
      fmt::print(stderr, "voxloom: {}\n", error_on(shown_name(scans_[i].string()), outcome.error));
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
        if (const auto found = records_->find(scan))
          entries.push_back(index_entry(*found, arguments_.format));
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
    write_text_to(arguments_.json, json_text(report_, 2) + "\n");
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
  fs::path model_;
  std::vector<KnownModel> known_;
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
  if (arguments.format == kLabelFormat && arguments.survey.leaves_out_points()) {
    throw BadUsage(
        "--format label writes a label for each point of the file: --crop and --thin leave some "
        "out");
  }
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
  add_segment_options(command, *arguments);
  command.callback([arguments] { run_segment(*arguments); });
}

}  // namespace voxloom::cli
