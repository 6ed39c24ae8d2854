// How a problem may be computed. A problem is a struct of public types that says what is wanted; a
// backend offers algorithms for it, best first. The plain reference, which can do everything, stands
// last. Everything was checked by the op: algorithms trust their problem.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace voxloom::engine {

// How an algorithm cuts the work, where measuring decides: 0 leaves it to the algorithm's own rule. The
// cut is part of the plan: with the same one, results are the same bits on any number of threads.
struct Cut {
  std::int64_t blocks = 0;  // of output rows: of a task, or those whose entries are listed together
  std::int64_t columns = 0;  // output channels of one walk over the entries

  friend auto operator<=>(const Cut&, const Cut&) = default;
};
inline constexpr Cut kMostCut = {16, 1024};  // a task's sums of the two: 16 MiB

template <typename Problem>
struct Algorithm {
  std::string_view name;
  bool (*can_do)(const Problem&) = nullptr;  // nullptr: always
  void (*run)(const Problem&) = nullptr;
  // Cuts that `tune` should measure besides the algorithm's own; nullptr: there are none.
  std::vector<Cut> (*cuts)(const Problem&) = nullptr;

  [[nodiscard]] bool is_able(const Problem& problem) const {
    return can_do == nullptr || can_do(problem);
  }
};

template <typename Problem>
using Algorithms = std::span<const Algorithm<Problem>>;

// Of a problem that is computed in one way only, which is its own reference.
inline constexpr std::string_view kReference = "reference";

// What runs: an algorithm and its cut.
template <typename Problem>
struct Chosen {
  const Algorithm<Problem>& algorithm;
  Cut cut = {};

  void run(Problem problem) const {
    problem.cut = cut;
    algorithm.run(problem);
  }
};

// Every algorithm that can do the problem, first with its own cut, then with each that it offers.
template <typename Problem>
[[nodiscard]] std::vector<Chosen<Problem>> candidates_for(Algorithms<Problem> algorithms,
                                                          const Problem& problem) {
  std::vector<Chosen<Problem>> candidates;
  for (const Algorithm<Problem>& algorithm : algorithms) {
    if (!algorithm.is_able(problem)) continue;
    candidates.push_back({algorithm, {}});
    if (algorithm.cuts == nullptr) continue;
    for (const Cut& cut : algorithm.cuts(problem)) candidates.push_back({algorithm, cut});
  }
  return candidates;
}

}  // namespace voxloom::engine
