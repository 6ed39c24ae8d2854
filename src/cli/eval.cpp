// voxloom eval: how well a model labels the points of a dataset.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "bench/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_path.h"
#include "cli/outputs.h"
#include "cli/plan_options.h"
#include "cli/score_files.h"
#include "cli/score_table.h"
#include "cli/streams.h"
#include "cli/train_config.h"
#include "cli/train_progress.h"
#include "voxloom/parallel.h"
#include "voxloom/point_labeller.h"
#include "voxloom/simulator.h"
#include "voxloom/train.h"

namespace voxloom::cli {
namespace {

constexpr std::uint64_t kNoSeed = std::numeric_limits<std::uint64_t>::max();

struct EvalArguments {
  std::string bundle, dataset, split, json, out;
  bool overwrite = false;
  int votes = 1;
  std::int64_t scans = 0;  // of made-up worlds; 0: not said
  std::uint64_t seed = kNoSeed;
  int threads = 0;
  std::string classes;
  std::vector<std::string> parts;
  ScanOptions scan;
};

// What would be passed over is refused.
void check_usage(const EvalArguments& arguments) {
  if (!words_of(sim::kWorlds).contains(arguments.dataset)) {
    if (arguments.scans == 0 && arguments.seed == kNoSeed) return;
    throw BadUsage(
        "--scans and --seed are of made-up worlds; --parts and --split choose of a folder");
  }
  refuse_of_made(arguments.scan);
  if (!arguments.classes.empty() || !arguments.parts.empty()) {
    throw BadUsage("--classes and --parts are of a folder, not of a made-up world");
  }
}

DatasetPtr scans_of(const EvalArguments& arguments, const label::PointLabeller& labeller,
                    std::vector<std::string>& notes) {
  const auto worlds = words_of(sim::kWorlds);
  const auto world = worlds.find(arguments.dataset);
  if (world == worlds.end()) {
    return open_data({.folders = {arguments.dataset},
                      .classes = arguments.classes,
                      .parts = arguments.parts,
                      .split = arguments.split,
                      .scan = arguments.scan},
                     labeller.features(), [&](const std::string& note) {
                       say_note(note);
                       notes.push_back(note);
                     });
  }
  const auto splits = words_of(sim::kSplits);
  const auto split = splits.find(arguments.split.empty() ? "test" : arguments.split);
  if (split == splits.end()) throw BadUsage("--split of a made-up world is train, val or test");
  constexpr std::int64_t kScans = 20;
  return sim::world_dataset(world->second,
                            {.split = split->second,
                             .scans = arguments.scans > 0 ? arguments.scans : kScans,
                             .seed = arguments.seed == kNoSeed ? 0 : arguments.seed});
}

std::int64_t labelled_in(const train::ConfusionMatrix& seen) {
  std::int64_t points = 0;
  for (std::int64_t c = 0; c < seen.classes(); ++c) points += seen.labelled(c);
  return points;
}

// The model's classes as places in the dataset's table, by name; -1 for those that it lacks.
std::vector<std::int32_t> classes_by_name(const ClassTable& model, const ClassTable& data,
                                          std::vector<std::string>& notes) {
  std::vector<std::int32_t> places;
  std::string not_in_data, not_in_model;
  const auto list = [](std::string& names, const std::string& name) {
    names += (names.empty() ? "" : ", ") + name;
  };
  for (const LabelClass& one : model.classes) {
    const auto found = std::ranges::find(data.classes, one.name, &LabelClass::name);
    places.push_back(
        found == data.classes.end() ? -1 : static_cast<std::int32_t>(found - data.classes.begin()));
    if (places.back() < 0) list(not_in_data, one.name);
  }
  for (const LabelClass& one : data.classes) {
    const auto found = std::ranges::find(model.classes, one.name, &LabelClass::name);
    if (found == model.classes.end()) list(not_in_model, one.name);
  }
  if (std::ranges::count(places, -1) == model.size()) {
    throw std::invalid_argument(fmt::format(
        "the model and the data have no class in common: {} and {}", not_in_data, not_in_model));
  }
  if (!not_in_data.empty()) {
    notes.push_back("the data have no class " + not_in_data + ": such predictions are wrong");
  }
  if (!not_in_model.empty()) {
    notes.push_back("the model has no class " + not_in_model + ": their points are missed");
  }
  return places;
}

// By the places of the dataset's table.
train::Labeller by_name(const label::PointLabeller& labeller, std::vector<std::int32_t> places,
                        int votes) {
  return [&labeller, places = std::move(places), votes](const LabelledScan& scan) {
    std::vector<std::int32_t> classes;
    for (const std::uint16_t one : labeller.label(scan, {.votes = votes}).classes) {
      classes.push_back(one == label::kNoClass ? kIgnoreLabel : places.at(one));
    }
    return classes;
  };
}

void run_eval(const EvalArguments& arguments) {
  check_usage(arguments);
  use_tuned_plans();
  const std::filesystem::path bundle = find_model(arguments.bundle);
  const label::PointLabeller labeller(bundle);
  std::vector<std::string> notes;
  const DatasetPtr data = scans_of(arguments, labeller, notes);
  std::vector<std::string> mismatches;
  const train::Labeller labels = by_name(
      labeller, classes_by_name(labeller.classes(), data->classes(), mismatches), arguments.votes);
  for (const std::string& note : mismatches) {
    say_note(note);
    notes.push_back(note);
  }
  const Outputs outputs({arguments.dataset, bundle}, arguments.overwrite);
  outputs.require_place(arguments.json);
  if (!arguments.out.empty()) {
    for (const auto& file : score_files(arguments.out)) outputs.require_free(file);
  }
  const InterruptWatch watch;
  bench::Progress progress(stderr);
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  train::ConfusionMatrix seen(data->classes().size());
  with_threads(arguments.threads, [&] {
    seen = train::evaluate(*data, labels, [&](std::int64_t scan) {
      const double done = static_cast<double>(scan + 1);
      const double left = elapsed() / done * (static_cast<double>(data->size()) - done);
      progress.show(
          fmt::format("scan {}/{}  {} left", scan + 1, data->size(), duration_text(left)));
      return !watch.was_asked();
    });
  });
  progress.clear();
  if (watch.was_asked()) throw Stopped();
  if (labelled_in(seen) == 0) {
    throw std::runtime_error(fmt::format(
        "'{}' has no point with a class: there is nothing to measure", arguments.dataset));
  }
  fmt::print(report_stream(arguments.json), "{}{} scans in {}\n",
             score_table(seen, data->classes()), data->size(), duration_text(elapsed()));
  if (!arguments.out.empty()) write_score_files(arguments.out, seen, data->classes(), notes);
  if (arguments.json.empty()) return;
  write_text_to(arguments.json, score_json(seen, data->classes(), notes));
}

}  // namespace

void add_eval(Options command) {
  const auto arguments = std::make_shared<EvalArguments>();
  command.add_option("bundle", arguments->bundle, kModelHelp).required().type_name("BUNDLE");
  command
      .add_option("dataset", arguments->dataset,
                  "A folder of labelled scans, or `street`, `rooms` or `aerial`: simulated ones")
      .required()
      .type_name("DATASET");
  command
      .add_option(
          "--split", arguments->split,
          "Of a folder: a file that lists its scans, a name or path below it on each line;\n"
          "of simulated ones: train, val or test, the default")
      .type_name("FILE");
  command.add_option("--scans", arguments->scans, "Of simulated ones: how many; default 20")
      .check(in_range(std::int64_t{1}, std::int64_t{1000000}))
      .type_name("N");
  command.add_option("--seed", arguments->seed, "Of simulated ones")
      .check(in_range(std::uint64_t{0}, (std::uint64_t{1} << 32) - 1))
      .type_name("N");
  command
      .add_option(
          "--classes", arguments->classes,
          "The table of classes: JSON as docs/simulator.md has it, or SemanticKITTI's yaml;\n"
          "by default what lies in the folder")
      .type_name("FILE");
  command
      .add_option(
          "--parts", arguments->parts,
          "Of a folder: these sequences, folders of scenes or scans, and scans alone, with commas\n"
          "between; * and ? stand for letters")
      .delimiter(',')
      .type_name("NAMES");
  command
      .add_option("--json", arguments->json,
                  "Also write the figures to this file; - is the standard output")
      .type_name("FILE");
  command
      .add_option("-o,--out", arguments->out,
                  "Also write scores.csv, confusion.csv, confusion.png and scores.json there")
      .type_name("DIR");
  add_votes_option(command, arguments->votes);
  add_overwrite_option(command, arguments->overwrite);
  add_read_options(command, arguments->scan);
  add_input_options(command, arguments->scan);
  add_threads_option(command, arguments->threads);
  command.footer(
      "\nThe model takes points, features, batch and active and gives scores, as `voxloom train`\n"
      "writes it. Its classes and those of the data are compared by their names.\n"
      "\nExamples:\n"
      "  voxloom eval runs/street/model.lattice street --scans 50\n"
      "  voxloom eval runs/mine/model.lattice scans/\n"
      "  voxloom eval runs/kitti/model.lattice SemanticKITTI/ --parts 08\n");
  command.callback([arguments] { run_eval(*arguments); });
}

}  // namespace voxloom::cli
