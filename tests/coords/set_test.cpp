// Making sets, finding coordinates, order, and algebra over sets.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "coords/cases.h"
#include "oracle/sets.h"
#include "voxloom/kernel_map.h"

namespace voxloom::test {
namespace {

TEST(CoordinateSet, KeepsTheCallersRowsInTheirOrder) {
  const Rows rows = {{2, 5, -1, 0}, {0, kMax, kMin, 7}, {2, 5, -1, 1}};
  const CoordinateSet set = CoordinateSet::from_rows(rows, {.stride = {1, 2, 3}});
  EXPECT_EQ(Rows(set.rows().begin(), set.rows().end()), rows);
  EXPECT_EQ(set.batch_size(), 3);
  EXPECT_EQ(set.stride(), Triple(1, 2, 3));
  const CoordinateSet same = CoordinateSet::from_tensor(set.to_tensor());
  EXPECT_EQ(Rows(same.rows().begin(), same.rows().end()), rows);
  EXPECT_FALSE(same == set);
}

TEST(CoordinateSet, BorrowsRowsWithoutACopyAndKeepsTheirOwner) {
  auto owner = std::make_shared<Rows>(Rows{{1, 5, -1, 0}, {0, kMax, kMin, 7}, {1, 5, -1, 1}});
  const std::weak_ptr<Rows> watched = owner;
  const Coordinate* const data = owner->data();
  const auto* numbers = reinterpret_cast<const std::int32_t*>(data);
  Tensor rows = Tensor::borrow(numbers, {3, 4}, std::move(owner));
  std::optional<CoordinateSet> set = CoordinateSet::borrow(rows, {.stride = 2});
  rows = {};
  EXPECT_EQ(set->rows().data(), data);
  EXPECT_EQ(set->size(), 3);
  EXPECT_EQ(set->batch_size(), 2);
  EXPECT_EQ(set->stride(), Triple(2));
  EXPECT_EQ(set->find(0, kMax, kMin, 7), 1);
  const CoordinateSet coarse = strided_support(*set, 2);
  EXPECT_FALSE(watched.expired());
  set.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(coarse.size(), 2);
}

TEST(CoordinateSet, BorrowedRowsAreCheckedLikeAnyOthers) {
  const Rows rows = {{0, 1, 2, 3}, {0, 4, 5, 6}, {0, 1, 2, 3}};
  const auto* numbers = reinterpret_cast<const std::int32_t*>(rows.data());
  const auto borrowed = [&](std::int64_t count) {
    return Tensor::borrow(numbers, {count, 4}, nullptr);
  };
  expect_throws<Misuse>([&] { (void)CoordinateSet::borrow(borrowed(3)); },
                        "rows 0 and 2 are the same coordinate");
  expect_throws<Misuse>([&] { (void)CoordinateSet::borrow(borrowed(2), {.batch_size = 0}); },
                        "batch_size 0 is too small");
  expect_throws<Misuse>(
      [&] {
        (void)CoordinateSet::borrow(Tensor::zeros({2, 3}, DType::i32));
      },
      "(N,4)");
  expect_throws<Misuse>([&] { (void)CoordinateSet::borrow({}); }, "[coordinate_set]");
  EXPECT_EQ(CoordinateSet::borrow(borrowed(0)).size(), 0);
}

TEST(CoordinateSet, ATensorThatASetBorrowsIsNotWrittenOver) {
  const Tensor rows = CoordinateSet::from_rows(Rows{{0, 1, 2, 3}}).to_tensor();
  EXPECT_TRUE(rows.is_unique());
  const CoordinateSet set = CoordinateSet::borrow(rows);
  EXPECT_FALSE(rows.is_unique());
}

TEST(CoordinateSet, FindsEveryRowOfTheZooAndNothingElse) {
  for (const auto& named : oracle::coordinate_zoo(41, 150)) {
    SCOPED_TRACE(named.name);
    const CoordinateSet set = set_of(named.coords);
    const oracle::RowOf rows = oracle::rows_by_coord(named.coords);
    for (const oracle::Coord& c : named.coords) {
      for (std::int64_t step = -5; step <= 5; ++step) {
        for (std::size_t axis = 0; axis < 4; ++axis) {
          oracle::Coord probe = c;
          probe[axis] += step;
          ASSERT_EQ(set.find(probe[0], probe[1], probe[2], probe[3]),
                    oracle::row_or_miss(rows, probe));
        }
      }
    }
  }
}

TEST(CoordinateSet, AProbeBeyondInt32IsAMiss) {
  const CoordinateSet set = CoordinateSet::from_rows(
      Rows{{0, kMin, 0, 0}, {0, kMax, 0, 0}, {0, 0, 0, 0}, {kMax, 0, 0, 0}});
  EXPECT_EQ(set.find(0, kMin, 0, 0), 0);
  EXPECT_EQ(set.find(0, kMax, 0, 0), 1);
  EXPECT_EQ(set.find(kMax, 0, 0, 0), 3);
  const std::int64_t wrap = std::int64_t{1} << 32;
  for (const std::int64_t far :
       {wrap, -wrap, std::int64_t{kMax} + 1, std::int64_t{kMin} - 1,
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(set.find(far, 0, 0, 0), -1);
    EXPECT_EQ(set.find(0, far, 0, 0), -1);
    EXPECT_EQ(set.find(0, 0, far, 0), -1);
    EXPECT_EQ(set.find(0, 0, 0, far), -1);
  }
}

TEST(CoordinateSet, CanonicalLessIsTheContractsOrder) {
  oracle::Random random(43);
  const std::vector<std::int64_t> values = {kMin, kMin + 1, -9, -2, -1, 0, 1, 2, 7, kMax - 1, kMax};
  const auto pick = [&] {
    return values[static_cast<std::size_t>(
        random.integer(0, static_cast<std::int64_t>(values.size()) - 1))];
  };
  for (int i = 0; i < 20000; ++i) {
    const oracle::Coord a = {random.integer(0, 1), pick(), pick(), pick()};
    const oracle::Coord b = {random.integer(0, 1), pick(), pick(), pick()};
    const Rows rows = to_rows({a, b});
    ASSERT_EQ(canonical_less(rows[0], rows[1]), oracle::canonical_before(a, b));
  }
}

TEST(CoordinateSet, SortGivesCanonicalOrderWithBothPermutations) {
  for (const auto& named : oracle::coordinate_zoo(45, 150)) {
    SCOPED_TRACE(named.name);
    const CoordinateSet set = CoordinateSet::from_rows(
        to_rows(named.coords), {.stride = 4, .batch_size = named.batch_size});
    const SortedSet sorted = sort_canonical(set);
    const oracle::SortResult expected = oracle::canonical_sort(named.coords);
    EXPECT_EQ(to_coords(sorted.set), expected.coords);
    EXPECT_EQ(std::vector<std::int64_t>(sorted.permutation.begin(), sorted.permutation.end()),
              expected.order);
    EXPECT_EQ(std::vector<std::int64_t>(sorted.inverse.begin(), sorted.inverse.end()),
              expected.inverse);
    EXPECT_EQ(sorted.set.stride(), Triple(4));
    EXPECT_EQ(sorted.set.batch_size(), named.batch_size);
    EXPECT_TRUE(sorted.set.is_canonical());
    EXPECT_EQ(sort_canonical(sorted.set).set, sorted.set);
  }
}

TEST(CoordinateSet, BatchCountsIncludeTrailingEmptyBatches) {
  EXPECT_EQ(CoordinateSet().batch_size(), 0);
  EXPECT_EQ(CoordinateSet::from_rows({}, {.batch_size = 4}).batch_size(), 4);
  EXPECT_EQ(CoordinateSet::from_rows(Rows{{2, 0, 0, 0}}, {.batch_size = 9}).batch_size(), 9);
  EXPECT_EQ(CoordinateSet::from_rows(Rows{{kMax, 0, 0, 0}}).batch_size(), std::int64_t{kMax} + 1);
}

TEST(CoordinateSet, MisuseIsRefused) {
  const auto refused = [](const Rows& rows, const CoordinateSetOptions& options,
                          const std::string& fragment) {
    expect_throws<Misuse>([&] { (void)CoordinateSet::from_rows(rows, options); }, fragment);
  };
  refused({{0, 0, 0, 0}, {-1, 0, 0, 0}}, {}, "row 1 (-1,0,0,0) has a negative batch");
  refused({{3, 0, 0, 0}}, {.batch_size = 3}, "batch_size 3 is too small");
  refused({}, {.batch_size = -1}, "batch_size -1");
  for (const Triple& stride : {Triple(0, 1, 1), Triple(1, 0, 1), Triple(1, 1, 0)}) {
    refused({}, {.stride = stride}, "stride must be at least 1");
  }
  refused({{0, 1, 1, 1}, {0, 5, 5, 5}, {0, 7, 7, 7}, {0, 5, 5, 5}, {0, 1, 1, 1}}, {},
          "rows 1 and 3 are the same coordinate (0,5,5,5)");
  const Tensor wide = Tensor::zeros({2, 3}, DType::i32);
  expect_throws<Misuse>([&] { (void)CoordinateSet::from_tensor(wide); }, "(N,4)");
  const Tensor floats = Tensor::zeros({2, 4}, DType::f32);
  expect_throws<Misuse>([&] { (void)CoordinateSet::from_tensor(floats); }, "float32");
  expect_throws<Misuse>([&] { (void)CoordinateSet::from_tensor({}); }, "[coordinate_set]");
}

TEST(CoordinateSet, TheFirstDuplicatePairIsNamedInALargeShuffledSet) {
  oracle::Random random(47);
  auto coords = oracle::random_coords(random, {.count = 20000, .extent = {64, 64, 64}});
  coords[15000] = coords[14000];
  coords[19000] = coords[3];
  expect_throws<Misuse>([&] { (void)set_of(coords); }, "rows 14000 and 15000 are the same");
}

TEST(CoordinateSet, TrustedDuplicatesHideEachOther) {
  const Rows rows = {{0, 1, 0, 0}, {0, 0, 0, 0}, {0, 1, 0, 0}};
  const CoordinateSet set = CoordinateSet::from_rows(rows, {.trusted = true});
  EXPECT_EQ(set.size(), 3);
  EXPECT_EQ(set.find(0, 1, 0, 0), 0);
  EXPECT_EQ(set.find(0, 0, 0, 0), 1);
  EXPECT_EQ(forward_map(set, set, {.kernel_size = 1}).size(), 3);
  expect_throws<Misuse>([&] { (void)sort_canonical(set); }, "[sort_canonical]");
}

TEST(Tensors, AnAxisBeyondTheRankIsRefused) {
  const Tensor tensor = Tensor::zeros({2, 3}, DType::f32);
  EXPECT_EQ(tensor.dim(1), 3);
  expect_throws<Misuse>([&] { (void)tensor.dim(2); }, "[tensor] axis 2 of a tensor of shape (2,3)");
  expect_throws<Misuse>([] { (void)Tensor().dim(0); }, "[tensor] axis 0 of a tensor of shape ()");
}

TEST(Sets, AlgebraAgreesWithTheOracle) {
  const auto zoo = oracle::coordinate_zoo(51, 120);
  for (const auto& a : zoo) {
    for (const auto& b : zoo) {
      SCOPED_TRACE(a.name + " and " + b.name);
      const CoordinateSet x = set_of(a.coords);
      const CoordinateSet y = set_of(b.coords);
      EXPECT_EQ(to_coords(union_of(x, y)), oracle::set_union(a.coords, b.coords));
      EXPECT_EQ(to_coords(intersection_of(x, y)), oracle::set_intersection(a.coords, b.coords));
      EXPECT_EQ(to_coords(difference_of(x, y)), oracle::set_difference(a.coords, b.coords));
      const auto rows = lookup(x, y.rows());
      EXPECT_EQ(std::vector<std::int64_t>(rows.begin(), rows.end()),
                oracle::lookup(a.coords, b.coords));
    }
  }
}

TEST(Sets, DownsampleFloorsAndSharesWithTheStridedSupport) {
  for (const auto& named : oracle::coordinate_zoo(53, 150)) {
    SCOPED_TRACE(named.name);
    const CoordinateSet set = set_of(named.coords, 5);
    for (const Triple& stride : {Triple(1), Triple(2), Triple(3), Triple(4), Triple(8),
                                 Triple(2, 1, 1), Triple(1, 16, 7), Triple(kMax / 5)}) {
      const CoordinateSet coarse = downsample(set, stride);
      // By 1, a downsampled set is sorted where the strided support is the set itself.
      EXPECT_EQ(to_coords(coarse),
                oracle::canonical_unique(oracle::downsample(named.coords, to_oracle(stride))));
      EXPECT_EQ(coarse.stride(), Triple(5 * stride.x, 5 * stride.y, 5 * stride.z));
      EXPECT_EQ(coarse,
                stride == Triple(1) ? sort_canonical(set).set : strided_support(set, stride));
    }
  }
}

TEST(Sets, BatchCountsAreTheLargerAndStridesMustAgree) {
  const CoordinateSet a = CoordinateSet::from_rows(Rows{{0, 0, 0, 0}}, {.batch_size = 2});
  const CoordinateSet b = CoordinateSet::from_rows(Rows{{0, 1, 0, 0}}, {.batch_size = 5});
  EXPECT_EQ(union_of(a, b).batch_size(), 5);
  EXPECT_EQ(intersection_of(a, b).batch_size(), 5);
  EXPECT_EQ(difference_of(a, b).batch_size(), 5);
  const CoordinateSet c = CoordinateSet::from_rows({}, {.stride = {1, 1, 2}});
  expect_throws<Misuse>([&] { (void)union_of(a, c); }, "[union_of] strides differ");
  expect_throws<Misuse>([&] { (void)intersection_of(a, c); }, "[intersection_of]");
  expect_throws<Misuse>([&] { (void)difference_of(a, c); }, "[difference_of]");
}

}  // namespace
}  // namespace voxloom::test
