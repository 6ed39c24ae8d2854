// The lists of algorithms, best first, and the choice among them.

#include "cpu/convolution.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>

#include "core/error.h"
#include "cpu/plan_table.h"

namespace voxloom::cpu {
namespace {

template <typename Problem>
bool always(const Problem&) {
  return true;
}

constexpr std::array kForward = {
    Algorithm<ConvForward>{"depthwise", is_depthwise, depthwise_forward},
    Algorithm<ConvForward>{"matrix_tiles", has_matrix_tiles, matrix_tiles_forward,
                           matrix_tiles_cuts},
    Algorithm<ConvForward>{"direct_store", has_single_partners, direct_store_forward,
                           direct_store_cuts},
    Algorithm<ConvForward>{"offset_major", always<ConvForward>, offset_major_forward,
                           offset_major_cuts},
    Algorithm<ConvForward>{"reference", always<ConvForward>, reference_forward},
};

constexpr std::array kWeightGradient = {
    Algorithm<ConvWeightGradient>{"depthwise", is_depthwise_gradient, depthwise_weight_gradient},
    Algorithm<ConvWeightGradient>{"offset_major", always<ConvWeightGradient>,
                                  offset_major_weight_gradient, offset_major_cuts},
    Algorithm<ConvWeightGradient>{"reference", always<ConvWeightGradient>,
                                  reference_weight_gradient},
};

constexpr std::array kPointwise = {
    Algorithm<ConvPointwise>{"row_tiles", has_dense_weight, row_tiles_pointwise},
    Algorithm<ConvPointwise>{"offset_major", always<ConvPointwise>, offset_major_pointwise},
    Algorithm<ConvPointwise>{"reference", always<ConvPointwise>, reference_pointwise},
};

struct Pin {
  std::mutex mutex;
  std::string name;
  bool read_environment = false;
};
Pin& pin() {
  static Pin instance;
  return instance;
}

void require_known(std::string_view op, std::string_view name) {
  const std::vector<std::string> names = algorithm_names();
  if (name.empty() || std::ranges::find(names, name) != names.end()) return;
  std::string listed;
  for (const std::string& known : names) listed += (listed.empty() ? "" : ", ") + known;
  fail(op, "no algorithm '{}'; there are: {}", name, listed);
}

template <typename Problem>
Chosen<Problem> choose(std::span<const Algorithm<Problem>> algorithms, const Problem& problem) {
  Choice wanted{pinned_algorithm(), {}};
  if (wanted.algorithm.empty()) wanted = tuned_choice(problem);
  const auto able = [&](const auto& algorithm) { return algorithm.can_do(problem); };
  for (const Algorithm<Problem>& algorithm : algorithms) {
    if (algorithm.name == wanted.algorithm && able(algorithm)) return {algorithm, wanted.cut};
  }
  return {*std::ranges::find_if(algorithms, able), {}};  // the reference can do everything
}

template <typename Problem>
void run_chosen(std::span<const Algorithm<Problem>> algorithms, const Problem& problem) {
  Tuning* tuning = installed_tuning();
  if (tuning != nullptr && pinned_algorithm().empty()) return tuning->run(problem);
  choose(algorithms, problem).run(problem);
}

}  // namespace

std::span<const Algorithm<ConvForward>> forward_algorithms() { return kForward; }
std::span<const Algorithm<ConvWeightGradient>> weight_gradient_algorithms() {
  return kWeightGradient;
}
std::span<const Algorithm<ConvPointwise>> pointwise_algorithms() { return kPointwise; }

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names;
  const auto add = [&](const auto& algorithms) {
    for (const auto& algorithm : algorithms) {
      if (std::ranges::find(names, algorithm.name) == names.end()) {
        names.emplace_back(algorithm.name);
      }
    }
  };
  add(kForward);
  add(kWeightGradient);
  add(kPointwise);
  return names;
}

std::string pinned_algorithm() {
  const std::lock_guard lock(pin().mutex);
  if (!pin().read_environment) {
    const char* name = std::getenv("VOXLOOM_ALGORITHM");
    if (name != nullptr) {
      require_known("VOXLOOM_ALGORITHM", name);
      pin().name = name;
    }
    pin().read_environment = true;
  }
  return pin().name;
}

void pin_algorithm(std::string_view name) {
  require_known("pin_algorithm", name);
  const std::lock_guard lock(pin().mutex);
  pin().name = name;
  pin().read_environment = true;
}

Chosen<ConvForward> chosen_forward(const ConvForward& problem) {
  return choose(forward_algorithms(), problem);
}

void convolve(const ConvForward& problem) { run_chosen(forward_algorithms(), problem); }

void convolve_weight_gradient(const ConvWeightGradient& problem) {
  run_chosen(weight_gradient_algorithms(), problem);
}

// There is nothing to tune: each row is read and written once, in order.
void convolve_pointwise(const ConvPointwise& problem) {
  const std::string name = pinned_algorithm();
  const auto able = [&](const auto& algorithm) { return algorithm.can_do(problem); };
  for (const auto& algorithm : kPointwise) {
    if (algorithm.name == name && able(algorithm)) return algorithm.run(problem);
  }
  std::ranges::find_if(kPointwise, able)->run(problem);
}

}  // namespace voxloom::cpu
