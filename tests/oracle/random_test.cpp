#include "oracle/random.h"

#include <gtest/gtest.h>

#include "oracle/coords.h"

namespace voxloom_oracle {
namespace {

// The first outputs of splitmix64 for seed 0, as published with the generator.
TEST(OracleRandom, IsSplitmix64) {
  Random random(0);
  EXPECT_EQ(random.next(), 0xE220A8397B1DCDAFULL);
  EXPECT_EQ(random.next(), 0x6E789E6AA1B965F4ULL);
}

TEST(OracleRandom, IntegersReachBothEnds) {
  Random random(1);
  std::set<int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.integer(-2, 1));
  EXPECT_EQ(seen, (std::set<int64_t>{-2, -1, 0, 1}));
}

TEST(OracleRandom, PermutationHoldsEveryRowOnce) {
  Random random(2);
  std::vector<int64_t> order = random_permutation(random, 50);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_TRUE(random_permutation(random, 0).empty());
}

TEST(OracleRandom, ValuesAreFloat32AndZeroMean) {
  Random random(3);
  double sum = 0;
  for (double v : random_values(random, 10000)) {
    EXPECT_EQ(v, static_cast<double>(static_cast<float>(v)));
    EXPECT_LE(std::fabs(v), 1.0);
    sum += v;
  }
  EXPECT_LT(std::fabs(sum / 10000), 0.03);  // five standard deviations of the mean
  for (double v : random_values(random, 100, 4.0, round_to_f16)) EXPECT_EQ(v, round_to_f16(v));
}

TEST(OracleRandom, ZooSetsKeepTheirPromises) {
  const auto zoo = coordinate_zoo(4);
  for (const NamedCoords& set : zoo) {
    EXPECT_NO_THROW(rows_by_coord(set.coords)) << set.name;
    EXPECT_LE(default_batch_size(set.coords), set.batch_size) << set.name;
    for (const Coord& c : set.coords) {
      EXPECT_GE(c[0], 0);
      EXPECT_TRUE(fits_int32({Wide{c[1]}, Wide{c[2]}, Wide{c[3]}})) << set.name;
    }
  }
  const auto again = coordinate_zoo(4);
  for (size_t i = 0; i < zoo.size(); ++i) EXPECT_EQ(zoo[i].coords, again[i].coords);
}

TEST(OracleRandom, ZooReachesTheHardPlaces) {
  for (const NamedCoords& set : coordinate_zoo(5)) {
    const auto any = [&](auto predicate) {
      return std::any_of(set.coords.begin(), set.coords.end(), predicate);
    };
    if (set.name == "both_ends") {
      EXPECT_TRUE(any([](const Coord& c) { return c[1] == INT32_MIN || c[2] == INT32_MIN; }));
      EXPECT_TRUE(any([](const Coord& c) { return c[1] == INT32_MAX || c[2] == INT32_MAX; }));
    }
    if (set.name == "around_zero") {
      EXPECT_TRUE(any([](const Coord& c) { return c[1] < 0 && c[2] >= 0; }));
    }
    if (set.name == "empty_batches") {
      EXPECT_FALSE(any([](const Coord& c) { return c[0] != 1 && c[0] != 4; }));
      EXPECT_TRUE(any([](const Coord& c) { return c[0] == 1; }));
      EXPECT_TRUE(any([](const Coord& c) { return c[0] == 4; }));
    }
    if (set.name == "sparse_box") {
      EXPECT_EQ(row_count(set.coords), 100);
    }
  }
}

}  // namespace
}  // namespace voxloom_oracle
