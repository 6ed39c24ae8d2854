#include "cli/presets.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "data/feature_json.h"

namespace voxloom::cli {
namespace {

using Names = std::vector<std::string>;

struct Preset {
  const char* name;
  Names train, validation;  // parts of the folder; none: split_by_lists()
  double voxel_size, crop;  // metres
  const char* features;     // JSON
  const char* label = "";   // the column, where it is not called so
};

constexpr const char* kIndoor =
    R"(["colour", "normal", {"value": "height", "frame": "scene", "unit": 2}])";
constexpr const char* kLidar = R"(["intensity", "height", "distance"])";
constexpr const char* kMobile =
    R"(["intensity", "colour", {"value": "height", "frame": "ground"}])";
constexpr const char* kAerial =
    R"([{"value": "height", "frame": "ground", "unit": 10}, "normal_z"])";

const std::array<Preset, 6>& presets() {
  static const std::array<Preset, 6> kPresets = {{
      {"semantickitti",
       {"00", "01", "02", "03", "04", "05", "06", "07", "09", "10"},
       {"08"},
       0.1,
       0,
       kLidar},
      {"nuscenes", {}, {}, 0.1, 0, kLidar},
      {"scannet", {"train"}, {"val"}, 0.05, 0, kIndoor, "segment20"},
      {"s3dis", {"Area_1", "Area_2", "Area_3", "Area_4", "Area_6"}, {"Area_5"}, 0.05, 0, kIndoor},
      {"toronto3d", {"L001", "L003", "L004"}, {"L002"}, 0.1, 40, kMobile},
      {"dales", {"train"}, {"test"}, 0.4, 100, kAerial},
  }};
  return kPresets;
}

DataConfig data_of(const Preset& preset, const std::string& folder, const Names& parts) {
  DataConfig data;
  data.folders = {folder};
  data.classes = preset.name;
  data.parts = parts;
  data.crop = preset.crop;
  data.is_cached = preset.crop > 0;  // a few large files
  if (*preset.label != 0) data.scan.columns = {std::string("label=") + preset.label};
  return data;
}

// Data sets whose split is a list of scenes that their makers keep in their code: train.txt and val.txt beside the data.
void split_by_lists(const std::string& folder, TrainConfig& config) {
  const std::filesystem::path train = std::filesystem::path(folder) / "train.txt",
                              val = std::filesystem::path(folder) / "val.txt";
  if (!std::filesystem::exists(train)) {
    return say_note(fmt::format("{} is not there: all scans are trained on, and none validates",
                                train.string()));
  }
  config.data.split = train.string();
  if (!std::filesystem::exists(val)) {
    return say_note(fmt::format("{} is not there: no scan validates", val.string()));
  }
  config.validation = config.data;
  config.validation->split = val.string();
}

TrainConfig config_of(const Preset& preset, const std::string& folder) {
  TrainConfig config;
  config.data = data_of(preset, folder, preset.train);
  if (!preset.validation.empty()) config.validation = data_of(preset, folder, preset.validation);
  if (preset.train.empty()) split_by_lists(folder, config);
  config.train.features.features =
      data::features_from(nlohmann::ordered_json::parse(preset.features));
  config.train.voxel_size = preset.voxel_size;
  // Few large files are seen often, each time another square.
  config.train.epochs = preset.crop > 0 ? 200 : 15;
  config.balance_classes = true;
  config.evaluate_every = 1000;
  config.save_every = 200;
  return config;
}

}  // namespace

std::vector<std::string> preset_names() {
  Names names;
  for (const Preset& preset : presets()) names.emplace_back(preset.name);
  return names;
}

std::vector<std::string> world_names() {
  Names names;
  for (const sim::World world : sim::kWorlds) names.emplace_back(name_of(world));
  return names;
}

TrainConfig named_config(const std::string& name, const std::string& folder) {
  const auto* preset = std::ranges::find(presets(), name, &Preset::name);
  if (preset == presets().end()) {
    if (!folder.empty()) {
      throw BadUsage("--data is for data sets by name; a configuration names its own");
    }
    const auto* world = std::ranges::find(sim::kWorlds, name,
                                          [](sim::World one) { return std::string(name_of(one)); });
    return world == sim::kWorlds.end() ? read_train_config(name) : world_config(*world);
  }
  if (folder.empty()) throw BadUsage(fmt::format("--data names the folder of {}", name));
  return config_of(*preset, folder);
}

}  // namespace voxloom::cli
