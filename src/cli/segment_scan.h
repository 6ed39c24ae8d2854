// One scan from file to labels: what `voxloom segment` does for each of its scans.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "train/bundle_labeller.h"
#include "voxloom/dataset.h"

namespace voxloom::cli {

struct StageSeconds {
  double read = 0, network = 0, write = 0, pictures = 0;
};

struct SegmentedScan {
  std::string name;
  std::int64_t points = 0;
  std::vector<std::int64_t> of_class = {};  // points of each class
  StageSeconds seconds = {};
};

struct SegmentOptions {
  std::filesystem::path out;
  bool pictures = true;
};

// Reads `path`, labels it, and writes NAME.ply and, when asked for, NAME_above.png and
// NAME_perspective.png into the folder. Errors are those of reading, labelling and writing.
[[nodiscard]] SegmentedScan segment_scan(const std::filesystem::path& path,
                                         const train::BundleLabeller& labeller,
                                         const ClassTable& classes, const SegmentOptions& options);

}  // namespace voxloom::cli
