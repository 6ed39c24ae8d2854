// Pools hand blocks out again, keep a bounded amount, and leave nothing behind.

#include "voxloom/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <barrier>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/machine_memory.h"
#include "voxloom/error.h"
#include "voxloom/tensor.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

Tensor bytes(std::int64_t count) { return Tensor::empty({count}, DType::u8); }

TEST(MemoryPool, ASecondRoundTakesNothingFromTheSystem) {
  MemoryPool pool;
  const PoolScope scope(pool);
  const auto round = [] {
    const Tensor a = bytes(3 * kMiB);
    const Tensor b = bytes(5 * kMiB);
    const Tensor c = bytes(100);
  };
  round();
  const std::size_t after_first = pool.system_bytes();
  EXPECT_GE(after_first, static_cast<std::size_t>(8 * kMiB));
  round();
  EXPECT_EQ(pool.system_bytes(), after_first);
}

// What a model does to memory: requests of random sizes, each freed some requests later.
struct Program {
  std::vector<std::int64_t> sizes;
  std::vector<std::size_t> lifetimes;
};

Program random_program(unsigned seed) {
  std::mt19937 engine(seed);
  Program program;
  for (int i = 0; i < 200; ++i) {
    program.sizes.push_back(1 + static_cast<std::int64_t>(engine() % 200) * 4096);
    program.lifetimes.push_back(engine() % 8 == 0 ? 60 : engine() % 6);
  }
  return program;
}

// Every size at most what the program says: a smaller scan, of another shape.
Program shrunk(Program program, unsigned seed) {
  std::mt19937 engine(seed);
  for (std::int64_t& size : program.sizes) size = 1 + size * static_cast<int>(engine() % 100) / 100;
  return program;
}

void execute_here(const Program& program) {
  std::vector<Tensor> alive(program.sizes.size());
  for (std::size_t i = 0; i < alive.size(); ++i) {
    alive[i] = bytes(program.sizes[i]);
    for (std::size_t j = 0; j < i; ++j) {
      if (j + program.lifetimes[j] == i) alive[j] = {};
    }
  }
}

void execute(MemoryPool& pool, const Program& program) {
  const PoolScope scope(pool);
  execute_here(program);
}

TEST(MemoryPool, RequestsThatAreNoLargerTakeNothingFromTheSystem) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    MemoryPool pool;
    const Program program = random_program(seed);
    execute(pool, shrunk(program, seed + 500));  // grows out of a smaller one
    execute(pool, program);
    const std::size_t once = pool.system_bytes();
    for (unsigned round = 0; round < 5; ++round) {
      execute(pool, shrunk(program, seed * 10 + round));
      execute(pool, program);
    }
    EXPECT_EQ(pool.system_bytes(), once) << seed;
  }
}

// All are in their first scope together, so that each workspace sees the largest program first: whichever
// serves whom after that, it has all it needs.
TEST(MemoryPool, ScopesOfSeveralThreadsHaveAWorkspaceEach) {
  const Program program = random_program(3);
  MemoryPool alone;
  execute(alone, program);
  MemoryPool pool;
  constexpr std::size_t kThreads = 4;
  std::barrier all_are_in(static_cast<std::ptrdiff_t>(kThreads));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      {
        const PoolScope scope(pool);
        all_are_in.arrive_and_wait();
        execute_here(program);
      }
      for (unsigned round = 1; round < 20; ++round) {
        execute(pool, shrunk(program, static_cast<unsigned>(t) * 100 + round));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.system_bytes(), kThreads * alone.system_bytes());
  EXPECT_EQ(pool.idle_bytes(), pool.system_bytes());
}

TEST(MemoryPool, BlocksThatWereTrimmedAreNotHandedOut) {
  MemoryPool pool;
  const Program program = random_program(7);
  execute(pool, program);
  const std::size_t once = pool.system_bytes();
  pool.trim();
  EXPECT_EQ(pool.idle_bytes(), 0U);
  execute(pool, program);
  EXPECT_GT(pool.system_bytes(), once);
}

TEST(MemoryPool, ServesOnlyItsScope) {
  MemoryPool pool;
  { const Tensor outside = bytes(kMiB); }
  EXPECT_EQ(pool.system_bytes(), 0U);
  MemoryPool inner;
  {
    const PoolScope scope(pool);
    {
      const PoolScope nested(inner);
      const Tensor a = bytes(kMiB);
    }
    EXPECT_GT(inner.idle_bytes(), 0U);
    EXPECT_EQ(pool.system_bytes(), 0U);
    const Tensor b = bytes(kMiB);
  }
  EXPECT_GT(pool.system_bytes(), 0U);
}

TEST(MemoryPool, WhatLiesIdleIsBoundedByWhatWasInUse) {
  MemoryPool pool;
  const PoolScope scope(pool);
  // One live tensor at a time, of many sizes that cannot serve each other.
  for (std::int64_t size = 200 * kMiB; size > 10 * kMiB; size = size * 3 / 4) {
    const Tensor x = bytes(size);
  }
  EXPECT_LE(pool.idle_bytes(), static_cast<std::size_t>(2 * 225 * kMiB + 64 * kMiB));
  pool.trim();
  EXPECT_EQ(pool.idle_bytes(), 0U);
}

// Each is larger than all before it, so that none can serve again: what was given back adds up to four
// times what was ever in use.
TEST(MemoryPool, WhatCannotServeAgainIsLetGo) {
  MemoryPool pool;
  const PoolScope scope(pool);
  constexpr std::int64_t kLargest = 160 * kMiB;
  std::vector<std::int64_t> sizes;
  for (std::int64_t size = kLargest; size > 10 * kMiB; size = size * 3 / 4) sizes.push_back(size);
  std::int64_t all = 0;
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    const Tensor x = bytes(*size);
    all += *size;
  }
  const auto allowed = static_cast<std::size_t>(2 * kLargest * 9 / 8 + 64 * kMiB);
  ASSERT_GT(static_cast<std::size_t>(all), allowed);
  EXPECT_LE(pool.idle_bytes(), allowed);
  EXPECT_GE(pool.idle_bytes(), static_cast<std::size_t>(kLargest)) << "the last one is kept";
}

// A call that asks for more than the one before it does not keep both blocks.
TEST(MemoryPool, AnOutgrownBlockGoes) {
  MemoryPool pool;
  for (const std::int64_t size : {10 * kMiB, 20 * kMiB}) {
    const PoolScope scope(pool);
    const Tensor x = bytes(size);
  }
  EXPECT_LT(pool.idle_bytes(), static_cast<std::size_t>(25 * kMiB));
}

TEST(MemoryPool, ASmallRequestTakesNoHugeBlock) {
  MemoryPool pool;
  const PoolScope scope(pool);
  { const Tensor huge = bytes(100 * kMiB); }
  const Tensor small = bytes(kMiB);
  EXPECT_GE(pool.idle_bytes(), static_cast<std::size_t>(100 * kMiB));
}

// Sanitizers reserve more addresses than any limit leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// In a process of its own, which has 300 MiB left: 200 lie idle, then 250 are asked for.
bool serves_once_idle_blocks_are_gone() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  MemoryPool pool;
  const PoolScope scope(pool);
  rlimit limit{};
  limit.rlim_cur = limit.rlim_max =
      pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + static_cast<rlim_t>(300 * kMiB);
  if (::setrlimit(RLIMIT_AS, &limit) != 0) return false;
  { const Tensor idle = bytes(200 * kMiB); }
  if (pool.idle_bytes() < static_cast<std::size_t>(200 * kMiB)) return false;
  const Tensor x = bytes(250 * kMiB);
  return pool.idle_bytes() == 0;
}

TEST(MemoryPool, LetsIdleBlocksGoBeforeItGivesUp) {
  EXPECT_EXIT(std::_Exit(serves_once_idle_blocks_are_gone() ? 0 : 1), testing::ExitedWithCode(0),
              "");
}
#endif

TEST(MemoryPool, BlocksOutliveThePool) {
  Tensor survivor;
  {
    MemoryPool pool;
    const PoolScope scope(pool);
    survivor = Tensor::full({1000}, DType::f32, 7.0F);
  }
  EXPECT_EQ(survivor.data<float>()[999], 7.0F);
}

TEST(Memory, TheMachineTellsWhatItHasLeft) {
  EXPECT_GT(available_memory(), std::size_t{1} << 20);
  EXPECT_LT(available_memory(), std::size_t{1} << 50) << "no machine has this much";
}

// A tree of control groups as files, as the system shows it.
class GroupMemory : public testing::Test {
 protected:
  GroupMemory() {
    std::string name = (fs::temp_directory_path() / "voxloom-groups-XXXXXX").string();
    mount_ = ::mkdtemp(name.data());
  }
  ~GroupMemory() override {
    std::error_code ignored;
    fs::remove_all(mount_, ignored);
  }
  void group(const std::string& path, const std::string& most, const std::string& current,
             const std::string& stat = "") const {
    write(fs::path(path) / "memory.max", most + "\n");
    write(fs::path(path) / "memory.current", current + "\n");
    if (!stat.empty()) write(fs::path(path) / "memory.stat", stat);
  }
  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((mount_ / path).parent_path());
    std::ofstream(mount_ / path) << text;
  }
  [[nodiscard]] std::size_t available() const { return available_memory(mount_); }
  [[nodiscard]] std::size_t left(std::string_view membership) const {
    return group_memory_left(mount_, membership);
  }
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

 private:
  fs::path mount_;
};

TEST_F(GroupMemory, TheNarrowestGroupAroundTheProcessRules) {
  group("a", "1000", "100");
  group("a/b", "max", "90");
  group("a/b/c", "500", "80");
  group("a/b/c/d", "100000", "70");
  group("a/other", "10", "10");
  EXPECT_EQ(left("0::/a/b/c/d\n"), 420U);
  EXPECT_EQ(left("0::/a/b\n"), 900U);
  EXPECT_EQ(left("0::/\n"), kNone) << "the root has no limit of its own";
  EXPECT_EQ(left("0::/not/there\n"), kNone);
  group("a/b", "200", "250");
  EXPECT_EQ(left("0::/a/b/c/d"), 0U) << "more is in use than was allowed since";
}

TEST_F(GroupMemory, TheLineOfVersionTwoCounts) {
  group("mine", "1000", "0");
  group("old", "5", "0");
  EXPECT_EQ(left("12:memory:/old\n1:name=systemd:/old\n0::/mine\n"), 1000U);
  EXPECT_EQ(left("12:memory:/old\n"), kNone);
  EXPECT_EQ(left(""), kNone);
}

TEST_F(GroupMemory, AContainersOwnGroupIsItsRoot) {
  group("", "700", "300");
  EXPECT_EQ(left("0::/\n"), 400U);
  EXPECT_EQ(left("0::/../../elsewhere\n"), 400U) << "out of sight";
}

TEST_F(GroupMemory, WhatIsHeldUpAboveAMarkStaysBelowIt) {
  group("g", "1000", "100");
  write("g/memory.high", "600\n");
  EXPECT_EQ(left("0::/g\n"), 500U);
  write("g/memory.high", "max\n");
  EXPECT_EQ(left("0::/g\n"), 900U);
  write("g/memory.max", "max\n");
  EXPECT_EQ(left("0::/g\n"), kNone);
}

// A whole system as it shows itself: the process lies two groups deep in a container whose root shows no limit.
TEST_F(GroupMemory, IsThatOfTheProcessAndNotOfTheRoot) {
  write("proc/meminfo", "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable:    4000 kB\n");
  write("proc/self/cgroup", "0::/pod/mine\n");
  group("sys/fs/cgroup/pod", "max", "70000");
  EXPECT_EQ(available(), 4000U * 1024);
  group("sys/fs/cgroup/pod/mine", "1000000", "400000", "inactive_file 100000\n");
  EXPECT_EQ(available(), 700000U);
  group("sys/fs/cgroup/pod", "500000", "450000");
  EXPECT_EQ(available(), 50000U) << "the group around it is narrower";
  write("proc/self/cgroup", "0::/pod\n");
  group("sys/fs/cgroup/pod", "max", "1");
  EXPECT_EQ(available(), 4000U * 1024) << "its neighbour's limit is not its own";
}

TEST_F(GroupMemory, PagesThatCanBeDroppedAreFree) {
  group("g", "1000", "900", "anon 100\nfile 800\ninactive_file 600\nactive_file 200\n");
  EXPECT_EQ(left("0::/g\n"), 700U);
}

TEST(Memory, MoreThanTheMachineHasIsRefused) {
  EXPECT_THROW((void)bytes(std::int64_t{1} << 60), ResourceError);
  EXPECT_THROW((void)Tensor::empty({std::int64_t{1} << 62, 4}, DType::f32), ResourceError);
  MemoryPool pool;
  const PoolScope scope(pool);
  EXPECT_THROW((void)bytes(std::int64_t{1} << 60), ResourceError);
  EXPECT_EQ(pool.system_bytes(), 0U);
}

}  // namespace
}  // namespace voxloom::test
