// Pools hand blocks out again, keep a bounded amount, and leave nothing behind.

#include "voxloom/memory.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "core/machine_memory.h"
#include "voxloom/error.h"
#include "voxloom/tensor.h"

namespace voxloom::test {
namespace {

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

void execute(MemoryPool& pool, const Program& program) {
  const PoolScope scope(pool);
  std::vector<Tensor> alive(program.sizes.size());
  for (std::size_t i = 0; i < alive.size(); ++i) {
    alive[i] = bytes(program.sizes[i]);
    for (std::size_t j = 0; j < i; ++j) {
      if (j + program.lifetimes[j] == i) alive[j] = {};
    }
  }
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

TEST(MemoryPool, ScopesOfSeveralThreadsHaveAWorkspaceEach) {
  const Program program = random_program(3);
  MemoryPool alone;
  execute(alone, program);
  MemoryPool pool;
  constexpr std::size_t kThreads = 4;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned round = 0; round < 20; ++round) {
        execute(pool,
                round == 0 ? program : shrunk(program, static_cast<unsigned>(t) * 100 + round));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(pool.system_bytes(), kThreads * alone.system_bytes());
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
