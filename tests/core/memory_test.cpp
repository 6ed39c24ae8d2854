// Pools hand blocks out again, keep a bounded amount, and leave nothing behind.

#include "voxloom/memory.h"

#include <gtest/gtest.h>

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
