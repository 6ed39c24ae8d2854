#include "cli/plan_options.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "voxloom/plans.h"

namespace voxloom::cli {

void add_algorithm_option(CLI::App& command) {
  command
      .add_option_function<std::string>(
          "--algorithm", [](const std::string& name) { pin_algorithm(name); },
          "Convolution algorithm wherever it can be used, instead of the tuned or default choice")
      ->check(CLI::IsMember(algorithm_names()));
}

std::size_t use_tuned_plans() {
  const LoadedPlans loaded = load_plans();
  if (!loaded.warning.empty()) fmt::print(stderr, "voxloom: warning: plans {}\n", loaded.warning);
  return loaded.count;
}

}  // namespace voxloom::cli
