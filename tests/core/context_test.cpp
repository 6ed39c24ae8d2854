// Contexts share no settings, and parallel loops carry them.

#include "voxloom/context.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "core/parallel.h"
#include "support/oracle_bridge.h"
#include "voxloom/error.h"
#include "voxloom/isa.h"
#include "voxloom/memory.h"
#include "voxloom/plans.h"
#include "voxloom/tensor.h"

namespace voxloom::test {
namespace {

TEST(Context, PinsOfOneAreNotThoseOfAnother) {
  const std::string isa = current_isa();
  Context a, b;
  a.run([] {
    set_isa("scalar");
    pin_algorithm("reference");
  });
  b.run([&] {
    EXPECT_EQ(current_isa(), isa);
    EXPECT_EQ(pinned_algorithm(), "");
  });
  a.run([] {
    EXPECT_EQ(current_isa(), "scalar");
    EXPECT_EQ(pinned_algorithm(), "reference");
  });
  EXPECT_EQ(current_isa(), isa);
}

TEST(Context, LoopsCarryItToTheirThreads) {
  Context context;
  const ContextScope scope(context);
  std::atomic<int> strangers = 0;
  parallel_for(1000, 1, [&](std::int64_t, std::int64_t) {
    if (&Context::current() != &context) ++strangers;
  });
  EXPECT_EQ(strangers, 0);
}

TEST(Context, ScopesNest) {
  Context a, b;
  {
    const ContextScope outer(a);
    {
      const ContextScope inner(b);
      EXPECT_EQ(&Context::current(), &b);
    }
    EXPECT_EQ(&Context::current(), &a);
  }
  EXPECT_EQ(&Context::current(), &Context::standard());
}

TEST(Context, AThreadCountHoldsInside) {
  Context context;
  context.set_threads(1);
  context.run([] { EXPECT_EQ(available_threads(), 1); });
  expect_throws<std::invalid_argument>([&] { context.set_threads(-1); }, "from 0 to 4096");
  expect_throws<std::invalid_argument>(
      [&] { context.set_threads(std::numeric_limits<int>::max()); }, "got 2147483647");
}

TEST(Context, MemoryComesFromItsAllocator) {
  Context context;
  std::size_t asked = 0;
  context.set_allocator({.allocate = [&](std::size_t bytes) {
    asked += bytes;
    return allocate_system_bytes(bytes);
  }});
  MemoryPool pool;
  const PoolScope outer(pool);
  context.run([] { EXPECT_TRUE(Tensor::zeros({1000}, DType::f32).defined()); });
  EXPECT_EQ(asked, 4000U);
  EXPECT_EQ(pool.system_bytes(), 0U);  // another context's pool is not used
  EXPECT_TRUE(Tensor::zeros({1000}, DType::f32).defined());
  EXPECT_EQ(asked, 4000U);
  EXPECT_GT(pool.system_bytes(), 0U);
}

TEST(Context, AnAllocatorThatMisalignsIsRefused) {
  Context context;
  context.set_allocator({.allocate = [](std::size_t bytes) {
    std::shared_ptr<std::byte> block = allocate_system_bytes(bytes + 1);
    return std::shared_ptr<std::byte>(block, block.get() + 1);
  }});
  expect_throws<std::invalid_argument>(
      [&] { context.run([] { return Tensor::zeros({10}, DType::f32); }); }, "multiple of 64");
}

TEST(Context, AnAllocatorThatHasNoMoreIsAResourceError) {
  Context context;
  const auto make = [] { return Tensor::zeros({10}, DType::f32); };
  context.set_allocator({.allocate = [](std::size_t) { return nullptr; }});
  expect_throws<ResourceError>([&] { context.run(make); }, "the allocator has no 40 bytes left");
  context.set_allocator(
      {.allocate = [](std::size_t) -> std::shared_ptr<std::byte> { throw std::bad_alloc(); }});
  expect_throws<ResourceError>([&] { context.run(make); }, "the allocator has no 40 bytes left");
}

std::atomic<int> checks_left = 0;

TEST(Context, ACheckStopsALoop) {
  Context context;
  context.set_stop_check([] {
    if (--checks_left < 0) throw std::runtime_error("stopped");
  });
  std::atomic<int> done = 0;
  const auto loop = [&] { parallel_for(100, 1, [&](std::int64_t, std::int64_t) { ++done; }); };
  checks_left = 10;
  try {
    context.run(loop);
    ADD_FAILURE() << "the loop ran to its end";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "stopped");
  }
  EXPECT_LT(done, 100);
  done = 0;
  loop();  // another context has no check
  EXPECT_EQ(done, 100);
  context.set_stop_check(nullptr);
  context.run(loop);
  EXPECT_EQ(done, 200);
}

TEST(Context, LogGoesToTheHook) {
  Context context;
  std::string heard;
  context.log("nobody listens");
  context.set_log([&](std::string_view message) { heard = message; });
  context.log("plans of another processor");
  EXPECT_EQ(heard, "plans of another processor");
}

}  // namespace
}  // namespace voxloom::test
