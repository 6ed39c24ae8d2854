#include "oracle/algebra.h"

#include <gtest/gtest.h>

#include "oracle/line.h"
#include "oracle/random.h"
#include "oracle/sets.h"
#include "oracle/special_values.h"

namespace voxloom_oracle {
namespace {

using Values = std::vector<double>;
using Rows = std::vector<int64_t>;

Sparse lhs() { return {line({5, 1, 3}), column({1, 2, 3})}; }
Sparse rhs() { return {line({3, 7, 5}), column({10, 20, 30})}; }

// Shared sites: 5 (1 and 30) and 3 (3 and 10). Only lhs: 1 (2). Only rhs: 7 (20).
TEST(OracleAlgebra, JoinsKeepTheirOrder) {
  const auto add = [](Join join) { return binary(BinaryOp::kAdd, join, lhs(), rhs()); };
  EXPECT_EQ(add(Join::kInner).coords, line({5, 3}));
  EXPECT_EQ(add(Join::kInner).feats.v, (Values{31, 13}));
  EXPECT_EQ(add(Join::kLeft).coords, line({5, 1, 3}));
  EXPECT_EQ(add(Join::kLeft).feats.v, (Values{31, 2, 13}));
  EXPECT_EQ(add(Join::kRight).coords, line({3, 7, 5}));
  EXPECT_EQ(add(Join::kRight).feats.v, (Values{13, 20, 31}));
  EXPECT_EQ(add(Join::kOuter).coords, line({5, 1, 3, 7}));
  EXPECT_EQ(add(Join::kOuter).feats.v, (Values{31, 2, 13, 20}));
}

// Outer difference with fills 100 (lhs) and 1000 (rhs): 1-30, 2-1000, 3-10, 100-20.
TEST(OracleAlgebra, Fills) {
  EXPECT_EQ(binary(BinaryOp::kSub, Join::kOuter, lhs(), rhs(), 100, 1000).feats.v,
            (Values{-29, -998, -7, 80}));
}

TEST(OracleAlgebra, Operations) {
  const auto at_site_5 = [](BinaryOp op) {
    return binary(op, Join::kInner, lhs(), rhs()).feats.v[0];
  };
  EXPECT_EQ(at_site_5(BinaryOp::kMul), 30);
  EXPECT_EQ(at_site_5(BinaryOp::kMaximum), 30);
  EXPECT_EQ(at_site_5(BinaryOp::kMinimum), 1);
  EXPECT_EQ(default_join(BinaryOp::kSub), Join::kOuter);
  EXPECT_EQ(default_join(BinaryOp::kMul), Join::kInner);
}

TEST(OracleAlgebra, MaximumAndMinimumPropagateNaN) {
  for (BinaryOp op : {BinaryOp::kMaximum, BinaryOp::kMinimum}) {
    EXPECT_TRUE(std::isnan(apply_binary(op, kNaN, 1)));
    EXPECT_TRUE(std::isnan(apply_binary(op, 1, kNaN)));
  }
}

// Three inputs: c has sites 1, 7, 9. Inner of all three is empty. Right has c's rows: 1 is in lhs
// (2) though not in rhs, 7 is in rhs (20).
TEST(OracleAlgebra, CatOfThree) {
  const Sparse c{line({1, 7, 9}), {3, 2, {-1, -2, -3, -4, -5, -6}}};
  const std::vector<Sparse> all = {lhs(), rhs(), c};
  EXPECT_TRUE(cat(Join::kInner, all).coords.empty());
  EXPECT_EQ(cat(Join::kInner, all).feats.channels, 4);
  EXPECT_EQ(cat(Join::kOuter, all).coords, line({5, 1, 3, 7, 9}));
  const Sparse right = cat(Join::kRight, all);
  EXPECT_EQ(right.coords, line({1, 7, 9}));
  EXPECT_EQ(right.feats.v, (Values{2, 0, -1, -2, 0, 20, -3, -4, 0, 0, -5, -6}));
  EXPECT_EQ(cat(Join::kLeft, {lhs(), rhs()}).feats.v, (Values{1, 30, 2, 0, 3, 10}));
}

TEST(OracleAlgebra, Reindex) {
  const Sparse y = reindex(lhs(), line({3, 8, 5}), -7);
  EXPECT_EQ(y.coords, line({3, 8, 5}));
  EXPECT_EQ(y.feats.v, (Values{3, -7, 1}));
}

TEST(OracleAlgebra, CropIsInclusive) {
  EXPECT_EQ(crop(lhs(), {1, 0, 0}, {3, 0, 0}).coords, line({1, 3}));
  EXPECT_EQ(crop(lhs(), {2, 0, 0}, {5, 0, 0}).feats.v, (Values{1, 3}));
  EXPECT_TRUE(crop(lhs(), {0, 1, 0}, {9, 9, 9}).coords.empty());
}

TEST(OracleAlgebra, PruneKeepsTheGivenOrder) {
  EXPECT_EQ(prune(lhs(), {2, 0}).feats.v, (Values{3, 1}));
  EXPECT_THROW(prune(lhs(), {2, 2}), std::invalid_argument);
  EXPECT_THROW(prune(lhs(), {3}), std::out_of_range);
  EXPECT_EQ(prune_mask(lhs(), {true, false, true}).feats.v, (Values{1, 3}));
}

// Batch 0 rows 0, 2, 4 with 5, 9, 5; batch 1 rows 1, 3 with 7, NaN. n=2 keeps 0 and 2 (the tie of
// 0 and 4 goes to the lower row), and all of batch 1. n=1 keeps 2 and the NaN.
TEST(OracleAlgebra, TopkPerBatchInRowOrder) {
  const Sparse x{{{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {1, 1, 0, 0}, {0, 2, 0, 0}},
                 {5, 2, {0, 5, 0, 7, 0, 9, 0, kNaN, 0, 5}}};
  EXPECT_EQ(topk_rows(x, 2, 1), (Rows{0, 1, 2, 3}));
  EXPECT_EQ(topk_rows(x, 1, 1), (Rows{2, 3}));
  EXPECT_EQ(topk_rows(x, 1, 0), (Rows{0, 1}));
  EXPECT_TRUE(topk_rows(x, 0, 0).empty());
}

TEST(OracleSets, UnionIntersectionDifferenceAreCanonical) {
  EXPECT_EQ(set_union(line({5, -1}), line({3, 5})), line({-1, 3, 5}));
  EXPECT_EQ(set_intersection(line({5, -1, 3}), line({3, 5})), line({3, 5}));
  EXPECT_EQ(set_difference(line({5, -1, 3}), line({3, 9})), line({-1, 5}));
  EXPECT_EQ(lookup(line({5, -1}), line({-1, 0, 5, -1})), (Rows{1, -1, 0, 1}));
  EXPECT_EQ(downsample(line({-1, 1, 0}), {2, 1, 1}), line({-1, 0}));
}

// Box [-1, 1] x [0, 0] x [0, 1], 2 batches, cells (x, z): batch 1 holds (1, 0) -> position
// ((1*3 + 2)*1 + 0)*2 + 0 = 10. The row at x=2 lies outside.
TEST(OracleSets, DenseAndBack) {
  const Sparse x{{{1, 1, 0, 0}, {0, -1, 0, 1}, {0, 2, 0, 0}}, column({4, 5, 6})};
  const DenseBlock block = to_dense(x, {-1, 0, 0}, {1, 0, 1}, 2);
  Values expected(12, 0.0);
  expected[10] = 4;
  expected[1] = 5;
  EXPECT_EQ(block.v, expected);
  const Sparse back = from_dense(block);
  EXPECT_EQ(back.coords, (std::vector<Coord>{{0, -1, 0, 1}, {1, 1, 0, 0}}));
  EXPECT_EQ(back.feats.v, (Values{5, 4}));
}

// From x=0: itself, then 2 and -2 at distance 2 (rows 1 and 2: the lower row first), then 5.
TEST(OracleSets, NearestNeighbours) {
  const auto set = line({0, 2, -2, 5});
  const std::vector<Neighbour> expected = {{0, 0.0}, {1, 2.0}, {2, 2.0}};
  EXPECT_EQ(knn(line({0}), set, 3)[0], expected);
  EXPECT_EQ(knn(line({0}), set, 9)[0].size(), 4U);
  EXPECT_TRUE(knn({{1, 0, 0, 0}}, set, 3)[0].empty());
}

TEST(OracleSets, RadiusIsInclusive) {
  const auto set = line({0, 2, -2, 5});
  EXPECT_EQ(radius_neighbours(line({0}), set, 2.0)[0].size(), 3U);
  EXPECT_EQ(radius_neighbours(line({0}), set, 1.99)[0].size(), 1U);
  // sqrt(3) squared is 2.9999999999999996 in binary64, and the corner still belongs.
  EXPECT_EQ(radius_neighbours(line({0}), {{0, 1, 1, 1}}, std::sqrt(3.0))[0].size(), 1U);
}

// Across the whole int32 range the squared distance is 3 * (2^32 - 1)^2, beyond 64 bits.
TEST(OracleSets, DistancesDoNotWrap) {
  const int64_t lo = std::numeric_limits<int32_t>::min();
  const int64_t hi = std::numeric_limits<int32_t>::max();
  EXPECT_DOUBLE_EQ(distance({0, lo, lo, lo}, {0, hi, hi, hi}), std::sqrt(3.0) * 4294967295.0);
}

}  // namespace
}  // namespace voxloom_oracle
