// voxloom data check: what a configuration's data are, before hours go into training on them.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/label_pictures.h"
#include "cli/outputs.h"
#include "cli/presets.h"
#include "cli/train_config.h"
#include "voxloom/input_profile.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct DataArguments {
  std::string action, config, folder, out;
  std::int64_t scans = 0;  // 0: all
  bool overwrite = false;
};

// Counts over all scans that could be read.
struct Seen {
  std::vector<std::int64_t> of_class, scans_with;
  std::int64_t points = 0, unlabelled = 0, scans = 0, broken = 0;

  explicit Seen(std::int64_t classes)
      : of_class(static_cast<std::size_t>(classes), 0), scans_with(of_class) {}

  void add(const LabelledScan& scan) {
    std::vector<std::int64_t> here(of_class.size(), 0);
    for (const std::int32_t label : scan.labels) {
      if (label < 0) {
        ++unlabelled;
      } else {
        ++here[static_cast<std::size_t>(label)];
      }
    }
    for (std::size_t c = 0; c < here.size(); ++c) {
      of_class[c] += here[c];
      scans_with[c] += here[c] > 0 ? 1 : 0;
    }
    points += scan.size();
    ++scans;
  }
};

void print_classes(const Seen& seen, const ClassTable& classes) {
  std::size_t width = 10;
  for (const LabelClass& one : classes.classes) width = std::max(width, one.name.size());
  fmt::print("{:<{}}  {:>12}  {:>8}  {:>6}  {}\n", "class", width, "points", "share", "scans",
             "labels");
  const auto all = static_cast<double>(std::max<std::int64_t>(1, seen.points));
  for (std::size_t c = 0; c < seen.of_class.size(); ++c) {
    const LabelClass& one = classes.classes[c];
    fmt::print("{:<{}}  {:>12}  {:>7.3f}%  {:>6}  {}\n", one.name, width, seen.of_class[c],
               100 * static_cast<double>(seen.of_class[c]) / all, seen.scans_with[c],
               fmt::join(one.values, " "));
  }
  fmt::print("{:<{}}  {:>12}  {:>7.3f}%  {:>6}  {}\n", "no class", width, seen.unlabelled,
             100 * static_cast<double>(seen.unlabelled) / all, "", fmt::join(classes.ignored, " "));
}

void print_profile(const InputProfile& profile) {
  const auto range = [](const char* what, const Interval& of, const char* unit) {
    fmt::print("{:<46}  {:.4g} to {:.4g}{}\n", what, of.low, of.high, unit);
  };
  range("points of a scan", profile.points, "");
  range("95 of 100 points lie within", profile.extent, " m");
  range("points in a cubic metre that has any, at most", profile.density, "");
  range("the lowest points around the sensor", profile.floor, " m");
  range("sides of the sensor with points, of 8", profile.surrounding, "");
  fmt::print("\n{:<28}  {:>10}  {:>10}  {:>10}\n", "feature", "5 of 100", "half", "95 of 100");
  for (const InputProfile::Feature& feature : profile.features) {
    fmt::print("{:<28}  {:>10.4g}  {:>10.4g}  {:>10.4g}\n", feature.name, feature.low,
               feature.middle, feature.high);
  }
}

// Returns whether all scans could be read and there is something to learn.
bool check_part(const DataConfig& config, const FeatureSet& features, const std::string& part,
                const DataArguments& arguments) {
  const DatasetPtr data = open_data(config, features);
  const std::int64_t count =
      arguments.scans > 0 ? std::min(arguments.scans, data->size()) : data->size();
  fmt::print("\n{}: {} scans{}\n", part, data->size(),
             count < data->size() ? fmt::format(", looked at are {}", count) : "");
  Seen seen(data->classes().size());
  const InterruptWatch watch;
  for (std::int64_t i = 0; i < count; ++i) {
    if (watch.was_asked()) throw Stopped();
    try {
      const std::int64_t index = i * data->size() / count;
      const LabelledScan scan = data->get(index);
      seen.add(scan);
      if (seen.scans > 1 || arguments.out.empty()) continue;
      const std::vector<fs::path> files = label_pictures_of(arguments.out, part);
      write_label_pictures(files, fmt::format("{}: {} points", data->name(index), scan.size()),
                           scan.positions, scan.labels, data->classes(), seen.of_class);
      std::ranges::for_each(files, &Outputs::mark);
    } catch (const std::exception& error) {
      ++seen.broken;
      fmt::print(stderr, "voxloom: {}\n", error.what());
    }
  }
  if (seen.scans == 0) return false;
  print_classes(seen, data->classes());
  std::string without;
  for (std::size_t c = 0; c < seen.of_class.size(); ++c) {
    if (seen.of_class[c] > 0) continue;
    without += (without.empty() ? "" : ", ") + data->classes().classes[c].name;
  }
  if (!without.empty()) say_note(fmt::format("{}: no point of {}", part, without));
  fmt::print("\n");
  if (seen.broken == 0)
    print_profile(profile_of(*data, features, std::min<std::int64_t>(count, 20)));
  if (seen.broken > 0) {
    fmt::print(stderr, "voxloom: {} of {} scans cannot be used\n", seen.broken, count);
  }
  return seen.broken == 0 && seen.unlabelled < seen.points;
}

void check(const DataArguments& arguments) {
  const TrainConfig config = named_config(arguments.config, arguments.folder);
  if (!arguments.out.empty()) {
    const Outputs outputs({}, arguments.overwrite);
    for (const char* part : {"data", "validation"}) {
      for (const fs::path& file : label_pictures_of(arguments.out, part))
        outputs.require_free(file);
    }
    fs::create_directories(arguments.out);
  }
  bool is_good = check_part(config.data, config.train.features, "data", arguments);
  if (config.validation) {
    is_good =
        check_part(*config.validation, config.train.features, "validation", arguments) && is_good;
  }
  if (!is_good) throw Leave{kFailure};
}

}  // namespace

void add_data(Options command) {
  const auto arguments = std::make_shared<DataArguments>();
  command.add_option("action", arguments->action, "check")
      .required()
      .check(one_of({"check"}, List::hidden))
      .type_name("check");
  command
      .add_option("config", arguments->config,
                  "A configuration as of `train`, a simulated world (street, rooms, aerial), or "
                  "the name of a\n"
                  "data set with --data")
      .required()
      .type_name("CONFIG");
  command.add_option("--data", arguments->folder, "The folder of a data set that is named")
      .type_name("FOLDER");
  command.add_option("--scans", arguments->scans, "Look at so many scans, spread over all")
      .check(in_range(std::int64_t{1}, std::int64_t{1} << 31))
      .type_name("N");
  command
      .add_option("-o,--out", arguments->out,
                  "Also draw the first scan, in the colours of its classes")
      .type_name("DIR");
  add_overwrite_option(command, arguments->overwrite);
  command.footer(
      fmt::format("\nReads the scans that the configuration names and prints points and scans of "
                  "each class, how\n"
                  "far and how dense they are, and the range of each feature. The exit code is 1 "
                  "when one cannot\n"
                  "be read, or nothing is labelled. Data sets by name: {}.\n"
                  "\nExamples:\n"
                  "  voxloom data check mine.json --out look\n"
                  "  voxloom data check semantickitti --data SemanticKITTI --scans 50\n",
                  fmt::join(preset_names(), ", ")));
  command.callback([arguments] { check(*arguments); });
}

}  // namespace voxloom::cli
