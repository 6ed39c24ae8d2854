// Which of a backend's algorithms computes a problem, and running it: what ops end in.
//
//   1. the one that pin_algorithm or VOXLOOM_ALGORITHM names, wherever it can do the problem;
//   2. the tuned plan for its shape, where there is one;
//   3. the first of the backend's list that can.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backend.h"
#include "engine/plan_table.h"
#include "engine/tensors.h"

namespace voxloom::engine {

// Of the CPU's and every registered backend. pin_algorithm("") goes back to the automatic choice.
[[nodiscard]] std::vector<std::string> algorithm_names();
void pin_algorithm(std::string_view name);
[[nodiscard]] std::string pinned_algorithm();
// Without making a string: empty in the usual case.
[[nodiscard]] bool is_any_pinned();

[[noreturn]] void refuse_problem(std::string_view problem, const Backend& backend);

template <typename Problem>
[[nodiscard]] Chosen<Problem> choose(const Problem& problem, const Backend& backend) {
  const Algorithms<Problem> algorithms = backend.algorithms<Problem>();
  Choice wanted;
  if (is_any_pinned()) {
    wanted.algorithm = pinned_algorithm();
  } else if constexpr (requires { tuned_choice(problem, backend); }) {
    wanted = tuned_choice(problem, backend);
  }
  if (!wanted.algorithm.empty()) {
    for (const Algorithm<Problem>& algorithm : algorithms) {
      if (algorithm.name == wanted.algorithm && algorithm.is_able(problem)) {
        return {algorithm, wanted.cut};
      }
    }
  }
  for (const Algorithm<Problem>& algorithm : algorithms) {
    if (algorithm.is_able(problem)) return {algorithm, {}};
  }
  refuse_problem(Problem::kName, backend);
}

// std::invalid_argument when the problem's tensors lie on two devices, or on one without a backend.
template <typename Problem>
void run(const Problem& problem) {
  const Backend& backend = backend_of(device_of(problem));
  if constexpr (requires { tuned_choice(problem, backend); }) {
    Tuning* tuning = installed_tuning();
    if (tuning != nullptr && !is_any_pinned()) return tuning->run(problem, backend);
  }
  const Chosen<Problem> chosen = choose(problem, backend);
  if constexpr (requires { problem.cut; }) {
    chosen.run(problem);
  } else {
    chosen.algorithm.run(problem);
  }
}

}  // namespace voxloom::engine
