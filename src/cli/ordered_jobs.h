// Jobs that run beside each other within a bound of memory, on one process or on the ranks of several, and
// are reported in order.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "voxloom/dist.h"

namespace voxloom::cli {

struct OrderedJobs {
  std::size_t count = 0;
  int at_once = 1;         // on each rank
  std::size_t memory = 0;  // that those which run on a rank may take together
  // What a job takes. One that takes more than `memory` runs alone.
  std::function<std::size_t(std::size_t job)> bytes;
  // On a thread of its own.
  std::function<void(std::size_t job)> work;
  // On the caller's thread, 0, 1, 2, ...: as soon as this job and those before it are done. On rank 0 alone.
  std::function<void(std::size_t job)> report;
  // Asked before a job is started; true: no more are.
  std::function<bool()> is_stopped;
};

// What a job left on the rank that ran it, for rank 0.
struct JobResults {
  std::function<dist::Bytes(std::size_t job)> give;
  std::function<void(std::size_t job, std::span<const std::byte> result)> take;
};

// Starts jobs in order. Returns when those that were started are done and reported. What any of these
// throws ends the run: no more jobs are started, and the first error goes on when all threads are done.
void run_jobs(const OrderedJobs& jobs);

// (all) The same on several ranks: rank 0 hands a job to whichever is free, itself among them. Where a rank
// stops, the others go on. What a rank throws is thrown there, while the others may wait for it.
void run_jobs(const OrderedJobs& jobs, dist::Communicator& ranks, const JobResults& results);

}  // namespace voxloom::cli
