// Options that bench and tune share: on what, with which shapes and threads.
#pragma once

#include <string>
#include <vector>

#include "bench/cases.h"
#include "bench/scene.h"
#include "cli/options.h"

namespace voxloom::cli {

struct MeasuredOptions {
  std::vector<std::string> scenes;                 // files; none: the generated scene
  std::vector<std::string> channels, ops, dtypes;  // none: the default cases
  std::vector<int> threads;                        // none: one, and all
  int kernel = 0, stride = 0;                      // 0: the default cases
  std::string isa;                                 // empty: the current one
};

// Declares them; the parser refuses values that make no sense.
void add_measured_options(Options command, MeasuredOptions& options);

// Makes the choice of --isa.
void apply_isa(const MeasuredOptions& options);

[[nodiscard]] bench::ConvSelection conv_selection(const MeasuredOptions& options);
[[nodiscard]] std::vector<int> thread_counts(const MeasuredOptions& options);
[[nodiscard]] std::vector<bench::Scene> load_scenes(const MeasuredOptions& options);

}  // namespace voxloom::cli
