#include "bench/tuner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "bench/agreement.h"
#include "bench/clock.h"
#include "bench/statistics.h"
#include "core/error.h"

namespace voxloom::bench {
namespace {

template <typename Problem>
using Candidates = std::vector<engine::Chosen<Problem>>;

// The reference is no candidate where it would take minutes and cannot win.
template <typename Problem>
Candidates<Problem> worth_measuring(engine::Algorithms<Problem> algorithms,
                                    const Problem& problem) {
  constexpr std::int64_t kFewRows = 64;
  Candidates<Problem> able;
  for (const engine::Chosen<Problem>& candidate : engine::candidates_for(algorithms, problem)) {
    const bool hopeless = candidate.algorithm.name == "reference" && !able.empty() &&
                          problem.map.out_rows() > kFewRows;
    if (!hopeless) able.push_back(candidate);
  }
  return able;
}

template <typename Problem>
double timed(const engine::Chosen<Problem>& candidate, const Problem& problem) {
  const Clock::time_point start = Clock::now();
  candidate.run(problem);
  return seconds_since(start);
}

// Round by round, so that a machine that changes its speed meets all candidates. What is hopeless
// after the first round is not run again.
template <typename Problem>
std::vector<double> median_times(const Candidates<Problem>& candidates, const Problem& problem,
                                 double seconds) {
  constexpr double kHopeless = 3;
  constexpr int kLeastRounds = 3;
  constexpr int kMostRounds = 50;
  std::vector<std::vector<double>> times(candidates.size());
  std::vector<double> first;
  for (const auto& candidate : candidates) {
    candidate.run(problem);  // cold caches are nobody's fault
    first.push_back(timed(candidate, problem));
  }
  const double best = *std::ranges::min_element(first);
  for (std::size_t i = 0; i < times.size(); ++i) times[i].push_back(first[i]);
  const Clock::time_point start = Clock::now();
  for (int round = 0; round < kMostRounds; ++round) {
    if (round >= kLeastRounds && seconds_since(start) > seconds) break;
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (first[i] > kHopeless * best) continue;
      times[i].push_back(timed(candidates[i], problem));
    }
  }
  std::vector<double> medians;
  for (std::vector<double>& list : times) medians.push_back(spread_of(std::move(list)).median);
  return medians;
}

// The library's own choice stays unless another one is clearly faster: a plan should not change with
// the noise of the day.
engine::Choice winner_of(const std::vector<TunedCandidate>& candidates) {
  constexpr double kClearly = 0.98;
  const TunedCandidate* best = nullptr;
  for (const TunedCandidate& c : candidates) {
    if (c.error_share > 1) continue;
    if (best == nullptr || c.seconds < kClearly * best->seconds) best = &c;
  }
  return best == nullptr ? engine::Choice() : best->choice;
}

template <typename Problem>
void run_choice(engine::Algorithms<Problem> algorithms, const engine::Choice& choice,
                const Problem& problem) {
  for (const engine::Algorithm<Problem>& algorithm : algorithms) {
    if (algorithm.name != choice.algorithm || !algorithm.is_able(problem)) continue;
    return engine::Chosen<Problem>{algorithm, choice.cut}.run(problem);
  }
  algorithms.back().run(problem);  // the reference can do everything
}

}  // namespace

bool TunedShape::all_agree() const {
  return std::ranges::all_of(candidates, [](const auto& c) { return c.error_share <= 1; });
}

Tuner::Tuner(Options options) : options_(std::move(options)) {
  require(engine::installed_tuning() == nullptr, "tune", "another tuner is at work");
  engine::install_tuning(this);
}

Tuner::~Tuner() { engine::install_tuning(nullptr); }

template <typename Problem>
engine::Choice Tuner::tune(engine::Algorithms<Problem> algorithms, const Problem& problem,
                           const engine::PlanKey& key) {
  TunedShape shape{key, problem.map.out_rows(), {}, {}};
  const Candidates<Problem> able = worth_measuring(algorithms, problem);
  const std::vector<double> times = median_times(able, problem, options_.seconds);
  for (std::size_t i = 0; i < able.size(); ++i) {
    Problem candidate = problem;
    candidate.cut = able[i].cut;
    shape.candidates.push_back({{std::string(able[i].algorithm.name), able[i].cut},
                                times[i],
                                error_share(able[i].algorithm, candidate, options_.zero_mean)});
  }
  shape.winner = winner_of(shape.candidates);
  all_agree_ = all_agree_ && shape.all_agree();
  if (options_.report) options_.report(shape);
  return shape.winner;
}

template <typename Problem>
void Tuner::tune_and_run(const engine::Backend& backend, const Problem& problem) {
  const engine::Algorithms<Problem> algorithms = backend.algorithms<Problem>();
  const engine::PlanKey key = engine::key_of(problem, backend.variant());
  if (problem.map.out_rows() == 0) return algorithms.back().run(problem);
  auto found = plans_.find(key);
  if (found == plans_.end()) {
    const engine::Choice winner = tune(algorithms, problem, key);
    if (winner.algorithm.empty()) return algorithms.back().run(problem);
    found = plans_.insert_or_assign(key, winner).first;
  }
  run_choice(algorithms, found->second, problem);
}

void Tuner::run(const engine::ConvForward& problem, const engine::Backend& backend) {
  tune_and_run(backend, problem);
}

void Tuner::run(const engine::ConvWeightGradient& problem, const engine::Backend& backend) {
  tune_and_run(backend, problem);
}

}  // namespace voxloom::bench
