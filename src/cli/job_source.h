// Where the next job comes from: a count, or rank 0.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>

#include "cli/ordered_jobs.h"

namespace voxloom::cli {

class JobSource {
 public:
  virtual ~JobSource() = default;
  // The next one; nothing when there is none left. One thread asks or tells at a time.
  [[nodiscard]] virtual std::optional<std::size_t> next() = 0;
  virtual void done(std::size_t job) = 0;
};

class CountedJobs final : public JobSource {
 public:
  explicit CountedJobs(std::size_t count) : count_(count) {}
  [[nodiscard]] std::optional<std::size_t> next() override;
  void done(std::size_t /*job*/) override {}

 private:
  std::size_t count_, next_ = 0;
};

// On ranks other than 0.
class JobsOfRank0 final : public JobSource {
 public:
  JobsOfRank0(dist::Communicator& ranks, const JobResults& results, std::size_t count)
      : ranks_(ranks), results_(results), count_(count) {}
  [[nodiscard]] std::optional<std::size_t> next() override;
  void done(std::size_t job) override;
  void leave();  // asks for nothing any more, and waits until rank 0 lets go

 private:
  dist::Communicator& ranks_;
  const JobResults& results_;
  std::size_t count_;
};

// What rank 0 does for the others, until all of them have left: `next` and `done` are called for their jobs.
void serve_jobs(dist::Communicator& ranks, const JobResults& results, std::size_t count,
                const std::function<std::optional<std::size_t>()>& next,
                const std::function<void(std::size_t)>& done);

// When all jobs are done: the others, who left long before maybe, go on together.
void let_go(dist::Communicator& ranks);

}  // namespace voxloom::cli
