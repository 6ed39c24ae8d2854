// Jobs that run beside each other within a bound of memory, and are reported in order.
#pragma once

#include <cstddef>
#include <functional>

namespace voxloom::cli {

struct OrderedJobs {
  std::size_t count = 0;
  int at_once = 1;
  std::size_t memory = 0;  // that those which run may take together
  // What a job takes. One that takes more than `memory` runs alone.
  std::function<std::size_t(std::size_t job)> bytes;
  // On a thread of its own.
  std::function<void(std::size_t job)> work;
  // On the caller's thread, 0, 1, 2, ...: as soon as this job and those before it are done.
  std::function<void(std::size_t job)> report;
  // Asked before a job is started; true: no more are.
  std::function<bool()> is_stopped;
};

// Starts jobs in order. Returns when those that were started are done and reported. What any of these
// throws ends the run: no more jobs are started, and the first error goes on when all threads are done.
void run_jobs(const OrderedJobs& jobs);

}  // namespace voxloom::cli
