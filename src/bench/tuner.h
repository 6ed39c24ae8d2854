// Measures every algorithm, with each cut that it offers, on the convolutions that a program runs, and remembers the fastest of
// those that agree with the reference.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/plan_table.h"

namespace voxloom::bench {

struct TunedCandidate {
  engine::Choice choice;
  double seconds = 0;      // median
  double error_share = 0;  // of what is allowed; above 1: it does not agree
};

struct TunedShape {
  engine::PlanKey key;
  std::int64_t rows = 0;
  std::vector<TunedCandidate> candidates;  // in the library's order
  engine::Choice winner;                   // no algorithm: none agrees

  [[nodiscard]] bool all_agree() const;
};

// While alive, the convolutions of the current context run through it: the first of each shape is measured,
// the others run with its winner. For one caller at a time.
class Tuner : public engine::Tuning {
 public:
  struct Options {
    bool zero_mean = true;  // of the data that will be met: has a tighter error bound
    double seconds = 0.3;   // of measurement for each shape, about
    std::function<void(const TunedShape&)> report;  // called when a shape is done
  };
  explicit Tuner(Options options);
  ~Tuner() override;
  Tuner(const Tuner&) = delete;
  Tuner& operator=(const Tuner&) = delete;

  void run(const engine::ConvForward& problem, const engine::Backend& backend) override;
  void run(const engine::ConvWeightGradient& problem, const engine::Backend& backend) override;

  [[nodiscard]] const engine::Plans& plans() const { return plans_; }
  [[nodiscard]] bool all_agree() const { return all_agree_; }

 private:
  template <typename Problem>
  engine::Choice tune(engine::Algorithms<Problem> algorithms, const Problem& problem,
                      const engine::PlanKey& key);
  template <typename Problem>
  void tune_and_run(const engine::Backend& backend, const Problem& problem);

  Options options_;
  engine::Plans plans_;
  bool all_agree_ = true;
};

}  // namespace voxloom::bench
