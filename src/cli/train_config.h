// The configuration of a training run: a JSON file, or that of a made-up world.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/data_config.h"
#include "voxloom/augment.h"
#include "voxloom/models.h"
#include "voxloom/train.h"

namespace voxloom::cli {

enum class Network : std::uint8_t {
  minkunet,  // nn::MinkUNet
  spunet,    // the same in the style of Pointcept
  resnet     // nn::LinkNet
};

struct TrainConfig {
  DataConfig data = {};
  std::optional<DataConfig> validation = {};
  // A run, a checkpoint, or a bundle with kTrainedFile; empty: from nothing.
  std::string init = {};
  std::optional<AugmentOptions> augment = moderate_augmentation();  // none: scans as they are
  bool balance_classes = false;                                     // class weights from the data
  Network network = Network::minkunet;
  int depth = 14;
  double width = 0.5;  // multiplies the network's channels
  train::TrainOptions train = {};
  std::int64_t evaluate_every = 0, save_every = 50;  // steps
  std::int64_t patience = 0;  // evaluations without a better one before it stops; 0: to the end
  bool keeps_best = false;    // the bundles are of the best evaluation, not of the last step
  bool is_trainable = false;  // the bundle carries kTrainedFile
};

// `voxloom train street`, and the other worlds.
[[nodiscard]] TrainConfig world_config(sim::World world);

// FormatError with the file's name for what is no JSON, no known name, or of the wrong type.
[[nodiscard]] TrainConfig read_train_config(const std::filesystem::path& path);
[[nodiscard]] std::string to_json(const TrainConfig& config);

[[nodiscard]] std::unique_ptr<nn::Module> make_network(const TrainConfig& config,
                                                       std::int64_t classes);

}  // namespace voxloom::cli
