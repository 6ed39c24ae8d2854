// Measures every algorithm, with each cut that it offers, on the convolutions that a program runs, and remembers the fastest of
// those that agree with the reference.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cpu/plan_table.h"

namespace voxloom::bench {

struct TunedCandidate {
  cpu::Choice choice;
  double seconds = 0;      // median
  double error_share = 0;  // of what is allowed; above 1: it does not agree
};

struct TunedShape {
  cpu::PlanKey key;
  std::int64_t rows = 0;
  std::vector<TunedCandidate> candidates;  // in the library's order
  cpu::Choice winner;                      // no algorithm: none agrees

  [[nodiscard]] bool all_agree() const;
};

// While alive, the convolutions of the process run through it: the first of each shape is measured,
// the others run with its winner. For one caller at a time.
class Tuner : public cpu::Tuning {
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

  void run(const cpu::ConvForward& problem) override;
  void run(const cpu::ConvWeightGradient& problem) override;

  [[nodiscard]] const cpu::Plans& plans() const { return plans_; }
  [[nodiscard]] bool all_agree() const { return all_agree_; }

 private:
  template <typename Problem>
  cpu::Choice tune(std::span<const cpu::Algorithm<Problem>> algorithms, const Problem& problem,
                   const cpu::PlanKey& key);
  template <typename Problem>
  void tune_and_run(std::span<const cpu::Algorithm<Problem>> algorithms, const Problem& problem);

  Options options_;
  cpu::Plans plans_;
  bool all_agree_ = true;
};

}  // namespace voxloom::bench
