// index.html of a run: its curves, how well its model labels, the scans that it labels worst, its settings. One file that
// needs no network.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/run_curves.h"
#include "cli/run_folder.h"
#include "voxloom/metrics.h"
#include "voxloom/train.h"

namespace voxloom::cli {

// What a model makes of some scans, spread over a data set.
struct JudgedScans {
  struct Worst {
    std::int64_t scan = 0;
    train::ConfusionMatrix seen{1};
  };
  train::ConfusionMatrix seen{1};  // of all of them
  std::int64_t scans = 0;
  std::vector<Worst> worst;  // by their mean IoU, the lowest first
};

// Nothing where `goes_on`, asked before each scan, gives false.
[[nodiscard]] std::optional<JudgedScans> judge_scans(const Dataset& data,
                                                     const train::Labeller& labeller,
                                                     const std::function<bool()>& goes_on);

struct RunPage {
  const RunFolder& folder;
  const RunCurves& curves;
  std::string settings;                 // JSON
  const Dataset* validation = nullptr;  // none: no scans are shown
  const JudgedScans* judged = nullptr;
  train::Labeller labeller = {};
};
// Labels the worst scans once more, to draw them.
[[nodiscard]] std::string format_run_page(const RunPage& page);

}  // namespace voxloom::cli
