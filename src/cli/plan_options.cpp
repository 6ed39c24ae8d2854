#include "cli/plan_options.h"

#include <fmt/core.h>

#include <cstdio>
#include <string>

#include "voxloom/isa.h"
#include "voxloom/plans.h"

namespace voxloom::cli {

void add_algorithm_option(Options command) {
  command
      .add_option_function(
          "--algorithm", [](const std::string& name) { pin_algorithm(name); },
          "Convolution algorithm wherever it can be used, instead of the tuned or default choice")
      .check(one_of(algorithm_names()));
}

std::size_t use_tuned_plans() {
  // A name in the environment that is wrong is said now, not in the middle of the work.
  static_cast<void>(current_isa());
  static_cast<void>(pinned_algorithm());
  const LoadedPlans loaded = load_plans();
  if (!loaded.warning.empty())
    fmt::print(stderr, "voxloom: warning: plans {}; `voxloom tune` makes new ones\n",
               loaded.warning);
  return loaded.count;
}

}  // namespace voxloom::cli
