// Which algorithm a convolution runs with. In this order:
//   1. the one that pin_algorithm or the environment variable VOXLOOM_ALGORITHM names, wherever it
//      can do the problem;
//   2. the tuned plan for its shape, once load_plans has read one (`voxloom tune` measures them);
//   3. the library's rule.
// Every algorithm keeps the accuracy of docs/semantics.md, section 5, but their roundings differ: results
// are bit-identical from run to run as long as the same one is chosen. Nothing is read unasked.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

// $VOXLOOM_PLANS, or else $XDG_CACHE_HOME/voxloom/plans-<processor>.txt, or else the same under
// $HOME/.cache. Empty when none of these is set.
[[nodiscard]] std::filesystem::path default_plan_path();

struct LoadedPlans {
  std::size_t count = 0;
  std::string warning;  // not empty: the file is there, but foreign or corrupt, and was not used
};

// Adds the file's plans to those in use. A file that is not there holds none. A warning goes to the context's log as well.
LoadedPlans load_plans(const std::filesystem::path& path = default_plan_path());
void forget_plans();

[[nodiscard]] std::vector<std::string> algorithm_names();

// "" goes back to the choice above. std::invalid_argument for an unknown name, listing the known.
void pin_algorithm(std::string_view name);
// "" when none is. std::invalid_argument when VOXLOOM_ALGORITHM holds an unknown name.
[[nodiscard]] std::string pinned_algorithm();

}  // namespace voxloom
