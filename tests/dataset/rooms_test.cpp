// The simulated rooms: the same everywhere, different from each other, with everything that they promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "data/baseline.h"
#include "data/feature_values.h"
#include "sim/rooms/room.h"
#include "sim/rooms/scanner.h"
#include "support/scan_checksum.h"
#include "voxloom/parallel.h"
#include "voxloom/simulator.h"

namespace voxloom::test {
namespace {

using rooms::RoomClass;

constexpr std::uint64_t kTrainRoom0 = 646380744319885920U;
constexpr std::uint64_t kTestRoom7 = 9536694416016827378U;

LabelledScan room(sim::Split split, std::int64_t index, std::optional<sim::Sensor> sensor = {}) {
  return sim::world_dataset(sim::World::rooms, {.split = split, .scans = 1000, .sensor = sensor})
      ->get(index);
}

bool is(const LabelledScan& scan, std::size_t point, RoomClass label) {
  return scan.labels[point] == static_cast<std::int32_t>(label);
}

TEST(Rooms, AreTheSameForEveryThreadCount) {
  for (const sim::Sensor sensor : {sim::Sensor::tls, sim::Sensor::rgbd}) {
    LabelledScan one, many;
    with_threads(1, [&] { one = room(sim::Split::train, 3, sensor); });
    with_threads(4, [&] { many = room(sim::Split::train, 3, sensor); });
    EXPECT_EQ(one, many);
  }
}

// Computed once; another compiler, C++ library or processor must come to the same bits.
TEST(Rooms, AreTheSameOnEveryMachine) {
  EXPECT_EQ(checksum(room(sim::Split::train, 0)), kTrainRoom0);
  EXPECT_EQ(checksum(room(sim::Split::test, 7)), kTestRoom7);
}

TEST(Rooms, DifferBySplitSeedScanAndWorld) {
  std::set<std::uint64_t> sums;
  for (const sim::Split split : sim::kSplits) {
    for (const std::uint64_t seed : {0, 1}) {
      const DatasetPtr made =
          sim::world_dataset(sim::World::rooms, {.split = split, .scans = 2, .seed = seed});
      for (const std::int64_t index : {0, 1}) sums.insert(checksum(made->get(index)));
    }
  }
  EXPECT_EQ(sums.size(), 12U);
}

TEST(Rooms, HaveTheirOwnSensorsAlone) {
  EXPECT_THROW(
      static_cast<void>(sim::world_dataset(sim::World::rooms, {.sensor = sim::Sensor::hdl64})),
      std::invalid_argument);
  EXPECT_THROW(
      static_cast<void>(sim::world_dataset(sim::World::street, {.sensor = sim::Sensor::tls})),
      std::invalid_argument);
}

TEST(Rooms, PointsHaveLabelsColoursAndPlaces) {
  for (const sim::Sensor sensor : {sim::Sensor::tls, sim::Sensor::rgbd}) {
    const LabelledScan scan = room(sim::Split::test, 5, sensor);
    EXPECT_GT(scan.size(), 30000);
    ASSERT_EQ(scan.colours.size(), scan.positions.size());
    for (std::size_t i = 0; i < scan.positions.size(); ++i) {
      ASSERT_TRUE(scan.labels[i] >= 0 && scan.labels[i] < rooms::room_classes().size());
      ASSERT_TRUE(scan.intensity[i] >= 0 && scan.intensity[i] < 1);
      for (const float c : scan.colours[i]) ASSERT_TRUE(c >= 0 && c <= 1);
      for (const float x : scan.positions[i]) ASSERT_LT(std::abs(x), 12.0F);
    }
    const bool has_intensity = std::ranges::any_of(scan.intensity, [](float v) { return v > 0; });
    EXPECT_EQ(has_intensity, sensor == sim::Sensor::tls);
  }
}

// Floors are flat and low, ceilings flat and high, and all furniture lies between.
TEST(Rooms, FloorAndCeilingHoldTheRest) {
  for (std::int64_t index = 0; index < 4; ++index) {
    const LabelledScan scan = room(sim::Split::train, index, sim::Sensor::tls);
    float floor = 0, ceiling = 0, floors = 0, ceilings = 0;
    for (std::size_t i = 0; i < scan.positions.size(); ++i) {
      if (is(scan, i, RoomClass::floor)) floor += scan.positions[i][2], ++floors;
      if (is(scan, i, RoomClass::ceiling)) ceiling += scan.positions[i][2], ++ceilings;
    }
    floor /= floors;
    ceiling /= ceilings;
    EXPECT_GT(ceiling - floor, 2.3F);
    EXPECT_LT(ceiling - floor, 3.0F);
    for (const auto& p : scan.positions) {
      ASSERT_GT(p[2], floor - 0.05F);
      ASSERT_LT(p[2], ceiling + 0.05F);
    }
  }
}

TEST(Rooms, ShowEveryClass) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(rooms::room_classes().size()), 0);
  for (std::int64_t i = 12; i < 24; ++i) {
    for (const std::int32_t label : room(sim::Split::train, i).labels) {
      ++counts[static_cast<std::size_t>(label)];
    }
  }
  for (std::size_t c = 0; c < counts.size(); ++c) {
    EXPECT_GT(counts[c], 500) << rooms::room_classes().classes[c].name;
  }
}

// Seats are as high as people sit, tops of tables as high as they eat and write, or low.
TEST(Rooms, FurnitureHasItsSize) {
  for (std::int64_t index = 0; index < 6; ++index) {
    const LabelledScan scan = room(sim::Split::train, index, sim::Sensor::tls);
    float floor = 0;
    for (std::size_t i = 0; i < scan.positions.size(); ++i) {
      if (is(scan, i, RoomClass::floor)) floor = std::min(floor, scan.positions[i][2]);
    }
    for (std::size_t i = 0; i < scan.positions.size(); ++i) {
      const float height = scan.positions[i][2] - floor;
      if (is(scan, i, RoomClass::chair)) {
        ASSERT_LT(height, 1.5F);
      }
      if (is(scan, i, RoomClass::table)) {
        ASSERT_LT(height, 0.85F);
      }
      if (is(scan, i, RoomClass::bed)) {
        ASSERT_LT(height, 1.3F);
      }
      if (is(scan, i, RoomClass::board)) {
        ASSERT_GT(height, 0.7F);
      }
    }
  }
}

TEST(Rooms, HeldOutOnesAreDrawnFromOtherRanges) {
  const rooms::RoomRanges& train = rooms::ranges_of(sim::Split::train);
  const rooms::RoomRanges& test = rooms::ranges_of(sim::Split::test);
  EXPECT_LT(test.length.low, train.length.low);
  EXPECT_GT(test.height.high, train.height.high);
  EXPECT_LT(test.things.low, train.things.low);
}

// What a network for rooms reads is there.
TEST(Rooms, HoldWhatTheirFeaturesWant) {
  const FeatureSet& features = sim::info_of(sim::World::rooms).features;
  LabelledScan scan = room(sim::Split::val, 1);
  complete(scan, features);
  EXPECT_NO_THROW(data::check_values(scan, features, "test"));
  EXPECT_EQ(features.size(), 7);
}

TEST(Rooms, CannotBeReadOffColoursAndHeights) {
  const sim::World world = sim::World::rooms;
  const DatasetPtr training = sim::world_dataset(world, {.scans = 4});
  const DatasetPtr held_out = sim::world_dataset(world, {.split = sim::Split::test, .scans = 2});
  const data::NearestNeighbours baseline(*training, 4, 1);
  const data::ClassScores scores = data::score(baseline, *held_out, 64);
  EXPECT_EQ(scores.iou.size(), 13U);
  EXPECT_LT(scores.mean, 0.5);
  EXPECT_GT(scores.mean, 0.1);  // but it is no coin either
}

}  // namespace
}  // namespace voxloom::test
