// What a set remembers: the same request gives the same object, nothing stale, nothing for ever.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <new>
#include <thread>

#include "coords/cases.h"
#include "coords/coordinate_set_impl.h"
#include "coords/encoding_cache.h"
#include "coords/map_blocks.h"

namespace voxloom::test {
namespace {

CoordinateSet some_set(std::uint64_t seed, std::int64_t count = 200) {
  oracle::Random random(seed);
  return set_of(oracle::random_coords(random, {.count = count, .start = {-8, -8, -8}}));
}

std::size_t maps_of(const CoordinateSet& set) { return set.impl().cache().map_count(); }

TEST(Cache, TheSameRequestGivesTheSameObject) {
  const CoordinateSet set = some_set(1);
  EXPECT_EQ(strided_support(set, 2), strided_support(set, 2));
  EXPECT_EQ(reachable_support(set, {}), reachable_support(set, {}));
  EXPECT_EQ(transposed_support(set, {}), transposed_support(set, {}));
  EXPECT_EQ(forward_map(set, strided_support(set, 2), {.stride = 2}),
            forward_map(set, strided_support(set, 2), {.stride = 2}));
  const CoordinateSet copy = set;  // NOLINT: the copy is the point
  EXPECT_EQ(strided_support(copy, 2), strided_support(set, 2));
}

TEST(Cache, DifferentRequestsGiveDifferentObjects) {
  const CoordinateSet set = some_set(2);
  EXPECT_FALSE(strided_support(set, 2) == strided_support(set, 3));
  EXPECT_FALSE(reachable_support(set, {}) == reachable_support(set, {.dilation = 2}));
  EXPECT_FALSE(reachable_support(set, {}) == transposed_support(set, {}));
  EXPECT_FALSE(forward_map(set, set, {}) == forward_map(set, set, {.dilation = 2}));
  EXPECT_FALSE(forward_map(set, set, {}) == transposed_map(set, set, {}));
}

TEST(Cache, KernelsWithOneRelationShareTheirMap) {
  const CoordinateSet set = some_set(3);
  const KernelMap centered = forward_map(set, set, {.kernel_size = 3});
  EXPECT_EQ(forward_map(set, set, {.padding = 1, .origin = Origin::corner}), centered);
}

// Six numbers of bounds must not read like a stride and more shifts of the kernel, before its own
// numbers or behind them: bounds from (1,1,1) to (4,4,4) are also the stride 1 and the shift (4,4,4).
TEST(Cache, BoundsAreNotTakenForOffsets) {
  const Bounds bounds{{1, 1, 1}, {4, 4, 4}};
  const std::vector<std::vector<Triple>> readings = {{{4, 4, 4}, {1, 1, 1}, {0, 0, 0}},
                                                     {{0, 0, 0}, {1, 1, 1}, {4, 4, 4}}};
  for (const std::vector<Triple>& offsets : readings) {
    const CoordinateSet set = some_set(4);
    const KernelSpec longer{.offsets = offsets};
    const CoordinateSet bounded = reachable_support(set, {.offsets = {{0, 0, 0}}}, bounds);
    const CoordinateSet unbounded = reachable_support(set, longer);
    EXPECT_EQ(to_coords(unbounded),
              oracle::reachable_support(to_coords(set), to_offsets(longer), {}));
    EXPECT_FALSE(bounded == unbounded);
  }
}

TEST(Cache, AMapDiesWithItsCoarseSet) {
  const CoordinateSet fine = some_set(5);
  for (int i = 0; i < 3; ++i) {
    const CoordinateSet target = some_set(6);
    EXPECT_GE(forward_map(fine, target, {}).size(), 0);
    EXPECT_EQ(maps_of(fine), 1U);
  }
  EXPECT_EQ(maps_of(fine), 0U);
}

TEST(Cache, AMapDiesWithItsFineSet) {
  const CoordinateSet coarse = some_set(7);
  std::weak_ptr<const CoordinateSet::Impl> fine_alive;
  {
    const CoordinateSet fine = some_set(8);
    fine_alive = CoordinateSet::Impl::of(fine);
    EXPECT_GE(forward_map(fine, coarse, {}).size(), 0);
  }
  EXPECT_TRUE(fine_alive.expired());
  EXPECT_GE(forward_map(some_set(8), coarse, {}).size(), 0);
}

TEST(Cache, AMapInUseKeepsItsSets) {
  std::weak_ptr<const CoordinateSet::Impl> alive;
  {
    std::optional<KernelMap> map;
    {
      const CoordinateSet set = some_set(9);
      alive = CoordinateSet::Impl::of(set);
      map = forward_map(set, set, {});
    }
    EXPECT_FALSE(alive.expired());
    EXPECT_GT(map->size(), 0);
  }
  EXPECT_TRUE(alive.expired());
}

TEST(Cache, ASetIsFreedAlthoughItRemembersMapsAndSets) {
  std::weak_ptr<const CoordinateSet::Impl> set_alive;
  std::weak_ptr<const CoordinateSet::Impl> coarse_alive;
  {
    const CoordinateSet set = some_set(10);
    const CoordinateSet coarse = strided_support(set, 2);
    EXPECT_GT(forward_map(set, coarse, {.stride = 2}).size(), 0);
    EXPECT_GT(forward_map(set, set, {}).size(), 0);
    EXPECT_GT(forward_map(coarse, set, {}).size(), 0);
    set_alive = CoordinateSet::Impl::of(set);
    coarse_alive = CoordinateSet::Impl::of(coarse);
  }
  EXPECT_TRUE(set_alive.expired());
  EXPECT_TRUE(coarse_alive.expired());
}

TEST(Cache, IsBounded) {
  const CoordinateSet set = some_set(11, 20);
  for (std::int32_t dilation = 1; dilation <= 200; ++dilation) {
    EXPECT_GE(forward_map(set, set, {.dilation = dilation}).volume(), 27);
    EXPECT_GE(reachable_support(set, {.dilation = dilation}).size(), 20);
  }
  EXPECT_LE(maps_of(set), DerivedCache::kKeptMaps);
  EXPECT_LE(set.impl().cache().kept_set_count(), DerivedCache::kKeptSets);
}

TEST(Cache, TheLongestUnaskedIsForgottenFirst) {
  const CoordinateSet set = some_set(12, 20);
  std::weak_ptr<const CoordinateSet::Impl> often = CoordinateSet::Impl::of(strided_support(set, 2));
  std::weak_ptr<const CoordinateSet::Impl> once = CoordinateSet::Impl::of(strided_support(set, 3));
  for (std::int32_t stride = 4; stride < 40; ++stride) {
    EXPECT_GT(strided_support(set, stride).size(), 0);
    EXPECT_GT(strided_support(set, 2).size(), 0);
  }
  EXPECT_FALSE(often.expired());
  EXPECT_TRUE(once.expired());
}

TEST(Cache, OfMapsTooTheLongestUnaskedIsForgottenFirst) {
  const CoordinateSet set = some_set(12, 20);
  const KernelMap often = forward_map(set, set, {.kernel_size = {3, 1, 1}});
  const KernelMap once = forward_map(set, set, {.kernel_size = {1, 3, 1}});
  for (std::int32_t dilation = 1; dilation <= static_cast<std::int32_t>(DerivedCache::kKeptMaps);
       ++dilation) {
    EXPECT_GE(forward_map(set, set, {.dilation = dilation}).volume(), 27);
    EXPECT_EQ(forward_map(set, set, {.kernel_size = {3, 1, 1}}), often) << dilation;
  }
  EXPECT_FALSE(forward_map(set, set, {.kernel_size = {1, 3, 1}}) == once);
}

TEST(Cache, ADerivedSetThatFellOutIsStillFoundWhileItIsHeld) {
  const CoordinateSet set = some_set(13, 20);
  const CoordinateSet held = strided_support(set, 2);
  for (std::int32_t stride = 3; stride < 60; ++stride) (void)strided_support(set, stride).size();
  EXPECT_EQ(strided_support(set, 2), held);
}

// What backends make of a set or a map: once for each of them, and nothing where making it failed.
void expect_made_once(EncodingCache& encodings, EncodingCache& of_a_copy) {
  const char one_backend = 0, another_backend = 0;
  int made = 0;
  const auto make = [&] { return std::make_shared<int>(++made); };
  EXPECT_THROW((void)encodings.get(&one_backend,
                                   []() -> EncodingCache::Encoding { throw std::bad_alloc(); }),
               std::bad_alloc);
  const EncodingCache::Encoding first = encodings.get(&one_backend, make);
  EXPECT_EQ(of_a_copy.get(&one_backend, make), first);
  EXPECT_NE(encodings.get(&another_backend, make), first);
  EXPECT_EQ(made, 2);
}

TEST(Cache, WhatBackendsMakeOfASetIsMadeOnceAndDiesWithIt) {
  std::weak_ptr<const void> kept;
  const char backend = 0;
  {
    const CoordinateSet set = some_set(12);
    const CoordinateSet copy = set;  // NOLINT: the copy is the point
    expect_made_once(set.impl().encodings(), copy.impl().encodings());
    EXPECT_NE(&some_set(12).impl().encodings(), &set.impl().encodings());
    kept = set.impl().encodings().get(&backend, [] { return std::make_shared<int>(1); });
    EXPECT_FALSE(kept.expired());
  }
  EXPECT_TRUE(kept.expired());
}

TEST(Cache, WhatBackendsMakeOfAMapIsMadeOnceAndDiesWithIt) {
  std::weak_ptr<const void> kept;
  const char backend = 0;
  {
    const CoordinateSet set = some_set(13);
    const KernelMap map = forward_map(set, strided_support(set, 2), {.stride = 2});
    // The same request gives the same map, and so what was made of it.
    expect_made_once(map.encodings(),
                     forward_map(set, strided_support(set, 2), {.stride = 2}).encodings());
    EXPECT_NE(&map.swapped().encodings(), &map.encodings());  // the other direction is another
    EXPECT_EQ(&map.swapped().swapped().encodings(), &map.encodings());
    kept = map.encodings().get(&backend, [] { return std::make_shared<int>(1); });
    EXPECT_FALSE(kept.expired());
  }
  EXPECT_TRUE(kept.expired());
}

TEST(Cache, ThreadsThatAskTogetherGetTheSameObjects) {
  for (int round = 0; round < 5; ++round) {
    const CoordinateSet set = some_set(100 + static_cast<std::uint64_t>(round), 900);
    const CoordinateSet other = some_set(200, 300);
    std::atomic<int> waiting{4};
    std::vector<std::optional<CoordinateSet>> coarse(4);
    std::vector<const BlockedEntries*> entries(4);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        coarse[i] = strided_support(set, 2);
        entries[i] = blocks_of(forward_map(set, *coarse[i], {.stride = 2})).entries;
        EXPECT_EQ(forward_map(set, set, {}).size(), forward_map(set, set, {}).swapped().size());
        EXPECT_GE(forward_map(other, set, {}).size(), 0);
        EXPECT_EQ(set.find(set[5]), 5);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 1; i < 4; ++i) {
      EXPECT_EQ(coarse[i], coarse[0]);
      EXPECT_EQ(entries[i], entries[0]);
    }
  }
}

TEST(Cache, SetsMayDieOnSeveralThreadsWhileMapsAreMade) {
  const CoordinateSet shared = some_set(300, 100);
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t round = 0; round < 20; ++round) {
        const CoordinateSet mine = some_set(400 + 20 * i + round, 50);
        EXPECT_GE(forward_map(shared, mine, {}).size(), 0);
        EXPECT_GE(forward_map(mine, shared, {}).size(), 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(maps_of(shared), 0U);
}

}  // namespace
}  // namespace voxloom::test
