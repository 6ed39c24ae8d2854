// What a training run tells while it runs: one line that replaces itself on a terminal, plain lines
// elsewhere.
#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "bench/progress.h"
#include "voxloom/train.h"

namespace voxloom::cli {

// "1h 02m", "3m 20s", "12s"
[[nodiscard]] std::string duration_text(double seconds);

class TrainProgress {
 public:
  // `first` steps were done before.
  TrainProgress(std::int64_t first, std::int64_t steps);

  void show(const train::StepReport& report, double mean_iou);
  // A line that stays.
  void say(const std::string& line);
  [[nodiscard]] double seconds() const;

 private:
  [[nodiscard]] std::string text(const train::StepReport& report, double mean_iou) const;

  bench::Progress line_;
  bool is_terminal_;
  std::int64_t first_, every_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double loss_ = 0;    // moving mean
  double voxels_ = 0;  // of the steps so far
  double busy_ = 0;    // their seconds
};

}  // namespace voxloom::cli
