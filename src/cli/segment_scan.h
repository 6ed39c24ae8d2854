// One scan from file to labels: what `voxloom segment` does for each of its scans.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "cli/survey_options.h"
#include "cli/which_model.h"
#include "voxloom/point_labeller.h"

namespace voxloom::cli {

struct StageSeconds {
  double read = 0, network = 0, write = 0, pictures = 0, page = 0;
};

struct SegmentedScan {
  std::string name;
  std::int64_t points = 0;
  std::optional<std::int64_t> voxels = {};  // none for a network that looks without bounds
  std::size_t tiles = 1;                    // runs of the network
  std::vector<std::int64_t> of_class = {};  // points of each class
  StageSeconds seconds = {};
  std::int64_t unlabelled = 0;          // points of no class
  std::int64_t ego = 0;                 // of these, the ones within the ego radius
  InputFacts input = {};                // what the network saw
  std::vector<std::string> notes = {};  // what was guessed, left out or replaced
};

// Labels alone, one for each point of the file, as SemanticKITTI has them.
inline constexpr const char* kLabelFormat = "label";

struct SegmentOptions {
  std::filesystem::path out;
  int votes = 1;
  bool scores = false;    // a column for each class
  double ego_radius = 0;  // metres around the sensor, seen from above, whose points get no label
  std::string format = "ply";  // the ending of the labelled points' file
  bool pictures = true;        // and the page
  // Bytes that the scan may take in all, its points included; 0: without bound. The network runs in
  // tiles where one run would take more.
  std::size_t memory = 0;
  ScanOptions scan = {};
  SurveyOptions survey = {};         // the shift is of what is written: the network sees the file's
  std::filesystem::path model = {};  // the one that labels
  std::vector<KnownModel> known = {};  // of which it is said when one fits better
  // In the files' coordinates; default: to_input's.
  std::optional<std::array<double, 3>> sensor = {};
  // Before each tile, where there are several; throws to stop.
  std::function<void(std::size_t tile, std::size_t tiles)> on_tile = {};
  // Now and then while a scene is read and written; throws to stop.
  std::function<void()> on_piece = {};
};

// Where segment_scan puts what comes of a scan.
[[nodiscard]] std::vector<std::filesystem::path> outputs_of(const std::filesystem::path& scan,
                                                            const std::filesystem::path& out,
                                                            const std::string& format,
                                                            bool pictures);

// What segment_scan takes at most for this file, from its header: each point in a voxel of its own.
[[nodiscard]] std::size_t most_bytes(const std::filesystem::path& path,
                                     const SegmentOptions& options,
                                     const label::PointLabeller& labeller);

// Reads `path`, labels it, and writes NAME.ply, or the like, and, when asked for, NAME_above.png,
// NAME_perspective.png and NAME.html into the folder. Errors are those of reading, labelling and
// writing.
[[nodiscard]] SegmentedScan segment_scan(const std::filesystem::path& path,
                                         const label::PointLabeller& labeller,
                                         const SegmentOptions& options);

}  // namespace voxloom::cli
