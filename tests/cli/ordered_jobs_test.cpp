// Jobs beside each other: within their memory, reported in order, stopped between two of them.
#include "cli/ordered_jobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/thread_ranks.h"

namespace voxloom::test {
namespace {

using cli::OrderedJobs;
using cli::run_jobs;

// Counts what runs together.
class Meter {
 public:
  void begin(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    most_bytes = std::max(most_bytes, bytes_);
    most_jobs = std::max(most_jobs, ++jobs_);
  }
  void end(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    --jobs_;
  }

  std::size_t most_bytes = 0;
  int most_jobs = 0;

 private:
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  int jobs_ = 0;
};

void spin(std::size_t rounds) {
  std::atomic<std::size_t> sum = 0;
  for (std::size_t i = 0; i < rounds * 1000; ++i) sum += i;
}

TEST(OrderedJobs, StayWithinTheMemoryAndReportInOrder) {
  for (const int at_once : {1, 2, 5}) {
    constexpr std::size_t kMemory = 100;
    std::vector<std::size_t> bytes, reported;
    std::mt19937 engine(static_cast<unsigned>(at_once));
    for (int i = 0; i < 60; ++i) bytes.push_back(engine() % 80);
    Meter meter;
    run_jobs({.count = bytes.size(),
              .at_once = at_once,
              .memory = kMemory,
              .bytes = [&](std::size_t i) { return bytes[i]; },
              .work =
                  [&](std::size_t i) {
                    meter.begin(bytes[i]);
                    spin(bytes[i]);
                    meter.end(bytes[i]);
                  },
              .report = [&](std::size_t i) { reported.push_back(i); },
              .is_stopped = [] { return false; }});
    EXPECT_LE(meter.most_bytes, kMemory);
    EXPECT_LE(meter.most_jobs, at_once);
    ASSERT_EQ(reported.size(), bytes.size());
    EXPECT_TRUE(std::ranges::is_sorted(reported));
  }
}

// Two that fit only together with themselves wait for each other: a barrier of both would hang.
TEST(OrderedJobs, RunAtOnceWhenThereIsRoom) {
  std::atomic<int> arrived = 0;
  run_jobs({.count = 2,
            .at_once = 2,
            .memory = 100,
            .bytes = [](std::size_t) { return std::size_t{50}; },
            .work =
                [&](std::size_t) {
                  ++arrived;
                  while (arrived < 2) std::this_thread::yield();
                },
            .report = [](std::size_t) {},
            .is_stopped = [] { return false; }});
  EXPECT_EQ(arrived, 2);
}

TEST(OrderedJobs, OneThatIsTooLargeRunsAlone) {
  Meter meter;
  int reported = 0;
  run_jobs({.count = 3,
            .at_once = 3,
            .memory = 10,
            .bytes = [](std::size_t i) { return std::size_t{i == 1 ? 1000U : 10U}; },
            .work =
                [&](std::size_t) {
                  meter.begin(1);
                  spin(50);
                  meter.end(1);
                },
            .report = [&](std::size_t) { ++reported; },
            .is_stopped = [] { return false; }});
  EXPECT_EQ(reported, 3);
  EXPECT_EQ(meter.most_jobs, 1);
}

TEST(OrderedJobs, NoneIsStartedAfterAStop) {
  std::vector<std::size_t> reported;
  std::atomic<bool> stopped = false;
  run_jobs({.count = 10,
            .at_once = 1,
            .memory = 10,
            .bytes = [](std::size_t) { return std::size_t{1}; },
            .work = [&](std::size_t i) { stopped = i == 2; },
            .report = [&](std::size_t i) { reported.push_back(i); },
            .is_stopped = [&] { return stopped.load(); }});
  EXPECT_EQ(reported, (std::vector<std::size_t>{0, 1, 2}));
  run_jobs({.count = 0,
            .at_once = 2,
            .memory = 10,
            .bytes = [](std::size_t) { return std::size_t{1}; },
            .work = [](std::size_t) { FAIL(); },
            .report = [](std::size_t) { FAIL(); },
            .is_stopped = [] { return false; }});
}

// Threads that were not joined would end the program.
TEST(OrderedJobs, AnErrorAnywhereEndsTheRunAndGoesOn) {
  const auto fails_in = [](const std::string& place) {
    std::atomic<int> running = 0, started = 0;
    const auto fail_at = [&](const std::string& here, std::size_t job) {
      if (here == place && job == 7) throw std::runtime_error(place);
    };
    std::string message;
    try {
      run_jobs({.count = 500,
                .at_once = 4,
                .memory = 100,
                .bytes =
                    [&](std::size_t i) {
                      fail_at("bytes", i);
                      return i % 3;
                    },
                .work =
                    [&](std::size_t i) {
                      ++running;
                      ++started;
                      spin(2);
                      --running;
                      fail_at("work", i);
                    },
                .report = [&](std::size_t i) { fail_at("report", i); },
                .is_stopped = [] { return false; }});
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    EXPECT_EQ(running, 0) << "no thread is left";
    EXPECT_GE(started, 6);
    return message;
  };
  for (const char* place : {"bytes", "work", "report"}) EXPECT_EQ(fails_in(place), place);
}

struct RankedRun {
  std::vector<std::size_t> reported;
  std::vector<int> runs;   // of each job, on all ranks
  std::vector<int> known;  // what rank 0 was told that each left
};

RankedRun run_on_ranks(int size, int at_once, std::size_t count,
                       const std::function<bool(int rank)>& is_stopped) {
  RankedRun run;
  run.runs.resize(count);
  run.known.resize(count, -1);
  std::mutex mutex;
  on_ranks(
      size,
      [&](dist::Communicator& ranks) {
        std::vector<int> left(count, -1);
        run_jobs({.count = count,
                  .at_once = at_once,
                  .memory = 10,
                  .bytes = [](std::size_t i) { return i % 7; },
                  .work =
                      [&](std::size_t i) {
                        spin(i % 5 + static_cast<std::size_t>(ranks.rank()));
                        left[i] = static_cast<int>(100 + i);
                        if (ranks.rank() == 0) run.known[i] = left[i];
                        const std::lock_guard lock(mutex);
                        ++run.runs[i];
                      },
                  .report = [&](std::size_t i) { run.reported.push_back(i); },
                  .is_stopped = [&] { return is_stopped(ranks.rank()); }},
                 ranks,
                 {.give =
                      [&](std::size_t i) {
                        const auto bytes = std::as_bytes(std::span(&left[i], 1));
                        return dist::Bytes(bytes.begin(), bytes.end());
                      },
                  .take =
                      [&](std::size_t i, std::span<const std::byte> bytes) {
                        ASSERT_EQ(bytes.size(), sizeof(int));
                        std::memcpy(&run.known[i], bytes.data(), sizeof(int));
                      }});
      },
      3);
  return run;
}

TEST(RankedJobs, AreEachDoneOnceAndReportedInOrder) {
  for (const int size : {1, 2, 5}) {
    for (const int at_once : {1, 3}) {
      const RankedRun run = run_on_ranks(size, at_once, 40, [](int) { return false; });
      ASSERT_EQ(run.reported.size(), 40U);
      for (std::size_t i = 0; i < 40; ++i) {
        EXPECT_EQ(run.reported[i], i);
        EXPECT_EQ(run.runs[i], 1);
        EXPECT_EQ(run.known[i], static_cast<int>(100 + i));
      }
    }
  }
}

// Nobody goes on to what all do together while another one's job still runs, for hours maybe.
TEST(RankedJobs, RanksWithoutAJobWaitForTheOthers) {
  std::atomic<int> done = 0;
  on_ranks(3, [&](dist::Communicator& ranks) {
    run_jobs({.count = 5,
              .at_once = 1,
              .memory = 10,
              .bytes = [](std::size_t) { return std::size_t{1}; },
              .work =
                  [&](std::size_t) {
                    spin(20);
                    ++done;
                  },
              .report = [](std::size_t) {},
              .is_stopped = [] { return false; }},
             ranks,
             {.give = [](std::size_t) { return dist::Bytes(); },
              .take = [](std::size_t, std::span<const std::byte>) {}});
    EXPECT_EQ(done.load(), 5) << "rank " << ranks.rank();
  });
}

TEST(RankedJobs, WhereOneRankStopsTheOthersGoOn) {
  const RankedRun run = run_on_ranks(3, 1, 20, [](int rank) { return rank == 1; });
  EXPECT_EQ(run.reported.size(), 20U);
}

TEST(RankedJobs, WhatWasStartedIsReportedWhenRank0Stops) {
  std::atomic<int> asked = 0;
  const RankedRun run =
      run_on_ranks(3, 1, 200, [&](int rank) { return rank == 0 && ++asked > 10; });
  EXPECT_LT(run.reported.size(), 200U);
  int started = 0;
  for (const int runs : run.runs) started += runs;
  EXPECT_EQ(run.reported.size(), static_cast<std::size_t>(started));
}

TEST(RankedJobs, AnErrorOfARankEndsTheRun) {
  EXPECT_THROW(on_ranks(3,
                        [](dist::Communicator& ranks) {
                          run_jobs({.count = 20,
                                    .at_once = 1,
                                    .memory = 10,
                                    .bytes = [](std::size_t) { return std::size_t{1}; },
                                    .work =
                                        [&](std::size_t) {
                                          if (ranks.rank() == 0)
                                            throw std::runtime_error("disk full");
                                        },
                                    .report = [](std::size_t) {},
                                    .is_stopped = [] { return false; }},
                                   ranks,
                                   {.give = [](std::size_t) { return dist::Bytes(); },
                                    .take = [](std::size_t, std::span<const std::byte>) {}});
                        }),
               std::runtime_error);
}

}  // namespace
}  // namespace voxloom::test
