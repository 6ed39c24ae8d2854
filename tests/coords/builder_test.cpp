// The leaf-by-leaf builder makes what the look-up builder makes, entry for entry.
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "coords/cases.h"
#include "coords/coordinate_set_impl.h"
#include "coords/hit_list.h"
#include "coords/leaf_map.h"
#include "coords/map_builder.h"
#include "coords/order.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

// Whether the map was built by leaves.
bool expect_equal_builders(const CoordinateSet& fine, const CoordinateSet& coarse,
                           const KernelSpec& kernel, OutputSide side) {
  const KernelGeometry geometry = KernelGeometry::from("test", kernel);
  const auto by_leaves = build_blocks_by_leaves(fine, coarse, geometry, side);
  if (!by_leaves) return false;
  const BlockedEntries expected = build_blocks_by_lookup(fine, coarse, geometry, side);
  EXPECT_EQ(by_leaves->begin, expected.begin) << describe(kernel);
  EXPECT_EQ(by_leaves->in_row, expected.in_row) << describe(kernel);
  EXPECT_EQ(by_leaves->out_local, expected.out_local) << describe(kernel);
  return true;
}

std::vector<CoordinateSet> sets() {
  oracle::Random random(81);
  const oracle::CoordOptions dense = {
      .count = 3000, .start = {-11, -9, -13}, .extent = {20, 18, 25}, .batches = {0, 2}};
  const oracle::CoordOptions surface = {.count = 3000,
                                        .start = {-70, 1000000, 5},
                                        .extent = {90, 90, 30},
                                        .scatter = oracle::Scatter::kSurface};
  std::vector<CoordinateSet> all = {set_of(oracle::random_coords(random, dense)),
                                    set_of(oracle::random_coords(random, surface)),
                                    set_of(oracle::full_box({-3, -6, 2}, {13, 9, 12}))};
  all.push_back(sort_canonical(all[1]).set);
  return all;
}

TEST(Builder, EveryRelationOfTheContractOnBothSides) {
  const std::vector<CoordinateSet> all = sets();
  const std::vector<Triple> sizes = {1, 2, 3, 4, 5, {3, 1, 5}, {7, 1, 1}};
  std::size_t number = 0;
  for (const KernelSpec& kernel : kernels_of(sizes)) {
    const CoordinateSet& fine = all[number++ % all.size()];
    const CoordinateSet coarse = strided_support(fine, kernel.stride);
    for (const OutputSide side : {OutputSide::coarse, OutputSide::fine}) {
      EXPECT_TRUE(expect_equal_builders(fine, coarse, kernel, side)) << describe(kernel);
    }
  }
}

TEST(Builder, LargeKernelsAndStrides) {
  const std::vector<CoordinateSet> all = sets();
  for (const KernelSpec& kernel :
       std::vector<KernelSpec>{{.kernel_size = 7},
                               {.kernel_size = 4, .stride = 4},
                               {.kernel_size = {8, 2, 3}, .stride = {8, 2, 3}},
                               {.stride = 5},
                               {.stride = {7, 1, 11}},
                               {.dilation = 4},
                               {.dilation = 16},
                               {.kernel_size = {1, 1, 31}}}) {
    const CoordinateSet coarse = strided_support(all[0], kernel.stride);
    for (const OutputSide side : {OutputSide::coarse, OutputSide::fine}) {
      EXPECT_TRUE(expect_equal_builders(all[0], coarse, kernel, side)) << describe(kernel);
    }
  }
}

TEST(Builder, ListedOffsetsAndUnrelatedSets) {
  const std::vector<CoordinateSet> all = sets();
  for (const auto& offsets : offset_lists()) {
    for (const Triple& stride : {Triple(1), Triple(2), Triple(3, 1, 2)}) {
      const KernelSpec kernel{.stride = stride, .padding = {0, 1, 0}, .offsets = offsets};
      for (const OutputSide side : {OutputSide::coarse, OutputSide::fine}) {
        (void)expect_equal_builders(all[0], all[2], kernel, side);
        (void)expect_equal_builders(all[2], all[0], kernel, side);
        (void)expect_equal_builders(all[1], CoordinateSet(), kernel, side);
        (void)expect_equal_builders(CoordinateSet(), all[1], kernel, side);
      }
    }
  }
}

TEST(Builder, BothEndsOfInt32) {
  oracle::Random random(83);
  const CoordinateSet ends =
      set_of(oracle::random_coords(random, {.count = 700,
                                            .extent = {6, 6, 6},
                                            .batches = {0, 5},
                                            .scatter = oracle::Scatter::kBothEnds}));
  for (const KernelSpec& kernel : kernels_of({Triple(3), Triple(2)})) {
    const CoordinateSet coarse = strided_support(ends, kernel.stride);
    for (const OutputSide side : {OutputSide::coarse, OutputSide::fine}) {
      EXPECT_TRUE(expect_equal_builders(ends, coarse, kernel, side)) << describe(kernel);
      EXPECT_TRUE(expect_equal_builders(ends, ends, kernel, side)) << describe(kernel);
    }
  }
}

TEST(Builder, FarFlungRelationsAreLeftToTheLookUp) {
  const CoordinateSet set = CoordinateSet::from_rows(Rows{{0, 0, 0, 0}, {0, 1000, 0, 0}});
  KernelSpec far;
  for (std::int32_t i = 0; i < 12; ++i) far.offsets.push_back({1000 * i, 77 * i * i, -999 * i});
  EXPECT_FALSE(expect_equal_builders(set, set, far, OutputSide::coarse));
  expect_forward(set, set, far);
  const KernelSpec wide{.stride = 1000000};
  EXPECT_FALSE(expect_equal_builders(set, set, wide, OutputSide::fine));
  expect_forward(set, set, wide);
  expect_transposed(set, set, wide);
}

TEST(Builder, SetsWithHiddenRowsAreLeftToTheLookUp) {
  const CoordinateSet set =
      CoordinateSet::from_rows(Rows{{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 1, 0, 0}}, {.trusted = true});
  EXPECT_FALSE(expect_equal_builders(set, set, {}, OutputSide::coarse));
  EXPECT_EQ(forward_map(set, set, {}).size(), 6);
}

TEST(Builder, ThreadsDoNotShow) {
  oracle::Random random(85);
  const auto coords = oracle::random_coords(
      random,
      {.count = 40000, .start = {-80, -80, 0}, .extent = {160, 160, 24}, .batches = {0, 1}});
  const auto build = [&](int threads) {
    std::pair<BlockedEntries, std::vector<std::int32_t>> result;
    with_threads(threads, [&] {
      const CoordinateSet set = set_of(coords);
      const auto order = set.impl().row_of_rank();
      result = {build_blocks(set, set, KernelGeometry::from("test", {}), OutputSide::coarse),
                {order.begin(), order.end()}};
    });
    return result;
  };
  const auto one = build(1);
  const auto three = build(3);
  EXPECT_EQ(one.first.begin, three.first.begin);
  EXPECT_EQ(one.first.in_row, three.first.in_row);
  EXPECT_EQ(one.first.out_local, three.first.out_local);
  EXPECT_EQ(one.second, three.second);
}

TEST(Builder, KeysInterleaveAndComeApartAgain) {
  oracle::Random random(83);
  for (int i = 0; i < 1000; ++i) {
    std::array<std::uint32_t, 3> axes;
    for (std::uint32_t& axis : axes) axis = static_cast<std::uint32_t>(random.integer(0, 0x1fffff));
    const std::uint64_t key = (spread3(axes[0]) << 2) | (spread3(axes[1]) << 1) | spread3(axes[2]);
    EXPECT_EQ(gather3(key >> 2), axes[0]);
    EXPECT_EQ(gather3(key >> 1), axes[1]);
    EXPECT_EQ(gather3(key), axes[2]);
  }
  EXPECT_EQ(gather3(spread3(0x1fffff)), 0x1fffffU);
}

// A part's leaf can lie in two blocks, and its offsets in several words.
TEST(Builder, HitsAreReadAsTheyWereAdded) {
  const CoordinateSet set = sets().front();
  for (const KernelSpec& kernel : std::vector<KernelSpec>{{.kernel_size = 3}, {.kernel_size = 5}}) {
    const KernelGeometry geometry = KernelGeometry::from("test", kernel);
    const std::optional<Stencil> stencil = Stencil::make(geometry, OutputSide::coarse);
    ASSERT_TRUE(stencil);
    const ShiftSequence shifts(*stencil, OutputSide::coarse);
    const LeafIndex& index = set.impl().index();
    const CellTable cells(*stencil, index.leaves(), index);
    LeafHits hits(*stencil, &shifts, nullptr, index, cells);
    hits.find(index.leaves().first(kLeafLanes), 0);
    const std::array<std::uint64_t, 2> masks = {0x00000000ffffffffU, 0xffffffff00000000U};
    std::vector<std::int64_t> counts(stencil->volume(), 0), seen(stencil->volume(), 0);
    HitList list;
    for (std::size_t lane = 0; lane < kLeafLanes; ++lane) {
      for (const std::uint64_t mask : masks) list.add(hits, lane, mask, counts.data());
    }
    HitList::Reader reader(list, stencil->volume());
    for (std::size_t lane = 0; lane < kLeafLanes; ++lane) {
      for (const std::uint64_t mask : masks) {
        reader.next([&](std::size_t k, std::uint64_t found) {
          EXPECT_NE(found, 0U);
          EXPECT_EQ(found, hits.of(k, lane) & mask) << k;
          seen[k] += count_bits(found);
        });
      }
    }
    EXPECT_EQ(seen, counts);
  }
}

// Coordinates too far apart for keys of 64 bits, many enough for several chunks.
TEST(Builder, WideScenesAreIndexedExactly) {
  oracle::Random random(87);
  std::vector<oracle::Coord> coords;
  for (std::int64_t i = 0; i < 40000; ++i) {
    coords.push_back({random.integer(0, 3), random.integer(kMin, kMax), random.integer(-3, 3),
                      random.integer(kMin, kMax)});
  }
  coords = oracle::canonical_unique(coords);
  const auto order = oracle::random_permutation(random, oracle::row_count(coords));
  const CoordinateSet set = set_of(oracle::permuted(coords, order));
  const SortedSet sorted = sort_canonical(set);
  EXPECT_TRUE(std::ranges::is_sorted(sorted.set.rows(), canonical_less));
  for (std::int64_t row = 0; row < set.size(); ++row) ASSERT_EQ(set.find(set[row]), row);
}

TEST(Builder, EntriesAreCompact) {
  const std::vector<CoordinateSet> all = sets();
  const BlockedEntries& entries = *blocks_of(forward_map(all[1], all[1], {})).entries;
  const auto pairs = static_cast<double>(entries.in_row.size());
  const double bytes = 5 * pairs + 8 * static_cast<double>(entries.begin.size());
  EXPECT_LE(bytes, 6 * pairs + 16 * static_cast<double>(all[1].size()));
}

}  // namespace
}  // namespace voxloom::test
