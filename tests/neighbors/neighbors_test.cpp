// Neighbour search against the oracle's exact brute force, and kNN against nanoflann.
#include "voxloom/neighbors.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <nanoflann.hpp>

#include "oracle/random.h"
#include "oracle/sets.h"
#include "support/oracle_bridge.h"
#include "voxloom/parallel.h"
#include "voxloom/sets.h"

namespace voxloom::test {
namespace {

constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();

CoordinateSet set_of(const std::vector<oracle::Coord>& coords) {
  return CoordinateSet::from_rows(to_rows(coords));
}

void expect_k_nearest(const CoordinateSet& query, const CoordinateSet& points, std::int64_t k) {
  const KNearest actual = k_nearest(query, points, k);
  const auto expected = oracle::knn(to_coords(query), to_coords(points), k);
  ASSERT_EQ(actual.k, k);
  ASSERT_EQ(actual.rows.size(), static_cast<std::size_t>(query.size() * k));
  ASSERT_EQ(actual.distances.size(), actual.rows.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(k); ++j) {
      const std::size_t at = i * static_cast<std::size_t>(k) + j;
      const bool found = j < expected[i].size();
      ASSERT_EQ(actual.rows[at], found ? expected[i][j].row : -1) << "query " << i << " at " << j;
      ASSERT_EQ(actual.distances[at],
                found ? expected[i][j].distance : std::numeric_limits<double>::infinity());
    }
  }
}

void expect_radius(const CoordinateSet& query, const CoordinateSet& points, double radius) {
  const RadiusNeighbors actual = radius_neighbors(query, points, radius);
  const auto expected = oracle::radius_neighbours(to_coords(query), to_coords(points), radius);
  ASSERT_EQ(actual.begin.size(), expected.size() + 1);
  ASSERT_EQ(actual.begin.front(), 0);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto first = static_cast<std::size_t>(actual.begin[i]);
    ASSERT_EQ(actual.begin[i + 1] - actual.begin[i], static_cast<std::int64_t>(expected[i].size()))
        << "query " << i << ", radius " << radius;
    for (std::size_t j = 0; j < expected[i].size(); ++j) {
      ASSERT_EQ(actual.rows[first + j], expected[i][j].row);
      ASSERT_EQ(actual.distances[first + j], expected[i][j].distance);
    }
  }
}

TEST(Neighbors, AgreeWithTheOracleOnEverySetOfTheZoo) {
  const auto zoo = oracle::coordinate_zoo(5, 90);
  for (std::size_t i = 0; i < zoo.size(); ++i) {
    SCOPED_TRACE(zoo[i].name);
    const CoordinateSet points = set_of(zoo[i].coords);
    const CoordinateSet other = set_of(zoo[(i + 3) % zoo.size()].coords);
    for (const std::int64_t k : {1, 3, 8, 200}) {
      expect_k_nearest(points, points, k);
      expect_k_nearest(other, points, k);
    }
    for (const double radius : {0.0, 1.0, std::sqrt(2.0), std::sqrt(3.0), 2.5, 1e9, 1e10}) {
      expect_radius(points, points, radius);
      expect_radius(other, points, radius);
    }
    expect_radius(points, points, std::numeric_limits<double>::infinity());
  }
}

TEST(Neighbors, ARowIsItsOwnNearestNeighbour) {
  oracle::Random random(7);
  const CoordinateSet set = set_of(oracle::random_coords(random, {.count = 200}));
  const KNearest nearest = k_nearest(set, set, 1);
  const RadiusNeighbors within = radius_neighbors(set, set, 0);
  for (std::int32_t i = 0; i < set.size(); ++i) {
    EXPECT_EQ(nearest.rows[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(within.rows[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(nearest.distances[static_cast<std::size_t>(i)], 0);
  }
}

TEST(Neighbors, TiesGoToTheLowerRowWhateverTheOrderOfTheRows) {
  // Six points at distance 2 around the query, in an order unlike the canonical one.
  const std::vector<Coordinate> around = {{0, 2, 0, 0},  {0, 0, 0, -2}, {0, -2, 0, 0},
                                          {0, 0, -2, 0}, {0, 0, 0, 2},  {0, 0, 2, 0}};
  const CoordinateSet points = CoordinateSet::from_rows(around);
  const CoordinateSet query = CoordinateSet::from_rows(std::vector<Coordinate>{{0, 0, 0, 0}});
  EXPECT_EQ(k_nearest(query, points, 4).rows, (std::vector<std::int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(radius_neighbors(query, points, 2).rows, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Neighbors, DistancesAreExactBetweenTheEndsOfInt32) {
  // The squares differ by less than binary64 can tell: integers must decide.
  const std::vector<Coordinate> points = {
      {0, kMax, kMax, kMax}, {0, kMax, kMax, kMax - 1}, {0, kMax - 1, kMax, kMax}};
  const CoordinateSet set = CoordinateSet::from_rows(points);
  const CoordinateSet query =
      CoordinateSet::from_rows(std::vector<Coordinate>{{0, kMin, kMin, kMin}});
  expect_k_nearest(query, set, 3);
  EXPECT_EQ(k_nearest(query, set, 3).rows, (std::vector<std::int32_t>{1, 2, 0}));
  for (const double radius : {7.4e9, 7.43904e9, 7.439101573e9, 7.5e9}) {
    expect_radius(query, set, radius);
  }
}

TEST(Neighbors, OtherBatchesAreNeverNeighbours) {
  const CoordinateSet points =
      CoordinateSet::from_rows(std::vector<Coordinate>{{0, 0, 0, 0}, {2, 0, 0, 0}, {5, 0, 0, 0}});
  const CoordinateSet query =
      CoordinateSet::from_rows(std::vector<Coordinate>{{2, 1, 0, 0}, {3, 0, 0, 0}});
  EXPECT_EQ(k_nearest(query, points, 2).rows, (std::vector<std::int32_t>{1, -1, -1, -1}));
  EXPECT_EQ(radius_neighbors(query, points, 10).begin, (std::vector<std::int64_t>{0, 1, 1}));
}

TEST(Neighbors, SquaredDistancesWhenAsked) {
  const CoordinateSet points = CoordinateSet::from_rows(std::vector<Coordinate>{{0, 1, 1, 1}});
  const CoordinateSet query = CoordinateSet::from_rows(std::vector<Coordinate>{{0, 0, 0, 0}});
  EXPECT_EQ(k_nearest(query, points, 1, {.squared = true}).distances.front(), 3);
  EXPECT_EQ(k_nearest(query, points, 1).distances.front(), std::sqrt(3.0));
  // The radius itself is never squared, and it is inclusive.
  EXPECT_EQ(radius_neighbors(query, points, std::sqrt(3.0), {.squared = true}).distances,
            std::vector<double>{3});
  EXPECT_TRUE(radius_neighbors(query, points, 1.73).rows.empty());
}

TEST(Neighbors, ResultsDoNotDependOnTheNumberOfThreads) {
  oracle::Random random(11);
  const CoordinateSet points =
      set_of(oracle::random_coords(random, {.count = 3000, .extent = {40, 40, 40}}));
  const auto both = [&](int threads) {
    std::pair<KNearest, RadiusNeighbors> result;
    with_threads(threads, [&] {
      result = {k_nearest(points, points, 5), radius_neighbors(points, points, 2)};
    });
    return result;
  };
  const auto one = both(1);
  const auto two = both(2);
  EXPECT_EQ(one.first.rows, two.first.rows);
  EXPECT_EQ(one.first.distances, two.first.distances);
  EXPECT_EQ(one.second.begin, two.second.begin);
  EXPECT_EQ(one.second.rows, two.second.rows);
}

struct Cloud {
  std::vector<Coordinate> rows;
  std::size_t kdtree_get_point_count() const { return rows.size(); }
  double kdtree_get_pt(std::size_t i, std::size_t axis) const {
    return axis == 0 ? rows[i].x : axis == 1 ? rows[i].y : rows[i].z;
  }
  template <typename Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

TEST(Neighbors, DistancesAgreeWithNanoflann) {
  oracle::Random random(13);
  const oracle::CoordOptions options = {
      .count = 5000, .extent = {90, 90, 40}, .scatter = oracle::Scatter::kSurface};
  const CoordinateSet points = set_of(oracle::random_coords(random, options));
  const Cloud cloud{{points.rows().begin(), points.rows().end()}};
  using Tree =
      nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Cloud>, Cloud, 3>;
  Tree tree(3, cloud);
  constexpr std::size_t kCount = 9;
  const KNearest actual = k_nearest(points, points, kCount, {.squared = true});
  for (std::size_t i = 0; i < cloud.rows.size(); ++i) {
    const Coordinate& c = cloud.rows[i];
    const std::array<double, 3> at = {double(c.x), double(c.y), double(c.z)};
    std::array<std::uint32_t, kCount> rows{};
    std::array<double, kCount> squared{};
    ASSERT_EQ(tree.knnSearch(at.data(), kCount, rows.data(), squared.data()), kCount);
    for (std::size_t j = 0; j < kCount; ++j) {  // rows may differ among ties, distances may not
      ASSERT_EQ(actual.distances[i * kCount + j], squared[j]);
    }
  }
}

TEST(Neighbors, MisuseIsRefused) {
  const CoordinateSet set = CoordinateSet::from_rows(std::vector<Coordinate>{{0, 0, 0, 0}});
  const CoordinateSet coarse =
      CoordinateSet::from_rows(std::vector<Coordinate>{{0, 0, 0, 0}}, {.stride = 2});
  using Misuse = std::invalid_argument;
  expect_throws<Misuse>([&] { (void)k_nearest(set, set, 0); }, "[k_nearest] k must be at least 1");
  expect_throws<Misuse>([&] { (void)k_nearest(set, coarse, 1); }, "stride");
  expect_throws<Misuse>([&] { (void)radius_neighbors(set, set, -1); }, "[radius_neighbors]");
  expect_throws<Misuse>([&] { (void)radius_neighbors(set, set, std::nan("")); }, "radius");
  expect_throws<ResourceError>(
      [&] { (void)k_nearest(set, set, std::numeric_limits<std::int64_t>::max() / 2); }, "memory");
}

}  // namespace
}  // namespace voxloom::test
