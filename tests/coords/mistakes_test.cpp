// Mistakes that sparse convolution libraries have shipped, each with a test that would catch it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "coords/cases.h"
#include "coords/leaf_index.h"
#include "voxloom/algebra.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

SparseTensor ones_on(const CoordinateSet& set) {
  return {set, Tensor::full({set.size(), 1}, DType::f32, 1.0F)};
}

TEST(Mistakes, IdentityDecidedBecauseRowCountsAgree) {
  const CoordinateSet a = CoordinateSet::from_rows(Rows{{0, 0, 0, 0}, {0, 1, 0, 0}});
  const CoordinateSet b = CoordinateSet::from_rows(Rows{{0, 7, 0, 0}, {0, 8, 0, 0}});
  const CoordinateSet swapped = CoordinateSet::from_rows(Rows{{0, 1, 0, 0}, {0, 0, 0, 0}});
  EXPECT_EQ(forward_map(a, b, {.kernel_size = 1}).size(), 0);
  EXPECT_EQ(forward_map(a, swapped, {.kernel_size = 1}).triples(),
            (std::vector<MapEntry>{{1, 0, 0}, {0, 1, 0}}));
  EXPECT_EQ(add(ones_on(a), ones_on(b)).rows(), 4);
  EXPECT_EQ(mul(ones_on(a), ones_on(b)).rows(), 0);
}

TEST(Mistakes, MapCacheKeyedBySizeIsStaleAfterASort) {
  oracle::Random random(71);
  const CoordinateSet set = set_of(oracle::random_coords(random, {.count = 120}));
  expect_forward(set, set, {});
  const CoordinateSet sorted = sort_canonical(set).set;
  expect_forward(sorted, sorted, {});
  expect_forward(set, sorted, {});
  expect_forward(sorted, set, {});
}

TEST(Mistakes, TwoPrunesOfEqualSizeCollideInTheCache) {
  oracle::Random random(73);
  const SparseTensor x =
      ones_on(set_of(oracle::random_coords(random, {.count = 100, .extent = {6, 6, 6}})));
  for (std::int32_t first = 0; first < 40; first += 10) {
    std::vector<std::int32_t> rows(50);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = first + static_cast<std::int32_t>(i);
    const CoordinateSet kept = prune(x, rows).coords();
    expect_forward(kept, kept, {});
    expect_forward(x.coords(), kept, {});
  }
}

TEST(Mistakes, MapCacheKeyedByAddressesIsStaleWhenMemoryIsReused) {
  const CoordinateSet fine = CoordinateSet::from_rows(Rows{{0, 0, 0, 0}, {0, 1, 0, 0}});
  for (std::int32_t i = 0; i < 200; ++i) {  // each target likely takes the last one's memory
    const CoordinateSet target = CoordinateSet::from_rows(Rows{{0, i % 3, 0, 0}});
    const CoordinateSet source = CoordinateSet::from_rows(Rows{{0, i % 5, 0, 0}});
    ASSERT_EQ(forward_map(fine, target, {.kernel_size = 1}).size(), i % 3 < 2 ? 1 : 0);
    ASSERT_EQ(forward_map(source, fine, {.kernel_size = 1}).size(), i % 5 < 2 ? 1 : 0);
  }
}

TEST(Mistakes, EighteenOrTwentyBitPackingWrapsOnProbes) {
  for (const int bits : {16, 18, 20, 21, 24, 30}) {
    const std::int32_t half = std::int32_t{1} << (bits - 1);
    for (const std::int32_t far : {half, 2 * (half - 1) + 1, -half, -half - 1}) {
      const Rows rows = {{0, far, 0, 0},      {0, 0, far, 0}, {0, 0, 0, far},  {0, 0, 0, 0},
                         {0, -far - 1, 0, 0}, {0, 0, 1, far}, {0, 0, -1, far}, {1, 0, 0, far}};
      const std::set<oracle::Coord> unique = [&] {
        std::set<oracle::Coord> all;
        for (const Coordinate& c : rows) all.insert({c.batch, c.x, c.y, c.z});
        return all;
      }();
      expect_forward(set_of({unique.begin(), unique.end()}),
                     set_of({unique.rbegin(), unique.rend()}), {});
    }
  }
}

TEST(Mistakes, ProbesBeyondInt32WrapAround) {
  const CoordinateSet set = CoordinateSet::from_rows(Rows{{0, kMax, 5, 5},
                                                          {0, kMin, 5, 5},
                                                          {0, 5, kMax, 5},
                                                          {0, 5, kMin, 5},
                                                          {0, 5, 5, kMax},
                                                          {0, 5, 5, kMin},
                                                          {0, kMax, kMax, kMax},
                                                          {0, kMin, kMin, kMin}});
  for (const std::int32_t size : {3, 5, 9, 13}) {  // each row meets only itself
    EXPECT_EQ(forward_map(set, set, {.kernel_size = size}).size(), set.size()) << size;
  }
  expect_forward(set, set, {.kernel_size = 7});
  expect_forward(set, set, {.stride = 2, .dilation = kMax});
  expect_transposed(set, set, {.stride = kMax, .padding = kMax, .dilation = kMax});
}

// 2^18 sites of stride 2^16 from 0 lie 2^34 from it, in the leaf 2^32: in 32 bits the one at 0.
TEST(Mistakes, LeavesBeyond32BitsTakenForOthers) {
  constexpr std::int32_t kFar = std::int32_t{1} << 18;
  const CoordinateSet source =
      CoordinateSet::from_rows(Rows{{0, 0, 0, 0}, {0, 1, 0, 2}, {0, -1, 0, 0}, {0, 0, -4, 0}});
  const CoordinateSet target = CoordinateSet::from_rows(Rows{
      {0, kFar, 0, 0}, {0, 0, kFar, 0}, {0, 0, 0, kFar}, {0, -kFar, -kFar, -kFar}, {0, 0, 0, 0}});
  for (const std::int32_t size : {1, 3, 7}) {
    expect_forward(source, target, {.kernel_size = size, .stride = std::int32_t{1} << 16});
  }
}

// Inverts the first mixing step of hash_of: for any leaf x, y there is a (batch, z) that collides.
std::vector<Coordinate> colliding_coordinates(std::size_t count) {
  const auto first_step = [](std::int32_t x, std::int32_t y) {
    std::uint64_t h = ((static_cast<std::uint64_t>(static_cast<std::uint32_t>(x)) << 32) |
                       static_cast<std::uint32_t>(y)) *
                      0x9e3779b97f4a7c15U;
    return h ^ (h >> 32);
  };
  const std::uint64_t goal = first_step(0, 0);
  std::vector<Coordinate> rows;
  for (std::int32_t x = 0; rows.size() < count; ++x) {
    const std::uint64_t word = first_step(x, 3 * x) ^ goal;
    const auto batch = static_cast<std::int32_t>(word >> 32);
    const auto z = static_cast<std::int32_t>(word & 0xffffffffU);
    const bool is_leaf = z >= kMin / 4 && z <= kMax / 4;
    if (batch >= 0 && is_leaf) rows.push_back({batch, 4 * x, 12 * x, 4 * z});
  }
  return rows;
}

TEST(Mistakes, ComparingHashesInsteadOfCoordinates) {
  const std::vector<Coordinate> rows = colliding_coordinates(300);
  for (const Coordinate& c : rows) {
    ASSERT_EQ(hash_of(leaf_of(c)), hash_of(leaf_of(rows.front()))) << to_string(c);
  }
  const CoordinateSet even = CoordinateSet::from_rows(std::span(rows).first(150));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(even.find(rows[i]), i < 150 ? static_cast<std::int64_t>(i) : -1);
  }
  const CoordinateSet all = CoordinateSet::from_rows(rows);
  EXPECT_EQ(forward_map(all, all, {}).size(), all.size());
  EXPECT_EQ(intersection_of(all, even).size(), 150);
}

TEST(Mistakes, TruncatingInsteadOfFlooringNegatives) {
  const CoordinateSet set =
      CoordinateSet::from_rows(Rows{{0, -1, -2, -3}, {0, 0, 0, 0}, {0, 1, 1, 1}, {0, -4, -4, -4}});
  const CoordinateSet coarse = strided_support(set, 2);
  EXPECT_EQ(to_coords(coarse),
            (std::vector<oracle::Coord>{{0, -2, -2, -2}, {0, -1, -1, -2}, {0, 0, 0, 0}}));
  EXPECT_EQ(forward_map(set, coarse, {.kernel_size = 2, .stride = 2}).size(), set.size());
}

TEST(Mistakes, RowOrderDependsOnThreadsOrOnTheInputsOrder) {
  oracle::Random random(75);
  const auto coords = oracle::random_coords(
      random,
      {.count = 30000, .start = {-40, -40, -40}, .extent = {80, 80, 80}, .batches = {0, 1}});
  const auto shuffled = oracle::permuted(coords, oracle::random_permutation(random, 30000));
  const auto derived = [](const std::vector<oracle::Coord>& rows, int threads) {
    std::vector<std::vector<oracle::Coord>> sets;
    with_threads(threads, [&] {
      const CoordinateSet set = set_of(rows, 2);
      sets = {to_coords(strided_support(set, 2)), to_coords(reachable_support(set, {})),
              to_coords(transposed_support(set, {.kernel_size = 2, .stride = 2})),
              to_coords(sort_canonical(set).set),
              to_coords(union_of(set, strided_support(set, 1)))};
    });
    return sets;
  };
  const auto expected = derived(coords, 1);
  EXPECT_EQ(derived(coords, 2), expected);
  EXPECT_EQ(derived(shuffled, 1), expected);
  EXPECT_EQ(derived(shuffled, 3), expected);
}

TEST(Mistakes, TrailingEmptyBatchesVanish) {
  const CoordinateSet set = CoordinateSet::from_rows(Rows{{0, 0, 0, 0}}, {.batch_size = 3});
  EXPECT_EQ(sort_canonical(set).set.batch_size(), 3);
  EXPECT_EQ(union_of(set, set).batch_size(), 3);
  EXPECT_EQ(crop(ones_on(set), 5, 6).batch_size(), 3);
  EXPECT_EQ(prune(ones_on(set), std::vector<bool>{false}).batch_size(), 3);
  EXPECT_EQ(strided_support(strided_support(set, 2), 2).batch_size(), 3);
  EXPECT_EQ(to_dense(ones_on(set), 0, 0).dim(0), 3);
}

TEST(Mistakes, GenerativeOutputsWithDuplicateRows) {
  const CoordinateSet set =
      CoordinateSet::from_rows(Rows{{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 2, 0, 0}}, {.stride = 2});
  for (const CoordinateSet& grown :
       {reachable_support(set, {}), transposed_support(set, {.kernel_size = 3, .stride = 2})}) {
    const auto coords = to_coords(grown);
    EXPECT_EQ(std::set<oracle::Coord>(coords.begin(), coords.end()).size(), coords.size());
  }
}

TEST(Mistakes, DilationIgnored) {
  const CoordinateSet set =
      CoordinateSet::from_rows(Rows{{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 2, 0, 0}});
  EXPECT_EQ(forward_map(set, set, {.kernel_size = {3, 1, 1}}).size(), 7);
  EXPECT_EQ(forward_map(set, set, {.kernel_size = {3, 1, 1}, .dilation = 2}).size(), 5);
}

// 2^16 rows times 2^16 offsets is 2^32 cells: places in the table must be 64-bit, and the map of the
// few entries there are must not need the table.
CoordinateSet many_rows() {
  Rows rows;
  for (std::int32_t i = 0; i < (1 << 16); ++i) rows.push_back({0, 8 * i, 0, 0});
  return CoordinateSet::from_rows(rows);
}

TEST(Mistakes, RowsTimesOffsetsIn32Bits) {
  if (std::getenv("VOXLOOM_LONG_TESTS") == nullptr) {
    GTEST_SKIP() << "takes minutes; set VOXLOOM_LONG_TESTS";
  }
  const CoordinateSet set = many_rows();
  const KernelMap map = forward_map(set, set, {.kernel_size = {1, 256, 256}});
  EXPECT_EQ(map.size(), 1 << 16);  // each row meets itself
  EXPECT_EQ(map.triples().back(), (MapEntry{(1 << 16) - 1, (1 << 16) - 1, 0}));
}

TEST(Mistakes, ManyOffsets) {
  const CoordinateSet set = many_rows();
  const KernelSpec wide{.kernel_size = {1, 256, 256}};
  const CoordinateSet few = CoordinateSet::from_rows(Rows{{0, 16, 3, -7}, {0, 8, 300, 0}});
  EXPECT_EQ(forward_map(set, few, wide).triples(),
            (std::vector<MapEntry>{}));  // even sizes start at 0: y = 3 and up hold nothing
  const CoordinateSet below = CoordinateSet::from_rows(Rows{{0, 16, -3, -7}});
  EXPECT_EQ(forward_map(set, below, wide).triples(), (std::vector<MapEntry>{{2, 0, 3 * 256 + 7}}));
}

}  // namespace
}  // namespace voxloom::test
