#include "cli/ordered_jobs.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace voxloom::cli {
namespace {

class Queue {
 public:
  explicit Queue(const OrderedJobs& jobs) : jobs_(jobs), is_done_(jobs.count) {}

  // Whatever is thrown, here or on a thread: no more jobs are started, and those that run come to their
  // end before the first error goes on.
  void run() {
    std::vector<std::thread> threads;
    try {
      threads.reserve(static_cast<std::size_t>(jobs_.at_once));
      for (int i = 0; i < jobs_.at_once; ++i) threads.emplace_back([this] { run_thread(); });
      report_all();
    } catch (...) {
      stop(std::current_exception());
    }
    for (std::thread& thread : threads) thread.join();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void run_thread() {
    try {
      run_jobs_of_thread();
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
      if (is_over()) break;
      const std::size_t job = next_++;
      const std::size_t bytes = wanted_;
      knows_wanted_ = false;
      taken_ += bytes;
      ++running_;
      lock.unlock();
      jobs_.work(job);
      lock.lock();
      --running_;
      taken_ -= bytes;
      is_done_[job] = true;
      changed_.notify_all();
    }
    over_ = true;
    changed_.notify_all();
  }

  bool is_over() {
    over_ = over_ || next_ == jobs_.count || jobs_.is_stopped();
    return over_;
  }

  // The next job, beside those that run. Jobs start in order: a large one is not starved by small ones.
  bool fits() {
    if (!knows_wanted_) {
      wanted_ = jobs_.bytes(next_);
      knows_wanted_ = true;
    }
    return running_ == 0 || (wanted_ <= jobs_.memory && taken_ <= jobs_.memory - wanted_);
  }

  void report_all() {
    for (std::size_t job = 0; job < jobs_.count; ++job) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_done_[job] || error_ || (over_ && job >= next_); });
      if (!is_done_[job]) return;
      lock.unlock();
      jobs_.report(job);
    }
  }

  const OrderedJobs& jobs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> is_done_;
  std::size_t next_ = 0, taken_ = 0, running_ = 0;
  std::size_t wanted_ = 0;  // by the next job
  bool knows_wanted_ = false, over_ = false;
  std::exception_ptr error_;  // the first one
};

}  // namespace

void run_jobs(const OrderedJobs& jobs) { Queue(jobs).run(); }

}  // namespace voxloom::cli
