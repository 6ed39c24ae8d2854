// Sets on the device: the CPU's rows, order, leaves and derived supports, exactly.

#include "voxloom/sets.h"

#include <limits>

#include "cuda/cases.h"

namespace voxloom::test {
namespace {

constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();

void expect_set_and_supports(const CoordinateSet& set, const std::vector<Triple>& strides) {
  const cuda::CoordinateSet device = device_set(set);
  expect_same_set(device, set);
  for (const Triple& stride : strides) {
    SCOPED_TRACE(to_string(stride));
    const std::int32_t s[3] = {stride.x, stride.y, stride.z};
    expect_same_set(strided_support(device, s, kStream), strided_support(set, stride));
  }
}

TEST(CudaSets, AreTheCpus) {
  for (const oracle::NamedCoords& named : oracle::coordinate_zoo(1)) {
    SCOPED_TRACE(named.name);
    expect_set_and_supports(CoordinateSet::from_rows(to_rows(named.coords)),
                            {2, 4, 3, {2, 1, 1}, {1, 5, 2}, kMax});
  }
}

TEST(CudaSets, OfEverySizeAroundTilesAndWarps) {
  oracle::Random random(5);
  for (const std::int64_t count : {1, 2, 31, 32, 33, 255, 256, 257, 2047, 2048, 2049, 5000}) {
    SCOPED_TRACE(count);
    const auto coords = oracle::random_coords(random, {.count = count, .extent = {40, 40, 40}});
    const CoordinateSet set = CoordinateSet::from_rows(to_rows(coords));
    expect_same_set(device_set(set), set);
  }
}

// Signs, dropped bits and wide keys: the order must be the biased one, whatever bits differ.
TEST(CudaSets, OverTheWholeRange) {
  oracle::Random random(6);
  for (const int bits : {1, 2, 3, 10, 20, 29, 30, 31, 32}) {
    for (const std::int32_t around : {0, kMin, kMax, 1 << 30, -(1 << 20)}) {
      std::vector<Coordinate> rows;
      for (int i = 0; i < 200; ++i) {
        const auto draw = [&] {
          const auto low = static_cast<std::uint32_t>(random.next() >> (64 - bits));
          const std::uint32_t sign = random.chance(0.3) ? 0x80000000U : 0U;
          return static_cast<std::int32_t>((static_cast<std::uint32_t>(around) + low) ^ sign);
        };
        rows.push_back({static_cast<std::int32_t>(random.integer(0, i % 3 == 0 ? kMax : 2)), draw(),
                        draw(), draw()});
      }
      std::sort(rows.begin(), rows.end(), canonical_less);
      rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
      for (std::size_t i = rows.size(); i > 1; --i) {
        std::swap(
            rows[i - 1],
            rows[static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(i) - 1))]);
      }
      SCOPED_TRACE(std::to_string(bits) + " bits around " + std::to_string(around));
      expect_set_and_supports(CoordinateSet::from_rows(rows), {2, {3, 1, 7}});
    }
  }
}

TEST(CudaSets, InCanonicalOrderNeedNoPermutation) {
  oracle::Random random(7);
  const auto coords = oracle::random_coords(random, {.count = 1000, .batches = {0, 1}});
  const CoordinateSet set = sort_canonical(CoordinateSet::from_rows(to_rows(coords))).set;
  const cuda::CoordinateSet device = device_set(set);
  EXPECT_EQ(device.view().row_of_rank, nullptr);
  expect_same_set(device, set);
}

TEST(CudaSets, NameTheFirstRepeatedRow) {
  oracle::Random random(8);
  std::vector<Coordinate> rows =
      to_rows(oracle::random_coords(random, {.count = 3000, .extent = {50, 50, 50}}));
  rows[2900] = rows[17];
  rows[1200] = rows[900];
  rows[2000] = rows[900];
  const cuda::Array<cuda::Site> on_card = on_device(to_sites(rows));
  cuda::CoordinateSet::Problem problem;
  const auto set = cuda::CoordinateSet::from_rows(on_card.data(), on_card.size(), problem, kStream);
  EXPECT_EQ(set.size(), 0);
  EXPECT_EQ(problem.first_repeated, 1200);
  EXPECT_EQ(problem.repeats, 900);
}

TEST(CudaSets, RefuseNegativeBatches) {
  const cuda::Array<cuda::Site> rows = on_device<cuda::Site>({{0, 1, 2, 3}, {-1, 1, 2, 3}});
  cuda::CoordinateSet::Problem problem;
  const auto set = cuda::CoordinateSet::from_rows(rows.data(), rows.size(), problem, kStream);
  EXPECT_EQ(set.size(), 0);
  EXPECT_TRUE(problem.negative_batch);
}

TEST(CudaSets, KeepTheDistinctRows) {
  oracle::Random random(9);
  std::vector<Coordinate> rows;
  for (int i = 0; i < 4000; ++i) {
    rows.push_back({0, static_cast<std::int32_t>(random.integer(-6, 6)),
                    static_cast<std::int32_t>(random.integer(-6, 6)),
                    static_cast<std::int32_t>(random.integer(-6, 6))});
  }
  const cuda::Array<cuda::Site> on_card = on_device(to_sites(rows));
  std::sort(rows.begin(), rows.end(), canonical_less);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  expect_same_set(cuda::CoordinateSet::distinct(on_card.data(), on_card.size(), kStream),
                  CoordinateSet::from_rows(rows));
}

// What docs/cuda.md states.
TEST(CudaSets, WaitTwiceForASetAndOnceForAHalving) {
  oracle::Random random(10);
  const auto sites = to_sites(to_rows(oracle::random_coords(random, {.count = 500})));
  const cuda::Array<cuda::Site> rows = on_device(sites);
  cuda::CoordinateSet::Problem problem;
  std::int64_t before = cuda::host_waits();
  const auto set = cuda::CoordinateSet::from_rows(rows.data(), rows.size(), problem, kStream);
  EXPECT_EQ(cuda::host_waits() - before, 2);
  before = cuda::host_waits();
  const auto half = strided_support(set, {2, 2, 2}, kStream);
  EXPECT_EQ(cuda::host_waits() - before, 1);
  EXPECT_GT(half.size(), 0);
}

}  // namespace
}  // namespace voxloom::test
