// A child that is forked after loops have run on threads works alone, with the same results.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "core/parallel.h"

namespace voxloom::test {
namespace {

// 0: the loop, nested and isolated as the library does it, ran over everything on one thread.
int run_loops() {
  std::atomic<int> done = 0;
  run_isolated([&] {
    parallel_for(64, 1, [&](std::int64_t, std::int64_t) {
      parallel_for(8, 1, [&](std::int64_t, std::int64_t) { ++done; });
    });
  });
  with_threads(3, [&] { parallel_for(64, 1, [&](std::int64_t, std::int64_t) { ++done; }); });
  return done == 64 * 9 ? 0 : 1;
}

TEST(Fork, AChildWorksAlone) {
#if defined(VOXLOOM_TSAN)
  GTEST_SKIP() << "the thread sanitizer ends children of processes that have threads";
#endif
  ASSERT_EQ(run_loops(), 0);
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(available_threads() == 1 ? run_loops() : 2);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_EQ(run_loops(), 0);
}

}  // namespace
}  // namespace voxloom::test
