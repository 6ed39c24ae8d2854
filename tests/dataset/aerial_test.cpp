// The simulated land from the air: the same everywhere, with everything that it promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/baseline.h"
#include "data/feature_values.h"
#include "sim/aerial/land.h"
#include "support/scan_checksum.h"
#include "voxloom/parallel.h"
#include "voxloom/simulator.h"

namespace voxloom::test {
namespace {

using aerial::LandClass;

constexpr std::uint64_t kTrainLand0 = 9101735284784206024U;
constexpr std::uint64_t kTestLand7 = 18162376336471728083U;

LabelledScan land(sim::Split split, std::int64_t index) {
  return sim::world_dataset(sim::World::aerial, {.split = split, .scans = 1000})->get(index);
}

TEST(Aerial, IsTheSameForEveryThreadCount) {
  LabelledScan one, many;
  with_threads(1, [&] { one = land(sim::Split::train, 3); });
  with_threads(4, [&] { many = land(sim::Split::train, 3); });
  EXPECT_EQ(one, many);
}

// Computed once; another compiler, C++ library or processor must come to the same bits.
TEST(Aerial, IsTheSameOnEveryMachine) {
  EXPECT_EQ(checksum(land(sim::Split::train, 0)), kTrainLand0);
  EXPECT_EQ(checksum(land(sim::Split::test, 7)), kTestLand7);
}

TEST(Aerial, DiffersBySplitSeedAndScan) {
  std::set<std::uint64_t> sums;
  for (const sim::Split split : sim::kSplits) {
    const DatasetPtr other =
        sim::world_dataset(sim::World::aerial, {.split = split, .scans = 1, .seed = 1});
    sums.insert({checksum(land(split, 0)), checksum(land(split, 1)), checksum(other->get(0))});
  }
  EXPECT_EQ(sums.size(), 9U);
}

TEST(Aerial, PointsHaveLabelsColoursReturnsAndPlaces) {
  const LabelledScan scan = land(sim::Split::test, 5);
  EXPECT_GT(scan.size(), 20000);
  ASSERT_EQ(scan.colours.size(), scan.positions.size());
  const PointColumn* number = data::find_column(scan, "return_number");
  const PointColumn* of = data::find_column(scan, "number_of_returns");
  ASSERT_TRUE(number != nullptr && of != nullptr);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    ASSERT_TRUE(scan.labels[i] >= 0 && scan.labels[i] < aerial::land_classes().size());
    ASSERT_TRUE(scan.intensity[i] > 0 && scan.intensity[i] < 1);
    for (const float c : scan.colours[i]) ASSERT_TRUE(c >= 0 && c <= 1);
    ASSERT_TRUE(number->values[i] >= 1 && number->values[i] <= of->values[i]);
    ASSERT_LE(of->values[i], 5);
    ASSERT_LT(std::abs(scan.positions[i][0]), 40.5F);
    ASSERT_LT(std::abs(scan.positions[i][1]), 40.5F);
    ASSERT_TRUE(scan.positions[i][2] > -30 && scan.positions[i][2] < 50);
  }
}

TEST(Aerial, ShowsEveryClassAndTreesWithManyReturns) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(aerial::land_classes().size()), 0);
  double trees = 0, many = 0, grounds = 0, low = 0;
  const FeatureSet& features = sim::info_of(sim::World::aerial).features;
  for (std::int64_t i = 0; i < 10; ++i) {
    LabelledScan scan = land(sim::Split::train, i);
    complete(scan, features);
    EXPECT_NO_THROW(data::check_values(scan, features, "test"));
    for (std::size_t k = 0; k < scan.labels.size(); ++k) {
      ++counts[static_cast<std::size_t>(scan.labels[k])];
      if (scan.labels[k] == static_cast<std::int32_t>(LandClass::tree)) {
        trees += 1;
        many += scan.columns[1].values[k] > 1 ? 1 : 0;
      }
      if (scan.labels[k] != static_cast<std::int32_t>(LandClass::ground)) continue;
      grounds += 1;
      low += scan.above_ground[k] < 1 ? 1 : 0;
    }
  }
  for (std::size_t c = 0; c < counts.size(); ++c) {
    EXPECT_GT(counts[c], 300) << aerial::land_classes().classes[c].name;
  }
  EXPECT_GT(many / trees, 0.3);
  EXPECT_GT(low / grounds, 0.9);
}

// Wires hang above what people and cars need.
TEST(Aerial, WiresHangAndLowVegetationIsLow) {
  for (std::int64_t i = 0; i < 6; ++i) {
    LabelledScan scan = land(sim::Split::train, i);
    complete(scan, sim::info_of(sim::World::aerial).features);
    for (std::size_t k = 0; k < scan.labels.size(); ++k) {
      if (scan.labels[k] == static_cast<std::int32_t>(LandClass::wire)) {
        ASSERT_GT(scan.above_ground[k], 3.0F);
      }
      if (scan.labels[k] == static_cast<std::int32_t>(LandClass::low_vegetation)) {
        ASSERT_LT(scan.above_ground[k], 6.0F);
      }
    }
  }
}

TEST(Aerial, CannotBeReadOffHeightsAndColours) {
  const sim::World world = sim::World::aerial;
  const DatasetPtr training = sim::world_dataset(world, {.scans = 4});
  const DatasetPtr held_out = sim::world_dataset(world, {.split = sim::Split::test, .scans = 2});
  const data::NearestNeighbours baseline(*training, 4, 1);
  const data::ClassScores scores = data::score(baseline, *held_out, 64);
  EXPECT_EQ(scores.iou.size(), 8U);
  EXPECT_LT(scores.mean, 0.6);
  EXPECT_GT(scores.mean, 0.1);  // but it is no coin either
}

}  // namespace
}  // namespace voxloom::test
