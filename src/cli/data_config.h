// The scans of a configuration: folders of labelled ones, or simulated ones.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "voxloom/dataset.h"
#include "voxloom/simulator.h"

namespace voxloom::cli {

void say_note(const std::string& note);

struct DataConfig {
  std::vector<std::string> folders = {};  // empty: made up; *, ? and [ab] stand for letters
  std::string classes = {};               // a known table, or a file; empty: what the folder tells
  std::vector<std::string> parts = {};    // FolderOptions::parts
  std::string split = {};                 // a file of more of them, read_parts(); empty: none
  sim::World world = sim::World::street;
  sim::WorldOptions made = {};
  bool is_cached = false;  // scans are kept once they were read or made
  double crop = 0;         // metres: squares of scans, 0: whole
  ScanOptions scan = {};   // of the folders' files
};

// FormatError with `where` for no known name, or a value of the wrong type.
[[nodiscard]] DataConfig read_data(const nlohmann::ordered_json& json, const std::string& where);
[[nodiscard]] nlohmann::ordered_json data_json(const DataConfig& data);

// A known table, else a file.
[[nodiscard]] ClassTable class_table(const std::string& name);

// Whole scans. `note` gets what is guessed, left out or replaced in the files; by default it is said on stderr.
[[nodiscard]] DatasetPtr open_data(const DataConfig& config, const FeatureSet& features,
                                   const OnNote& note = say_note);
// Squares of them, where the configuration crops.
[[nodiscard]] DatasetPtr as_trained_on(DatasetPtr data, const DataConfig& config);

}  // namespace voxloom::cli
