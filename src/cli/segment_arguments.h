// What the caller of `voxloom segment` says.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/model_path.h"
#include "cli/options.h"
#include "cli/scan_options.h"
#include "cli/segment_scan.h"
#include "cli/survey_options.h"
#include "voxloom/dist.h"

namespace voxloom::cli {

struct SegmentArguments {
  std::vector<std::string> scans;
  std::string model = kDefaultModel, out, json;
  std::string format = "ply", part;
  bool no_pictures = false, overwrite = false, resume = false;
  bool scores = false;
  double ego_radius = 0;
  int threads = 0, jobs = 1, votes = 1;
  double memory = 0;  // GB; 0: what the machine has
  ScanOptions scan;
  SurveyOptions survey;
  std::optional<std::array<double, 3>> sensor = {};
};

// The arguments must outlive the command.
void add_segment_options(Options command, SegmentArguments& arguments);

// What the caller says of each scan, to be labelled within `memory` bytes.
[[nodiscard]] SegmentOptions segment_options(const SegmentArguments& arguments, std::size_t memory);

// (all) Files as they are named; of a folder, the files whose names are those of scans, in order. Each rank finds them,
// and they must be the same, as must be the options. BadUsage, on all ranks, names what a rank has otherwise.
[[nodiscard]] std::vector<std::filesystem::path> agreed_scans(const SegmentArguments& arguments,
                                                              dist::Communicator& ranks);

}  // namespace voxloom::cli
