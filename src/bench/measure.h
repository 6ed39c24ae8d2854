// Runs one case and measures the machine's limits between its repetitions, so that whatever else the
// machine does meets the case and its limits alike.
#pragma once

#include <functional>

#include "bench/record.h"

namespace voxloom::bench {

struct MeasureOptions {
  int threads = 1;
  int least_repetitions = 5;
  int most_repetitions = 1000;
  double least_seconds = 0.5;  // of repetitions, limits not counted
};

// A case ready to run: `body` does the work of `task` once. `prepare`, when there is one, is called
// before each body and not timed.
struct Case {
  Task task;
  std::function<void()> body;
  std::function<void()> prepare = {};
};

// The first call takes its memory from the system, the repetitions from a pool, as in a program that
// runs a network again and again.
[[nodiscard]] Record measure(const Case& c, const MeasureOptions& options);

}  // namespace voxloom::bench
