// Kernel maps and supports against the oracle, over every combination the contract names.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "coords/cases.h"

namespace voxloom::test {
namespace {

// Small sets of different character: negative coordinates, gaps, several batches with empty ones.
const std::vector<CoordinateSet>& small_sets() {
  static const std::vector<CoordinateSet> sets = [] {
    oracle::Random random(21);
    std::vector<CoordinateSet> all;
    all.push_back(set_of(oracle::random_coords(
        random, {.count = 45, .start = {-4, -5, -3}, .extent = {9, 7, 6}, .batches = {0, 3}})));
    all.push_back(set_of(oracle::random_coords(random, {.count = 60,
                                                        .start = {-9, 2, -9},
                                                        .extent = {18, 18, 9},
                                                        .scatter = oracle::Scatter::kSurface})));
    return all;
  }();
  return sets;
}

CoordinateSet with_stride(const CoordinateSet& set, const Triple& stride) {
  return CoordinateSet::from_rows(set.rows(), {.stride = stride});
}

std::string kernel_name(const testing::TestParamInfo<Triple>& test) {
  const Triple& t = test.param;
  return std::to_string(t.x) + "x" + std::to_string(t.y) + "x" + std::to_string(t.z);
}

class KernelMapOf : public testing::TestWithParam<Triple> {};
INSTANTIATE_TEST_SUITE_P(EveryKernel, KernelMapOf,
                         testing::Values(Triple(1), Triple(2), Triple(3), Triple(4), Triple(5),
                                         Triple(7), Triple(3, 1, 5), Triple(7, 1, 1)),
                         kernel_name);

TEST_P(KernelMapOf, StridedSupport) {
  for (const KernelSpec& kernel : kernels_of({GetParam()})) {
    SCOPED_TRACE(describe(kernel));
    for (const CoordinateSet& in : small_sets()) {
      const CoordinateSet out = strided_support(in, kernel.stride);
      ASSERT_EQ(to_coords(out), oracle::strided_support(to_coords(in), to_oracle(kernel.stride)));
      expect_forward(in, out, kernel);
    }
  }
}

TEST_P(KernelMapOf, ReachableSupportWithAndWithoutBounds) {
  const Bounds bounds{{-2, -100, 0}, {3, 4, 2}};
  const oracle::Bounds oracle_bounds{{-2, -100, 0}, {3, 4, 2}};
  for (const KernelSpec& kernel : kernels_of({GetParam()})) {
    SCOPED_TRACE(describe(kernel));
    const CoordinateSet& in = small_sets().front();
    const auto offsets = to_offsets(kernel);
    const oracle::Geometry geometry = to_geometry(kernel);
    const CoordinateSet clipped = reachable_support(in, kernel, bounds);
    ASSERT_EQ(to_coords(clipped),
              oracle::reachable_support(to_coords(in), offsets, geometry, oracle_bounds));
    expect_forward(in, clipped, kernel);
    if (kernel.volume() > 64)
      continue;  // thousands of rows times hundreds of offsets: enough above
    const CoordinateSet all = reachable_support(in, kernel);
    ASSERT_EQ(to_coords(all), oracle::reachable_support(to_coords(in), offsets, geometry));
    expect_forward(in, all, kernel);
  }
}

TEST_P(KernelMapOf, TransposedSupport) {
  for (const KernelSpec& kernel : kernels_of({GetParam()})) {
    if (kernel.volume() > 64 && kernel.dilation != Triple(1)) continue;
    SCOPED_TRACE(describe(kernel));
    const CoordinateSet in = with_stride(small_sets().front(), kernel.stride);
    const CoordinateSet out = transposed_support(in, kernel);
    ASSERT_EQ(out.stride(), Triple(1));
    ASSERT_EQ(to_coords(out),
              oracle::transposed_support(to_coords(in), to_offsets(kernel), to_geometry(kernel)));
    expect_transposed(in, out, kernel);
  }
}

TEST_P(KernelMapOf, TargetsThatContainMeetOrMissTheInput) {
  const CoordinateSet& in = small_sets().front();
  oracle::Random random(4);
  const auto coords = to_coords(in);
  const std::vector<oracle::Coord> subset(coords.begin() + 5, coords.begin() + 20);
  const auto around = oracle::random_coords(
      random, {.count = 90, .start = {-6, -6, -6}, .extent = {12, 12, 12}, .batches = {0, 1, 3}});
  const std::vector<CoordinateSet> targets = {
      set_of(subset), union_of(in, set_of(around)), set_of(around),
      set_of(oracle::random_coords(random, {.count = 9, .start = {900, 0, 0}})), CoordinateSet()};
  for (const KernelSpec& kernel : kernels_of({GetParam()})) {
    if (kernel.origin == Origin::corner && kernel.dilation != Triple(1)) continue;
    SCOPED_TRACE(describe(kernel));
    for (const CoordinateSet& target : targets) {
      expect_forward(in, target, kernel);
      expect_transposed(in, target, kernel);
    }
  }
}

TEST(KernelMap, SubmanifoldKernelsOnTheWholeZoo) {
  for (const auto& named : oracle::coordinate_zoo(31, 80)) {
    SCOPED_TRACE(named.name);
    const CoordinateSet set = set_of(named.coords);
    for (const Triple& size : {Triple(1), Triple(3), Triple(5), Triple(3, 1, 5), Triple(7, 1, 1)}) {
      for (const Triple& dilation : {Triple(1), Triple(2), Triple(2, 1, 3)}) {
        expect_forward(set, set, {.kernel_size = size, .dilation = dilation});
      }
    }
  }
}

TEST(KernelMap, ListedOffsetsOnTheWholeZoo) {
  for (const auto& named : oracle::coordinate_zoo(32, 60)) {
    SCOPED_TRACE(named.name);
    const CoordinateSet set = set_of(named.coords);
    for (const std::vector<Triple>& offsets : offset_lists()) {
      for (const Triple& stride : {Triple(1), Triple(2), Triple(3, 1, 2)}) {
        const KernelSpec kernel{
            .stride = stride, .padding = {0, 1, 0}, .dilation = {1, 2, 1}, .offsets = offsets};
        SCOPED_TRACE(describe(kernel));
        expect_forward(set, strided_support(set, stride), kernel);
        expect_transposed(set, set, kernel);
      }
    }
  }
}

// Generated coordinates fit, or both sides say that they do not.
template <typename Library, typename Oracle>
void expect_same_or_both_refuse(const Library& library, const Oracle& expected) {
  std::vector<oracle::Coord> coords;
  try {
    coords = expected();
  } catch (const std::overflow_error&) {
    expect_throws<Misuse>([&] { (void)library(); }, "does not fit 32 bits");
    return;
  }
  EXPECT_EQ(to_coords(library()), coords);
}

TEST(Support, GeneratedSetsOnTheWholeZoo) {
  for (const auto& named : oracle::coordinate_zoo(33, 60)) {
    SCOPED_TRACE(named.name);
    const CoordinateSet set = set_of(named.coords, 6);
    std::vector<KernelSpec> kernels = kernels_of({Triple(2), Triple(3)});
    for (const auto& offsets : offset_lists()) kernels.push_back({.offsets = offsets});
    for (const KernelSpec& kernel : kernels) {
      SCOPED_TRACE(describe(kernel));
      const auto offsets = to_offsets(kernel);
      const oracle::Geometry geometry = to_geometry(kernel);
      expect_same_or_both_refuse(
          [&] { return reachable_support(set, kernel); },
          [&] { return oracle::reachable_support(named.coords, offsets, geometry); });
      expect_same_or_both_refuse(
          [&] { return transposed_support(set, kernel); },
          [&] { return oracle::transposed_support(named.coords, offsets, geometry); });
    }
  }
}

TEST(Support, BoundsClipBeforeTheOverflowCheck) {
  const CoordinateSet set = CoordinateSet::from_rows(Rows{{0, kMax, 0, 0}, {0, kMin, 0, 0}});
  const KernelSpec kernel{.kernel_size = {3, 1, 1}};
  expect_throws<Misuse>([&] { (void)reachable_support(set, kernel); }, "does not fit 32 bits");
  const std::int64_t beyond = std::int64_t{kMax} + 1;
  const CoordinateSet clipped =
      reachable_support(set, kernel, Bounds{{kMin, 0, 0}, {beyond, 1, 1}});
  EXPECT_EQ(Rows(clipped.rows().begin(), clipped.rows().end()),
            (Rows{{0, kMin, 0, 0}, {0, kMin + 1, 0, 0}, {0, kMax - 1, 0, 0}, {0, kMax, 0, 0}}));
  expect_throws<Misuse>(
      [&] {
        (void)reachable_support(set, kernel, Bounds{{kMin, 0, 0}, {beyond + 1, 1, 1}});
      },
      "(0,2147483648,0,0) does not fit 32 bits");
}

TEST(Support, StridesAreMultipliedAndDividedExactly) {
  const CoordinateSet set = CoordinateSet::from_rows(Rows{{0, 1, 2, 3}}, {.stride = {4, 6, 1}});
  EXPECT_EQ(strided_support(set, {2, 1, 3}).stride(), Triple(8, 6, 3));
  EXPECT_EQ(reachable_support(set, {.stride = 5}).stride(), Triple(20, 30, 5));
  EXPECT_EQ(transposed_support(set, {.stride = {2, 3, 1}}).stride(), Triple(2, 2, 1));
  expect_throws<Misuse>([&] { (void)transposed_support(set, {.stride = 2}); }, "does not divide");
  const CoordinateSet large = CoordinateSet::from_rows(Rows{{0, 0, 0, 0}}, {.stride = 1 << 20});
  expect_throws<Misuse>([&] { (void)strided_support(large, 1 << 11); }, "does not fit 32 bits");
}

TEST(Support, BatchCountsAreKept) {
  const CoordinateSet set = CoordinateSet::from_rows(Rows{{1, 0, 0, 0}}, {.batch_size = 5});
  EXPECT_EQ(strided_support(set, 2).batch_size(), 5);
  EXPECT_EQ(reachable_support(set, {}).batch_size(), 5);
  EXPECT_EQ(transposed_support(set, {}).batch_size(), 5);
  EXPECT_EQ(downsample(set, 3).batch_size(), 5);
}

TEST(KernelMap, MisuseIsRefused) {
  const CoordinateSet set = CoordinateSet::from_rows(Rows{{0, 0, 0, 0}});
  const auto refused = [&](const KernelSpec& kernel, const std::string& fragment) {
    expect_throws<Misuse>([&] { (void)forward_map(set, set, kernel); }, fragment);
    expect_throws<Misuse>([&] { (void)reachable_support(set, kernel); }, fragment);
  };
  refused({.kernel_size = {3, 0, 3}}, "kernel_size must be at least 1, got (3,0,3)");
  refused({.stride = {1, -1, 1}}, "stride must be at least 1");
  refused({.dilation = 0}, "dilation must be at least 1");
  refused({.padding = {0, 0, -1}}, "padding must not be negative");
  refused({.kernel_size = kMax}, "too many offsets");
  refused({.kernel_size = {1 << 12, 1 << 12, 2}}, "too many offsets");
  expect_throws<Misuse>([&] { (void)strided_support(set, {2, 0, 2}); }, "stride");
  for (const Bounds& bounds :
       {Bounds{{1, 0, 0}, {0, 1, 1}}, Bounds{{0, 1, 0}, {1, 0, 1}}, Bounds{{0, 0, 1}, {1, 1, 0}}}) {
    expect_throws<Misuse>([&] { (void)reachable_support(set, {}, bounds); }, "are inside out");
  }
}

// A caller's own pairs, in any order, are the map that they were taken from; each entry is checked.
TEST(OwnPairs, MakeTheMapThatTheyWereTakenFrom) {
  const CoordinateSet fine = small_sets()[0];
  const KernelSpec kernel{.kernel_size = 3, .stride = 2};
  const KernelMap map = forward_map(fine, strided_support(fine, 2), kernel);
  std::vector<MapEntry> pairs = map.triples();
  std::ranges::reverse(pairs);
  const auto third = pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 3);
  std::rotate(pairs.begin(), third, pairs.end());
  const KernelMap own = kernel_map_from_pairs(map.source(), map.target(), map.volume(), pairs);
  EXPECT_EQ(own.source(), map.source());
  EXPECT_EQ(own.volume(), map.volume());
  EXPECT_EQ(own.triples(), map.triples());
  EXPECT_EQ(own.dense(), map.dense());
  EXPECT_EQ(own.swapped().triples(), map.swapped().triples());
  EXPECT_EQ(own.by_offset().begin, map.by_offset().begin);
}

TEST(OwnPairs, AreRefusedWithTheirNumber) {
  const CoordinateSet set = small_sets()[0];
  const auto refused = [&](std::vector<MapEntry> pairs, std::int64_t volume,
                           const std::string& message) {
    expect_throws<std::invalid_argument>(
        [&] { return kernel_map_from_pairs(set, set, volume, pairs); }, message);
  };
  const auto rows = static_cast<std::int32_t>(set.size());
  refused({{0, 0, 0}, {rows, 0, 0}}, 3, "entry 1 is (" + std::to_string(rows) + ", 0, 0)");
  refused({{0, rows, 0}}, 3, "rows below");
  refused({{-1, 0, 0}}, 3, "entry 0 is (-1, 0, 0)");
  refused({{0, -1, 0}}, 3, "entry 0 is (0, -1, 0)");
  refused({{0, 0, 3}}, 3, "offsets below 3");
  refused({{0, 0, -1}}, 3, "entry 0 is (0, 0, -1)");
  refused({}, 0, "the volume must be from 1");
  refused({}, (std::int64_t{1} << 24) + 1, "the volume must be from 1 to 16777216");
  refused({{0, 4, 1}, {2, 4, 1}}, 3, "row 4 meets both row ");
  // One input row may go to several rows under an offset: until the map is asked for from the other side.
  const KernelMap map =
      kernel_map_from_pairs(set, set, 3, std::vector<MapEntry>{{0, 4, 1}, {0, 5, 1}});
  EXPECT_EQ(map.size(), 2);
  expect_throws<std::invalid_argument>([&] { return map.swapped().size(); },
                                       "row 0 meets both row ");
}

}  // namespace
}  // namespace voxloom::test
