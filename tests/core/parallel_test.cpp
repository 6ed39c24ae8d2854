// Loops cover their range once, whatever the number of threads; errors come back.

#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace voxloom::test {
namespace {

TEST(Parallel, EveryElementOnceInFixedChunks) {
  for (const int threads : {1, 2, 5}) {
    with_threads(threads, [] {
      std::vector<int> seen(1000, 0);
      std::vector<std::int64_t> ends(11, 0);
      parallel_for(1000, 96, [&](std::int64_t begin, std::int64_t end) {
        EXPECT_EQ(begin % 96, 0);
        ends[static_cast<std::size_t>(begin / 96)] = end;
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      EXPECT_EQ(seen, std::vector<int>(1000, 1));
      EXPECT_EQ(ends.front(), 96);
      EXPECT_EQ(ends.back(), 1000);
    });
  }
}

TEST(Parallel, NothingToDoAndMisuse) {
  parallel_for(0, 1, [](std::int64_t, std::int64_t) { FAIL(); });
  EXPECT_THROW(parallel_for(5, 0, [](std::int64_t, std::int64_t) {}), std::invalid_argument);
  EXPECT_THROW(with_threads(-1, [] {}), std::invalid_argument);
  EXPECT_THROW(with_threads(kMostThreads + 1, [] {}), std::invalid_argument);
}

TEST(Parallel, AnErrorInAChunkComesBack) {
  const auto loop = [] {
    parallel_for(100, 1, [](std::int64_t begin, std::int64_t) {
      if (begin == 57) throw std::runtime_error("chunk 57");
    });
  };
  EXPECT_THROW(loop(), std::runtime_error);
}

// One caller's limit is not another's.
TEST(Parallel, CallersWithDifferentLimits) {
  std::atomic<int> inside = 0;
  with_threads(1, [&] {
    std::thread other([&] { with_threads(2, [&] { inside = available_threads(); }); });
    other.join();
    EXPECT_EQ(available_threads(), 1);
  });
  EXPECT_EQ(inside, 2);
}

}  // namespace
}  // namespace voxloom::test
