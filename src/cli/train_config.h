// The configuration of a training run: a JSON file, or the street defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/scan_options.h"
#include "voxloom/dataset.h"
#include "voxloom/models.h"
#include "voxloom/simulator.h"
#include "voxloom/train.h"

namespace voxloom::cli {

void say_note(const std::string& note);

// A folder of labelled scans, or simulated streets.
struct DataConfig {
  std::string folder;                   // empty: streets
  std::string classes = {};             // a known table, or a file; empty: what the folder tells
  std::vector<std::string> parts = {};  // of the folder; empty: all
  sim::StreetOptions street = {};
  bool is_cached = false;  // scans are kept once they were read or made
  double crop = 0;         // metres: squares of scans, 0: whole
  ScanOptions scan = {};   // of the folder's files
};

struct TrainConfig {
  DataConfig data = {};
  std::optional<DataConfig> validation = {};
  // A run, a checkpoint, or a bundle with kTrainedFile; empty: from nothing.
  std::string init = {};
  bool augment = true;
  bool balance_classes = false;  // class weights from the data
  int depth = 14;                // of the MinkUNet
  double width = 0.5;
  train::TrainOptions train = {};
  std::int64_t evaluate_every = 0, save_every = 50;  // steps
  std::int64_t patience = 0;  // evaluations without a better one before it stops; 0: to the end
  bool keeps_best = false;    // the bundles are of the best evaluation, not of the last step
  bool is_trainable = false;  // the bundle carries kTrainedFile
};

// `voxloom train street`.
[[nodiscard]] TrainConfig street_config();

// A known table, else a file.
[[nodiscard]] ClassTable class_table(const std::string& name);

// FormatError with the file's name for what is no JSON, no known name, or of the wrong type.
[[nodiscard]] TrainConfig read_train_config(const std::filesystem::path& path);
[[nodiscard]] std::string to_json(const TrainConfig& config);

// `note` gets what is guessed, left out or replaced in the files; by default it is said on stderr.
[[nodiscard]] DatasetPtr open_data(const DataConfig& config, const FeatureSet& features,
                                   const OnNote& note = say_note);
[[nodiscard]] nn::MinkUNetOptions net_options(const TrainConfig& config, std::int64_t classes);

}  // namespace voxloom::cli
