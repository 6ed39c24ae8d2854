// voxloom train: a network that labels points, from a configuration to a bundle.
#include <fmt/core.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/find_rate.h"
#include "cli/interrupt.h"
#include "cli/plan_options.h"
#include "cli/presets.h"
#include "cli/ranks.h"
#include "cli/run_folder.h"
#include "cli/run_page.h"
#include "cli/run_reports.h"
#include "cli/score_table.h"
#include "cli/streams.h"
#include "cli/train_progress.h"
#include "voxloom/augment.h"
#include "voxloom/export_module.h"
#include "voxloom/input_profile.h"
#include "voxloom/safetensors.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct TrainArguments {
  std::string config, data, out, resume;
  std::int64_t steps = 0;
  int threads = 0;
  bool overwrite = false, finds_rate = false, prints_config = false;
  ScanOptions scan;
};

// What the command line says of the scans rules over the configuration. Simulated ones are what they are.
void override_with(const ScanOptions& told, DataConfig& data) {
  if (data.folders.empty()) return;
  const auto take = [](const auto& from, auto& to) {
    if (!from.empty()) to = from;
  };
  take(told.from, data.scan.from);
  take(told.fields, data.scan.fields);
  take(told.columns, data.scan.columns);
  take(told.drop, data.scan.drop);
  take(told.keep, data.scan.keep);
  if (told.intensity_range) data.scan.intensity_range = told.intensity_range;
  data.scan.strict = data.scan.strict || told.strict;
}

DatasetPtr trained_on(const TrainConfig& config, DatasetPtr data) {
  data = as_trained_on(std::move(data), config.data);
  return config.augment ? augmented(std::move(data), *config.augment) : data;
}

// One run, fresh or continued. A configuration that cannot be run is refused here, before there is a
// folder.
class Run {
 public:
  // A call of all ranks.
  Run(TrainConfig config, DatasetPtr data, const DatasetPtr& validation, dist::Communicator& ranks)
      : config_(std::move(config)),
        source_(data),
        classes_(data->classes()),
        net_(make_network(config_, classes_.size())),
        validation_(validation ? as_trained_on(validation, *config_.validation) : nullptr),
        trainer_(*net_, trained_on(config_, std::move(data)), config_.train, ranks) {}

  // A call of all ranks; rank 0 alone needs the file.
  void load(const fs::path& checkpoint) {
    const bool is_there = trainer_.ranks().rank() == 0 && fs::exists(checkpoint);
    if (dist::any(trainer_.ranks(), is_there)) trainer_.load(checkpoint);
  }

  // Before there is a folder. On each rank; the first one says so.
  void start(bool says) {
    if (config_.init.empty()) return;
    const train::Initialised from = train::initialise(*net_, train::read_parameters(config_.init));
    if (!says) return;
    std::string fresh;
    for (const std::string& name : from.fresh) fresh += (fresh.empty() ? "" : ", ") + name;
    say_note(fmt::format("{} parameters begin as in {}{}", from.taken, config_.init,
                         fresh.empty() ? "" : "; new are " + fresh));
  }

  void rewind(const RunFolder& folder) {
    folder.rewind_metrics(trainer_.step_count());
    folder.for_each_metric([&](const nlohmann::ordered_json& line) {
      if (line.contains("mean_iou")) mean_iou_ = line["mean_iou"].get<double>();
      if (line.contains("validation_mean_iou")) {
        judge(line["step"].get<std::int64_t>(), line["validation_mean_iou"].get<double>());
      }
    });
  }

  void run(const RunFolder& folder) {
    const InterruptWatch watch;
    TrainProgress progress(trainer_.step_count(), trainer_.total_steps());
    const int ranks = trainer_.ranks().size();
    progress.say(fmt::format(
        "{}: {} steps, {} scans, {} classes{}{}", folder.path().string(), trainer_.total_steps(),
        trainer_.data().size(), classes_.size(),
        ranks == 1 ? "" : fmt::format(", on {} ranks", ranks),
        trainer_.step_count() == 0 ? "" : fmt::format(", from step {}", trainer_.step_count())));
    const train::End end =
        dist::any(trainer_.ranks(), has_enough())
            ? train::End::finished
            : train::run(trainer_, validation_.get(),
                         {.evaluate_every = config_.evaluate_every,
                          .save_every = config_.save_every,
                          .checkpoint = folder.checkpoint(),
                          .on_step =
                              [&](const train::StepReport& report) {
                                note_step(report, folder, progress);
                                return !watch.was_asked();
                              },
                          .on_evaluation =
                              [&](std::int64_t step, const train::ConfusionMatrix& seen) {
                                note_evaluation(step, seen, folder, progress);
                              },
                          .is_enough = [&] { return has_enough(); }});
    if (end == train::End::stopped) stopped(folder, progress);
    finish(folder, progress, watch);
  }

  // Whether it has taken a step.
  [[nodiscard]] bool has_begun() const { return trainer_.step_count() > 0; }

  // A call of all ranks.
  void find_rate(const fs::path& folder, bool says) { cli::find_rate(trainer_, folder, says); }

  // On ranks other than 0, which alone says and writes anything.
  void follow() {
    const InterruptWatch watch;
    if (dist::any(trainer_.ranks(), false)) return;  // there were enough before
    train::run(trainer_, validation_.get(),
               {.evaluate_every = config_.evaluate_every,
                .on_step = [&](const train::StepReport&) { return !watch.was_asked(); }});
  }

 private:
  static constexpr std::int64_t kWindow = 20;  // steps that a training mIoU is of

  // Whether it is the best so far.
  bool judge(std::int64_t step, double mean_iou) {
    if (mean_iou > best_) {
      best_ = mean_iou;
      best_step_ = step;
      worse_ = 0;
      return true;
    }
    ++worse_;
    return false;
  }
  [[nodiscard]] bool has_enough() const {
    return config_.patience > 0 && worse_ >= config_.patience;
  }
  [[nodiscard]] TensorMap parameters() const {
    TensorMap tensors;
    for (const auto& [name, tensor] : nn::parameters_of(*net_)) {
      tensors.emplace(name, tensor.to(Device{}));
    }
    return tensors;
  }

  void note_step(const train::StepReport& report, const RunFolder& folder,
                 TrainProgress& progress) {
    std::optional<double> fresh;
    if (report.step % kWindow == 0 || report.step == report.steps || report.step == 1) {
      fresh = mean_iou_ = trainer_.take_confusion().mean_iou();
    }
    folder.write_step(report, fresh);
    progress.show(report, mean_iou_);
  }

  void note_evaluation(std::int64_t step, const train::ConfusionMatrix& seen,
                       const RunFolder& folder, TrainProgress& progress) {
    const bool is_best = judge(step, seen.mean_iou());
    // Before the line that says so: a resumed run finds both, or takes the step again.
    if (is_best && config_.keeps_best) write_safetensors(folder.best(), parameters());
    folder.write_evaluation(step, seen, classes_);
    progress.say(fmt::format("step {}  validation mIoU {:.3f}  accuracy {:.3f}  after {}", step,
                             seen.mean_iou(), seen.accuracy(), duration_text(progress.seconds())));
    if (is_best || !config_.keeps_best) last_ = seen;
    write_run_reports(folder);
  }

  [[noreturn]] void stopped(const RunFolder& folder, TrainProgress& progress) const {
    write_run_reports(folder);
    progress.say(
        fmt::format("stopped after step {} and saved; continue with\n"
                    "  voxloom train --resume {}",
                    trainer_.step_count(), folder.path().string()));
    throw Leave{kStoppedByUser};
  }

  void finish(const RunFolder& folder, TrainProgress& progress, const InterruptWatch& watch) {
    const RunCurves curves = write_run_reports(folder);
    if (has_enough()) {
      progress.say(fmt::format("no better evaluation than that of step {} in {}: enough",
                               best_step_, config_.patience));
    }
    if (config_.keeps_best) {
      nn::load_parameters(*net_, train::read_parameters(folder.best()));
      progress.say(fmt::format("the models are those of step {}, mIoU {:.3f}", best_step_, best_));
    }
    export_models(folder);
    if (last_.classes() == classes_.size()) progress.say("\n" + score_table(last_, classes_));
    progress.say(fmt::format("{} and {}, after {}", folder.model().string(),
                             folder.packed_model().filename().string(),
                             duration_text(progress.seconds())));
    write_page(folder, curves, watch);
    progress.say(fmt::format("{}: the run on a page", folder.page().string()));
  }

  // Fewer of those that are too large to be trained on whole.
  [[nodiscard]] std::int64_t profiled_scans() const { return config_.data.crop > 0 ? 5 : 20; }

  void export_models(const RunFolder& folder) const {
    artifact::ExportOptions options{.in_channels = config_.train.features.size()};
    const double size = config_.train.voxel_size;
    const Grid grid{.voxel_size = {size, size, size}};
    // What features and scores mean travels with the model.
    std::map<std::string, std::string> companions = {
        {"classes.json", format_classes(classes_)},
        {std::string(kFeaturesFile),
         format_features(config_.train.features,
                         profile_of(*source_, config_.train.features, profiled_scans()))}};
    const std::map<std::string, std::string> packed_companions = companions;
    if (config_.is_trainable) {
      const std::vector<std::byte> bytes = format_safetensors(parameters());
      companions.emplace(train::kTrainedFile,
                         std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    artifact::write_bundle(folder.model(), export_on_points(*net_, grid, options), companions);
    options.packed = QuantizeOptions{.bits = 8, .group_size = 32};
    artifact::write_bundle(folder.packed_model(), export_on_points(*net_, grid, options),
                           packed_companions);
  }

  void write_page(const RunFolder& folder, const RunCurves& curves,
                  const InterruptWatch& watch) const {
    RunPage page{.folder = folder, .curves = curves, .settings = to_json(config_)};
    std::optional<JudgedScans> judged;
    if (validation_ != nullptr) {
      page.labeller = train::labeller_of(*net_, config_.train.voxel_size, config_.train.features);
      judged = judge_scans(*validation_, page.labeller, [&] { return !watch.was_asked(); });
      if (!judged) throw Stopped("the page was whole; the models are");
      page.validation = validation_.get();
      page.judged = &*judged;
    }
    write_text_to(folder.page().string(), format_run_page(page));
  }

  TrainConfig config_;
  DatasetPtr source_;  // whole scans as they are
  ClassTable classes_;
  std::unique_ptr<nn::Module> net_;
  DatasetPtr validation_;
  train::Trainer trainer_;
  double mean_iou_ = 0;
  double best_ = -1;  // of the evaluations
  std::int64_t best_step_ = 0, worse_ = 0;
  train::ConfusionMatrix last_{1};
};

TrainConfig overridden(TrainConfig config, const TrainArguments& arguments) {
  if (arguments.steps > 0) config.train.steps = arguments.steps;
  const bool has_files =
      !config.data.folders.empty() || (config.validation && !config.validation->folders.empty());
  if (!has_files) refuse_of_made(arguments.scan);
  override_with(arguments.scan, config.data);
  if (config.validation) override_with(arguments.scan, *config.validation);
  return config;
}

TrainConfig config_of(const TrainArguments& arguments) {
  return overridden(named_config(arguments.config, arguments.data), arguments);
}

// What the data say, not the file.
TrainConfig completed(TrainConfig config, const Dataset& data) {
  if (config.balance_classes) config.train.class_weights = train::balanced_weights(data);
  return config;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Of a run that goes on, what it began with; whoever writes makes its folder tidy.
TrainConfig config_for(const TrainArguments& arguments, bool writes) {
  if (!arguments.resume.empty()) {
    return read_train_config(
        (writes ? RunFolder::open(arguments.resume) : RunFolder::at(arguments.resume)).config());
  }
  if (writes && arguments.finds_rate) require_free_rates(arguments.out, arguments.overwrite);
  if (writes && !arguments.finds_rate) RunFolder::require_free(arguments.out, arguments.overwrite);
  TrainConfig config = config_of(arguments);
  if (arguments.finds_rate) {
    config.train.steps = arguments.steps > 0 ? arguments.steps : kSweepSteps;
  }
  return config;
}

// On each rank.
struct Opened {
  Opened(const TrainArguments& arguments, bool writes)
      : config(config_for(arguments, writes)),
        data(open_data(config.data, config.train.features)),
        validation(config.validation ? open_data(*config.validation, config.train.features)
                                     : nullptr) {
    if (validation != nullptr && validation->classes() != data->classes()) {
      throw std::invalid_argument("the validation data have other classes than the training data");
    }
  }

  TrainConfig config;  // as it is written down
  DatasetPtr data, validation;
};

void train_on(dist::Communicator& ranks, const TrainArguments& arguments) {
  const bool is_new = arguments.resume.empty(), writes = ranks.rank() == 0;
  std::optional<Opened> opened;
  std::optional<TrainConfig> config;
  dist::together(ranks, [&] {
    opened.emplace(arguments, writes);
    config.emplace(completed(opened->config, *as_trained_on(opened->data, opened->config.data)));
  });
  Run run(*config, opened->data, opened->validation, ranks);
  if (!is_new) run.load(RunFolder::at(arguments.resume).checkpoint());
  if (arguments.finds_rate) {
    dist::together(ranks, [&] { run.start(writes); });
    return run.find_rate(arguments.out, writes);
  }
  std::optional<RunFolder> folder;
  dist::together(ranks, [&] {
    if (is_new) run.start(writes);
    if (!writes) return;
    folder = is_new ? RunFolder::create(arguments.out, opened->config, opened->data->classes(),
                                        arguments.overwrite)
                    : RunFolder::open(arguments.resume);
    if (!is_new) run.rewind(*folder);
  });
  if (folder) {
    try {
      run.run(*folder);
    } catch (...) {
      if (!run.has_begun()) folder->withdraw();
      throw;
    }
  } else {
    run.follow();
  }
}

// With every setting, so that it can be edited.
void print_config(const TrainArguments& arguments) {
  if (!arguments.resume.empty() && !arguments.config.empty()) {
    throw BadUsage("give either a configuration or --resume RUN");
  }
  TrainConfig config = overridden({.data = {.folders = {"scans"}}}, arguments);
  if (!arguments.resume.empty()) config = config_for(arguments, false);
  if (!arguments.config.empty()) config = config_of(arguments);
  fmt::print("{}", to_json(config));
}

// What a run that goes on has in its config.json, and cannot be told otherwise.
bool tells_settings(const TrainArguments& arguments) {
  return !arguments.data.empty() || arguments.steps > 0 || says_something(arguments.scan);
}

void run_train(const TrainArguments& arguments) {
  if (arguments.prints_config) return print_config(arguments);
  use_tuned_plans();
  const bool is_new = arguments.resume.empty();
  if (!is_new && arguments.finds_rate) {
    throw BadUsage("--find-rate begins afresh: not with --resume");
  }
  if (is_new == arguments.config.empty()) {
    throw BadUsage("give either a configuration or --resume RUN");
  }
  if (!is_new && tells_settings(arguments)) {
    throw BadUsage(
        "--resume goes on as the run began: --steps, --data and what is said of scans are for a "
        "new run");
  }
  with_ranks(arguments.threads, [&](dist::Communicator& ranks) { train_on(ranks, arguments); });
}

}  // namespace

void add_train(Options command) {
  const auto arguments = std::make_shared<TrainArguments>();
  command
      .add_option("config", arguments->config,
                  "A configuration (JSON); a simulated world with sensible settings: " +
                      listed(world_names()) +
                      ";\nor the name of a data set: " + listed(preset_names()))
      .type_name("CONFIG");
  command.add_option("--data", arguments->data, "The folder of a data set that is named")
      .type_name("FOLDER");
  const Option out = command.add_option("-o,--out", arguments->out, "The run's folder")
                         .default_val("run")
                         .type_name("RUN");
  add_overwrite_option(command, arguments->overwrite);
  command.add_option("--steps", arguments->steps, "So many steps, whatever the configuration says")
      .check(in_range(std::int64_t{1}, std::int64_t{1} << 31))
      .type_name("N");
  command
      .add_option(
          "--resume", arguments->resume,
          "Continue the run in this folder, as it began: with no other option but --threads")
      .type_name("RUN")
      .excludes(out);
  command.add_flag(
      "--find-rate", arguments->finds_rate,
      "Train nothing: raise the rate from step to step, say which one to begin with, and\n"
      "leave the curve of the loss as rates.csv and rates.png in the run's folder");
  command.add_flag(
      "--print-config", arguments->prints_config,
      "Train nothing: print the configuration with all settings; without one, the defaults");
  add_read_options(command, arguments->scan);
  add_input_options(command, arguments->scan);
  add_threads_option(command, arguments->threads);
  command.footer(
      "\nThe run's folder gets config.json, classes.json, metrics.jsonl and .csv, curves.png, an "
      "event\n"
      "file for TensorBoard, a checkpoint, and at the end model.lattice, its packed twin\n"
      "model_int8.lattice, and index.html, which shows all of it. Ctrl-C saves; a run\n"
      "that was stopped and continued ends with the same bits as one that was not.\n"
      "docs/training.md lists the settings of a configuration, docs/clusters.md tells of many "
      "machines.\n"
      "\nExamples:\n"
      "  voxloom train street --out runs/street\n"
      "  voxloom train rooms --out runs/rooms\n"
      "  voxloom train --print-config > mine.json\n"
      "  voxloom train mine.json --find-rate --out rates\n"
      "  voxloom train mine.json --out runs/mine\n"
      "  voxloom train --resume runs/mine\n"
      "  mpirun -n 4 voxloom train mine.json --out runs/mine\n");
  command.callback([arguments] { run_train(*arguments); });
}

}  // namespace voxloom::cli
