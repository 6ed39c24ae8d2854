// One measured case: what was run, what it had to do, and what came out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/statistics.h"

namespace voxloom::bench {

// Known before the run.
struct Task {
  std::string group;  // conv, map, net, train
  std::string name;   // "forward 3x3x3"
  std::string scene;
  std::string dtype = "float32";
  std::int64_t rows_in = 0, rows_out = 0;
  std::int64_t in_channels = 0, out_channels = 0;  // 0: does not apply
  std::int64_t pairs = 0;                          // entries of the kernel map
  double flops = 0;                                // multiplications plus additions
  double bytes = 0;         // compulsory: features and weights once, the map as the engine reads it
  std::int64_t voxels = 0;  // map cases: rows that were indexed
  std::optional<double> map_seconds;       // building the map, index included
  std::optional<std::int64_t> map_bytes;   // entries, as the engine keeps them
  std::optional<std::int64_t> kept_bytes;  // of a training step, for its gradients
};

// Measured. Shares are medians over the repetitions of (speed / limit), each with its own limit.
struct Record {
  Task task;
  int threads = 1;
  int repetitions = 0;
  Spread seconds;
  double cpu_seconds = 0;    // of all threads, median
  double first_seconds = 0;  // the call before the repetitions: caches are cold, plans unmade
  double peak_gflops = 0;    // median
  double copy_gbs = 0;       // median; 0: not asked for
  std::optional<double> peak_share;  // of the multiply-add peak
  std::optional<double> best_share;  // the fastest repetition against the highest peak
  std::optional<double> cpu_share;   // of the peak, by processor time: an idle machine's peak_share
                                     // as long as all threads have work
  std::optional<double> copy_share;  // of the time that copying task.bytes takes
  std::optional<std::int64_t> memory_added;  // by the first call
  std::optional<std::int64_t> peak_memory;   // of the process up to then

  [[nodiscard]] double gflops() const { return task.flops / seconds.median * 1e-9; }
  [[nodiscard]] double gbs() const { return task.bytes / seconds.median * 1e-9; }
};

}  // namespace voxloom::bench
