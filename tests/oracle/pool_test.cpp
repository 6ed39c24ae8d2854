#include "oracle/pool.h"

#include <gtest/gtest.h>

#include "oracle/line.h"
#include "oracle/numeric_grad.h"
#include "oracle/random.h"
#include "oracle/special_values.h"

namespace voxloom_oracle {
namespace {

using Values = std::vector<double>;

KernelMap pool_map(const std::vector<Coord>& in, const std::vector<Coord>& out, int64_t kernel,
                   int64_t stride, Origin origin = Origin::kCentered) {
  return forward_map(in, out, line_offsets(kernel, origin), line_geometry(stride));
}

// Kernel 2, stride 2 on sites 0, 1, 2, 5: windows {0,1}, {2}, {5}.
TEST(OraclePool, ModesOnALine) {
  const auto in = line({0, 1, 2, 5});
  const KernelMap map = pool_map(in, strided_support(in, {2, 1, 1}), 2, 2);
  const Features x = column({1, 3, -2, 7});
  EXPECT_EQ(pool(PoolMode::kSum, map, x).v, (Values{4, -2, 7}));
  EXPECT_EQ(pool(PoolMode::kAvg, map, x).v, (Values{2, -2, 7}));
  EXPECT_EQ(pool(PoolMode::kMax, map, x).v, (Values{3, -2, 7}));
}

TEST(OraclePool, WithoutContributorTheResultIsZero) {
  const KernelMap map = pool_map(line({1}), line({0}), 1, 2);
  for (PoolMode mode : {PoolMode::kSum, PoolMode::kMax, PoolMode::kAvg}) {
    EXPECT_EQ(pool(mode, map, column({-5})).v, (Values{0}));
  }
}

// Row 0 sits at x=1 and row 1 at x=0: kernel offset order meets row 1 first, yet row 0 wins.
TEST(OraclePool, TiesGoToTheLowestRow) {
  const KernelMap map = pool_map(line({1, 0}), line({0}), 2, 2);
  EXPECT_EQ(max_winners(map, column({5, 5})), (std::vector<int64_t>{0}));
  EXPECT_EQ(max_winners(map, column({5, 6})), (std::vector<int64_t>{1}));
  EXPECT_EQ(max_winners(map, column({0.0, -0.0})), (std::vector<int64_t>{0}));
  EXPECT_EQ(max_winners(map, column({-0.0, 0.0})), (std::vector<int64_t>{0}));
}

TEST(OraclePool, NaNWins) {
  const KernelMap map = pool_map(line({1, 0}), line({0}), 2, 2);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(max_winners(map, column({inf, kNaN})), (std::vector<int64_t>{1}));
  EXPECT_EQ(max_winners(map, column({kNaN, inf})), (std::vector<int64_t>{0}));
  EXPECT_EQ(max_winners(map, column({kNaN, kNaN})), (std::vector<int64_t>{0}));
  EXPECT_TRUE(std::isnan(pool(PoolMode::kMax, map, column({1, kNaN})).v[0]));
}

// Windows {0,1} and {1,2}, both won by row 1 (value 9): it gets 9 + 9; the others get 0.
TEST(OraclePool, UnpoolAddsUpWindowsWonByOneRow) {
  const KernelMap map = pool_map(line({0, 1, 2}), line({0, 1}), 2, 1);
  const Features x = column({1, 9, 2});
  EXPECT_EQ(max_unpool(map, x, pool(PoolMode::kMax, map, x)).v, (Values{0, 18, 0}));
  EXPECT_EQ(max_unpool(map, x, column({0.5, 10})).v, (Values{0, 10.5, 0}));
}

// dy = (4, 10) on windows {0,1}, {1,2}. Sum: 4, 14, 10. Avg: half of it. Max, row 1 wins the
// first and row 2 the second: 0, 4, 10.
TEST(OraclePool, GradientsOnALine) {
  const KernelMap map = pool_map(line({0, 1, 2}), line({0, 1}), 2, 1);
  const Features x = column({1, 3, 8});
  const Features dy = column({4, 10});
  EXPECT_EQ(pool_grad(PoolMode::kSum, map, x, dy).v, (Values{4, 14, 10}));
  EXPECT_EQ(pool_grad(PoolMode::kAvg, map, x, dy).v, (Values{2, 7, 5}));
  EXPECT_EQ(pool_grad(PoolMode::kMax, map, x, dy).v, (Values{0, 4, 10}));
}

TEST(OraclePool, GradientsAgreeWithCentralDifferences) {
  Random random(21);
  const auto in = random_coords(random, {.count = 20, .start = {-2, -2, -2}, .extent = {4, 4, 4}});
  const Geometry g{.stride = {2, 2, 2}};
  const auto out = strided_support(in, g.stride);
  const KernelMap map = forward_map(in, out, kernel_offsets({3, 3, 3}, Origin::kCentered), g);
  const Features x = random_features(random, row_count(in), 2);
  const Features dy = random_features(random, row_count(out), 2);
  for (PoolMode mode : {PoolMode::kSum, PoolMode::kMax, PoolMode::kAvg}) {
    const Values expected = numeric_vjp(
        [&](const Values& v) {
          return pool(mode, map, {x.rows, x.channels, v}).v;
        },
        x.v, dy.v);
    const Values dx = pool_grad(mode, map, x, dy).v;
    for (size_t i = 0; i < dx.size(); ++i) EXPECT_NEAR(dx[i], expected[i], 1e-8);
  }
}

// Kernel 3, stride 2, padding 1: x=-1,0,1 come from in 0 and x=1,2,3 from in 1; x=1 is the mean of
// 2 and 6; the target row 9 is met by nothing.
TEST(OraclePool, TransposeIsTheMeanOfTheContributors) {
  const KernelMap map = transposed_map(line({0, 1}), line({-1, 0, 1, 2, 3, 9}),
                                       line_offsets(3, Origin::kCorner), line_geometry(2, 1));
  EXPECT_EQ(pool_transpose(map, column({2, 6})).v, (Values{2, 2, 4, 6, 6, 0}));
}

// s=2, x={0,1} with 2, 6. Target 0: in 0 at o=1, weight 1. Target 1: in 0 at o=2 and in 1 at o=0,
// weight 1/2 each: 4. Target 2: in 1, weight 1. Target 3: in 1 at o=2: (6/2) / (1/2) = 6.
TEST(OraclePool, TrilinearExampleOfTheContract) {
  const Sparse x{line({0, 1}), column({2, 6})};
  EXPECT_EQ(trilinear_upsample(x, line({0, 1, 2, 3}), {2, 1, 1}).v, (Values{2, 4, 6, 6}));
  EXPECT_EQ(trilinear_upsample(x, line({9, 2}), {2, 1, 1}).v, (Values{0, 6}));
}

TEST(OraclePool, TrilinearSupport) {
  EXPECT_EQ(trilinear_support(line({1, 0}), {2, 1, 1}), line({-1, 0, 1, 2, 3}));
  EXPECT_EQ(trilinear_offsets({2, 3, 1}).size(), 15U);
}

// s=3: weights 1/3, 2/3, 1, 2/3, 1/3. x={0,1} with 3, 9: target 1 is 2/3*3 + 1/3*9 = 5, target 2
// is 1/3*3 + 2/3*9 = 7.
TEST(OraclePool, TrilinearStrideThree) {
  const Sparse x{line({0, 1}), column({3, 9})};
  const Values y = trilinear_upsample(x, line({0, 1, 2, 3}), {3, 1, 1}).v;
  const Values expected = {3, 5, 7, 9};
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-14);
}

// The weight is a product over the axes: o=(2,2,2) of s=2 is 1/8, o=(2,1,1) is 1/2. Target (1,1,0)
// between (0,0,0)=2 with 1/4 and (1,0,0)=10 with 1/4: 6.
TEST(OraclePool, TrilinearWeightsMultiply) {
  EXPECT_EQ(trilinear_weight({2, 2, 2}, {2, 2, 2}), 0.125);
  EXPECT_EQ(trilinear_weight({2, 1, 1}, {2, 2, 2}), 0.5);
  const Sparse x{line({0, 1}), column({2, 10})};
  EXPECT_EQ(trilinear_upsample(x, {{0, 1, 1, 0}}, {2, 2, 1}).v, (Values{6}));
}

// Batches 0 and 2 of 3 (rows 1 and 2 share batch 0); batch 1 is empty.
TEST(OraclePool, GlobalPool) {
  const Sparse x{{{2, 0, 0, 0}, {0, 5, 0, 0}, {0, -5, 0, 0}}, {3, 2, {1, 2, 3, 4, 6, -4}}};
  EXPECT_EQ(global_pool(PoolMode::kSum, x, 3).v, (Values{9, 0, 0, 0, 1, 2}));
  EXPECT_EQ(global_pool(PoolMode::kAvg, x, 3).v, (Values{4.5, 0, 0, 0, 1, 2}));
  EXPECT_THROW(global_pool(PoolMode::kMax, x, 3), std::invalid_argument);
  const Sparse full{{{1, 0, 0, 0}, {0, 5, 0, 0}, {0, -5, 0, 0}}, x.feats};
  EXPECT_EQ(global_pool(PoolMode::kMax, full, 2).v, (Values{6, 4, 1, 2}));
  EXPECT_EQ(global_pool(PoolMode::kMax, {{}, {0, 2, {}}}, 0).rows, 0);
}

}  // namespace
}  // namespace voxloom_oracle
