// The simulated streets: the same everywhere, different from each other, and physically sound.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/parallel.h"
#include "data/baseline.h"
#include "sim/scene.h"
#include "support/scan_checksum.h"
#include "voxloom/parallel.h"
#include "voxloom/simulator.h"

namespace voxloom::test {
namespace {

constexpr std::uint64_t kTrain0 = 12459075019208011530U;
constexpr std::uint64_t kTest7 = 15688993147639487646U;

LabelledScan street(sim::Split split, std::int64_t index, sim::Sensor sensor = sim::Sensor::vlp16) {
  return sim::street_dataset({.split = split, .scans = 1000, .sensor = sensor})->get(index);
}

TEST(Street, IsTheSameForEveryThreadCount) {
  LabelledScan one, many;
  with_threads(1, [&] { one = street(sim::Split::train, 3); });
  with_threads(4, [&] { many = street(sim::Split::train, 3); });
  EXPECT_EQ(one, many);
}

TEST(Street, MayBeAskedFromSeveralThreads) {
  const DatasetPtr streets =
      cached(sim::street_dataset({.scans = 2, .sensor = sim::Sensor::vlp16}));
  std::array<LabelledScan, 6> scans;
  with_threads(4, [&] {
    parallel_for(6, 1, [&](std::int64_t begin, std::int64_t) {
      scans[static_cast<std::size_t>(begin)] = streets->get(begin % 2);
    });
  });
  for (std::size_t i = 2; i < 6; ++i) EXPECT_EQ(scans[i], scans[i % 2]);
}

// Computed once; another compiler, C++ library or processor must come to the same bits.
TEST(Street, IsTheSameOnEveryMachine) {
  EXPECT_EQ(checksum(street(sim::Split::train, 0)), kTrain0);
  EXPECT_EQ(checksum(street(sim::Split::test, 7)), kTest7);
}

TEST(Street, DiffersBySplitSeedAndScan) {
  const LabelledScan scan = street(sim::Split::train, 0);
  EXPECT_NE(scan, street(sim::Split::train, 1));
  EXPECT_NE(scan, street(sim::Split::val, 0));
  EXPECT_NE(street(sim::Split::test, 0), street(sim::Split::val, 0));
  EXPECT_NE(scan, sim::street_dataset({.seed = 1, .sensor = sim::Sensor::vlp16})->get(0));
}

TEST(Street, RefusesWhatItCannotMake) {
  EXPECT_THROW(static_cast<void>(sim::street_dataset({.scans = -1})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(sim::street_dataset({.seed = std::uint64_t{1} << 32})),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(sim::street_dataset({.scans = 1})->get(1)), std::invalid_argument);
  EXPECT_EQ(sim::street_dataset({.scans = 2})->name(1), "000001");
}

TEST(Street, ReturnsLieInReachWithLabelsAndIntensities) {
  const LabelledScan scan = street(sim::Split::train, 5);
  EXPECT_GT(scan.size(), 10000);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    const auto& p = scan.positions[i];
    const float range = std::sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
    ASSERT_GT(range, 1.5F);
    ASSERT_LT(range, 81.0F);
    ASSERT_TRUE(scan.labels[i] >= 0 && scan.labels[i] < kStreetClasses);
    ASSERT_TRUE(scan.intensity[i] >= 0 && scan.intensity[i] < 1);
    for (const float x : p) ASSERT_EQ(x * 1024, std::round(x * 1024));
  }
}

TEST(Street, ShowsEveryClassAndTheRoadBelow) {
  std::array<std::int64_t, kStreetClasses> counts{};
  double road_height = 0, road_points = 0;
  for (std::int64_t i = 0; i < 12; ++i) {
    const LabelledScan scan = street(sim::Split::train, i);
    for (std::size_t k = 0; k < scan.labels.size(); ++k) {
      ++counts[static_cast<std::size_t>(scan.labels[k])];
      const auto& p = scan.positions[k];
      if (scan.labels[k] != 0 || p[0] * p[0] + p[1] * p[1] > 100) continue;
      road_height += static_cast<double>(p[2]);
      road_points += 1;
    }
  }
  for (const std::int64_t count : counts) EXPECT_GT(count, 50);
  EXPECT_NEAR(road_height / road_points, -1.75, 0.15);
}

TEST(Street, SensorsHaveTheirBeams) {
  EXPECT_EQ(street::lidar_of(sim::Sensor::hdl64).elevations.size(), 64U);
  EXPECT_EQ(street::lidar_of(sim::Sensor::hdl32).elevations.size(), 32U);
  EXPECT_EQ(street::lidar_of(sim::Sensor::vlp16).elevations.size(), 16U);
  EXPECT_NEAR(street::lidar_of(sim::Sensor::hdl64).elevations.back(), -24.8, 1e-9);
  EXPECT_NEAR(street::lidar_of(sim::Sensor::hdl32).elevations.back(), -30.67, 0.01);
  EXPECT_NEAR(street::lidar_of(sim::Sensor::vlp16).elevations.back(), -15, 1e-9);
}

TEST(Street, HeldOutStreetsAreDrawnFromOtherRanges) {
  const street::SplitRanges& train = street::ranges_of(sim::Split::train);
  const street::SplitRanges& test = street::ranges_of(sim::Split::test);
  EXPECT_EQ(train.sensors[1], 0);  // 32 beams are never seen in training
  EXPECT_GT(test.sensors[1], 0);
  for (const street::Range held_out : test.heights) {
    for (const street::Range seen : train.heights) {
      EXPECT_TRUE(held_out.high <= seen.low || held_out.low >= seen.high);
    }
  }
  EXPECT_LT(test.parked.low, train.parked.low);
  EXPECT_GT(test.parked.high, train.parked.high);
}

TEST(Street, CannotBeReadOffHeightsAndIntensities) {
  const DatasetPtr training = sim::street_dataset({.scans = 4, .sensor = sim::Sensor::vlp16});
  const DatasetPtr held_out =
      sim::street_dataset({.split = sim::Split::test, .scans = 3, .sensor = sim::Sensor::vlp16});
  const data::NearestNeighbours baseline(*training, 4, 1);
  const data::ClassScores scores = data::score(baseline, *held_out, 64);
  EXPECT_EQ(scores.iou.size(), 12U);
  EXPECT_LT(scores.mean, 0.45);
  EXPECT_GT(scores.mean, 0.1);  // but it is no coin either
}

}  // namespace
}  // namespace voxloom::test
