#include "cli/ordered_jobs.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "cli/job_source.h"

namespace voxloom::cli {
namespace {

class Queue {
 public:
  Queue(const OrderedJobs& jobs, JobSource& source)
      : jobs_(jobs), source_(source), is_started_(jobs.count), is_done_(jobs.count) {}

  // Whatever is thrown, here or on a thread: no more jobs are started, and those that run come to their
  // end before the first error goes on. `beside` runs on a thread of its own, `reports` on this one.
  void run(const std::function<void()>& beside, bool reports) {
    std::vector<std::thread> threads;
    try {
      threads.reserve(static_cast<std::size_t>(jobs_.at_once) + 1);
      for (int i = 0; i < jobs_.at_once; ++i) {
        threads.emplace_back([this] { run_guarded([this] { run_jobs_of_thread(); }); });
      }
      if (beside) threads.emplace_back([&] { run_guarded(beside); });
      if (reports) report_all();
    } catch (...) {
      stop(std::current_exception());
    }
    for (std::thread& thread : threads) thread.join();
    if (error_) std::rethrow_exception(error_);
  }

  // For another rank.
  std::optional<std::size_t> hand_out() {
    const std::lock_guard lock(mutex_);
    if (over_ || jobs_.is_stopped()) return std::nullopt;
    const std::optional<std::size_t> job = source_.next();
    if (job) is_started_[*job] = true;
    return job;
  }

  void note_done(std::size_t job) {
    const std::lock_guard lock(mutex_);
    is_done_[job] = true;
    changed_.notify_all();
  }

 private:
  void run_guarded(const std::function<void()>& body) {
    try {
      body();
    } catch (...) {
      stop(std::current_exception());
    }
  }

  void stop(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    over_ = true;
    changed_.notify_all();
  }

  void run_jobs_of_thread() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_over() || fits(); });
      if (over_) break;
      const std::size_t job = *std::exchange(held_, std::nullopt);
      const std::size_t bytes = wanted_;
      taken_ += bytes;
      ++running_;
      is_started_[job] = true;
      lock.unlock();
      jobs_.work(job);
      lock.lock();
      --running_;
      taken_ -= bytes;
      source_.done(job);
      is_done_[job] = true;
      changed_.notify_all();
    }
    over_ = true;
    changed_.notify_all();
  }

  // Takes the next job and holds it until it fits.
  bool is_over() {
    over_ = over_ || jobs_.is_stopped();
    if (!over_ && !held_) {
      held_ = source_.next();
      if (held_) wanted_ = jobs_.bytes(*held_);
      over_ = !held_;
    }
    return over_;
  }

  // The job that is held, beside those that run. Jobs start in order: a large one is not starved by small
  // ones.
  [[nodiscard]] bool fits() const {
    return running_ == 0 || (wanted_ <= jobs_.memory && taken_ <= jobs_.memory - wanted_);
  }

  void report_all() {
    for (std::size_t job = 0; job < jobs_.count; ++job) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_done_[job] || error_ || (over_ && !is_started_[job]); });
      if (error_) return;
      if (!is_done_[job]) continue;  // never started
      lock.unlock();
      jobs_.report(job);
    }
  }

  const OrderedJobs& jobs_;
  JobSource& source_;
  std::mutex mutex_;  // of what follows, and of the source
  std::condition_variable changed_;
  std::vector<bool> is_started_, is_done_;
  std::size_t taken_ = 0, running_ = 0;
  std::optional<std::size_t> held_;
  std::size_t wanted_ = 0;  // by the job that is held
  bool over_ = false;
  std::exception_ptr error_;  // the first one
};

}  // namespace

void run_jobs(const OrderedJobs& jobs) {
  CountedJobs source(jobs.count);
  Queue(jobs, source).run({}, true);
}

void run_jobs(const OrderedJobs& jobs, dist::Communicator& ranks, const JobResults& results) {
  if (ranks.size() == 1) return run_jobs(jobs);
  if (ranks.rank() != 0) {
    JobsOfRank0 source(ranks, results, jobs.count);
    Queue(jobs, source).run({}, false);
    source.leave();
    return;
  }
  CountedJobs source(jobs.count);
  Queue queue(jobs, source);
  queue.run(
      [&] {
        serve_jobs(
            ranks, results, jobs.count, [&] { return queue.hand_out(); },
            [&](std::size_t job) { queue.note_done(job); });
      },
      true);
  let_go(ranks);
}

}  // namespace voxloom::cli
