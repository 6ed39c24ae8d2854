// voxloom train: a network that labels points, from a configuration to a bundle.
#include <fmt/core.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/metrics_table.h"
#include "cli/outputs.h"
#include "cli/plan_options.h"
#include "cli/presets.h"
#include "cli/ranks.h"
#include "cli/run_curves.h"
#include "cli/run_folder.h"
#include "cli/score_table.h"
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
  bool overwrite = false;
  ScanOptions scan;
};

// What the command line says of the scans rules over the configuration.
void override_with(const ScanOptions& told, DataConfig& data) {
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

// One run, fresh or continued. A configuration that cannot be run is refused here, before there is a
// folder.
class Run {
 public:
  // A call of all ranks.
  Run(TrainConfig config, DatasetPtr data, DatasetPtr validation, dist::Communicator& ranks)
      : config_(std::move(config)),
        source_(data),
        classes_(data->classes()),
        net_(net_options(config_, classes_.size())),
        validation_(std::move(validation)),
        trainer_(net_, config_.augment ? augmented(data, moderate_augmentation()) : std::move(data),
                 config_.train, ranks) {}

  // A call of all ranks; rank 0 alone needs the file.
  void load(const fs::path& checkpoint) {
    const bool is_there = trainer_.ranks().rank() == 0 && fs::exists(checkpoint);
    if (dist::any(trainer_.ranks(), is_there)) trainer_.load(checkpoint);
  }

  // Before there is a folder. On each rank; the first one says so.
  void start(bool says) {
    if (config_.init.empty()) return;
    const train::Initialised from = train::initialise(net_, train::read_parameters(config_.init));
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
    finish(folder, progress);
  }

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
    for (const auto& [name, tensor] : nn::parameters_of(net_)) {
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
    draw(folder);
  }

  static void draw(const RunFolder& folder) {
    draw_curves(folder);
    write_metrics_table(folder);
  }

  [[noreturn]] void stopped(const RunFolder& folder, TrainProgress& progress) const {
    draw(folder);
    progress.say(
        fmt::format("stopped after step {} and saved; continue with\n"
                    "  voxloom train --resume {}",
                    trainer_.step_count(), folder.path().string()));
    throw Leave{kStoppedByUser};
  }

  void finish(const RunFolder& folder, TrainProgress& progress) {
    draw(folder);
    if (has_enough()) {
      progress.say(fmt::format("no better evaluation than that of step {} in {}: enough",
                               best_step_, config_.patience));
    }
    if (config_.keeps_best) {
      nn::load_parameters(net_, train::read_parameters(folder.best()));
      progress.say(fmt::format("the models are those of step {}, mIoU {:.3f}", best_step_, best_));
    }
    artifact::ExportOptions options{.in_channels = config_.train.features.size()};
    const double size = config_.train.voxel_size;
    const Grid grid{.voxel_size = {size, size, size}};
    // What features and scores mean travels with the model.
    std::map<std::string, std::string> companions = {
        {"classes.json", format_classes(classes_)},
        {std::string(kFeaturesFile),
         format_features(config_.train.features, profile_of(*source_, config_.train.features))}};
    const std::map<std::string, std::string> packed_companions = companions;
    if (config_.is_trainable) {
      const std::vector<std::byte> bytes = format_safetensors(parameters());
      companions.emplace(train::kTrainedFile,
                         std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    artifact::write_bundle(folder.model(), export_on_points(net_, grid, options), companions);
    options.packed = QuantizeOptions{.bits = 8, .group_size = 32};
    artifact::write_bundle(folder.packed_model(), export_on_points(net_, grid, options),
                           packed_companions);
    if (last_.classes() == classes_.size()) progress.say("\n" + score_table(last_, classes_));
    progress.say(fmt::format("{} and {}, after {}", folder.model().string(),
                             folder.packed_model().filename().string(),
                             duration_text(progress.seconds())));
  }

  TrainConfig config_;
  DatasetPtr source_;  // as it is, not augmented
  ClassTable classes_;
  nn::MinkUNet net_;
  DatasetPtr validation_;
  train::Trainer trainer_;
  double mean_iou_ = 0;
  double best_ = -1;  // of the evaluations
  std::int64_t best_step_ = 0, worse_ = 0;
  train::ConfusionMatrix last_{1};
};

TrainConfig config_of(const TrainArguments& arguments) {
  const auto preset = preset_config(arguments.config, arguments.data);
  if (preset && arguments.data.empty()) {
    throw BadUsage(fmt::format("--data names the folder of {}", arguments.config));
  }
  if (!preset && !arguments.data.empty()) {
    throw BadUsage("--data is for data sets by name; a configuration names its own");
  }
  TrainConfig config = preset                         ? *preset
                       : arguments.config == "street" ? street_config()
                                                      : read_train_config(arguments.config);
  if (arguments.steps > 0) config.train.steps = arguments.steps;
  override_with(arguments.scan, config.data);
  if (config.validation) override_with(arguments.scan, *config.validation);
  return config;
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
  if (writes) RunFolder::require_free(arguments.out, arguments.overwrite);
  return config_of(arguments);
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
    config.emplace(completed(opened->config, *opened->data));
  });
  Run run(*config, opened->data, opened->validation, ranks);
  if (!is_new) run.load(RunFolder::at(arguments.resume).checkpoint());
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
    run.run(*folder);
  } else {
    run.follow();
  }
}

void run_train(const TrainArguments& arguments) {
  use_tuned_plans();
  const bool is_new = arguments.resume.empty();
  if (is_new == arguments.config.empty()) {
    throw BadUsage("give either a configuration or --resume RUN");
  }
  with_ranks(arguments.threads, [&](dist::Communicator& ranks) { train_on(ranks, arguments); });
}

}  // namespace

void add_train(Options command) {
  const auto arguments = std::make_shared<TrainArguments>();
  command
      .add_option("config", arguments->config,
                  "A configuration (JSON), `street`: simulated streets with sensible settings, or\n"
                  "the name of a data set: " +
                      listed(preset_names()))
      .type_name("CONFIG");
  command.add_option("--data", arguments->data, "The folder of a data set that is named")
      .type_name("FOLDER");
  command.add_option("-o,--out", arguments->out, "The run's folder")
      .default_val("run")
      .type_name("RUN");
  add_overwrite_option(command, arguments->overwrite);
  command.add_option("--resume", arguments->resume, "Continue the run in this folder")
      .type_name("RUN");
  command.add_option("--steps", arguments->steps, "So many steps, whatever the configuration says")
      .check(in_range(std::int64_t{1}, std::int64_t{1} << 31))
      .type_name("N");
  add_read_options(command, arguments->scan);
  add_input_options(command, arguments->scan);
  add_threads_option(command, arguments->threads);
  command.footer(
      "\nThe run's folder gets config.json, classes.json, metrics.jsonl and .csv, curves.png, a\n"
      "checkpoint, and at the end model.lattice and its packed twin model_int8.lattice. Ctrl-C "
      "saves; a run\n"
      "that was stopped and continued ends with the same bits as one that was not.\n"
      "docs/training.md lists the settings of a configuration, docs/clusters.md tells of many "
      "machines.\n"
      "\nExamples:\n"
      "  voxloom train street --out runs/street\n"
      "  voxloom train mine.json --out runs/mine\n"
      "  voxloom train --resume runs/mine\n"
      "  mpirun -n 4 voxloom train mine.json --out runs/mine\n");
  command.callback([arguments] { run_train(*arguments); });
}

}  // namespace voxloom::cli
