// max_unpool3d: values back at the rows that won them.

#include "pool/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

const std::vector<PoolOptions> kUnpoolGeometries = {
    {},
    {.kernel_size = 3, .stride = 3, .origin = Origin::corner},
    {.kernel_size = {5, 3, 1}, .stride = {2, 3, 1}, .padding = {1, 0, 0}, .origin = Origin::corner},
    {.kernel_size = 3, .stride = 1},
    {.kernel_size = 3, .stride = 2, .padding = 1},
    {.kernel_size = {3, 2, 4}, .stride = {2, 1, 3}, .padding = {1, 0, 2}, .dilation = {1, 2, 1}},
};

oracle::KernelMap map_of(const PoolInput& input, const SparseTensor& pooled, const PoolOptions& o) {
  return oracle_map(input.x.coords(), pooled.coords(),
                    {.kernel_size = o.kernel_size,
                     .stride = o.stride,
                     .padding = o.padding,
                     .dilation = o.dilation,
                     .origin = o.origin},
                    oracle::Direction::kForward);
}

void expect_unpool(oracle::Random& random, const PoolInput& input, const PoolOptions& options) {
  const SparseTensor rows = pool3d(input.x, options);
  const DType dtype = input.x.dtype();
  const auto values =
      oracle::random_features(random, rows.rows(), input.x.channels(), rounding_of(dtype));
  const SparseTensor pooled = rows.with_features(to_tensor(values, dtype));
  const SparseTensor y = max_unpool3d(input.x, pooled, options);
  EXPECT_EQ(y.coords(), input.x.coords());
  const oracle::KernelMap map = map_of(input, pooled, options);
  const auto magnitude = oracle::max_unpool(map, input.features, absolute(values));
  const std::vector<std::int64_t> counts(static_cast<std::size_t>(y.rows()), map.volume);
  expect_within(y.features(), oracle::max_unpool(map, input.features, values).v,
                sum_bounds(magnitude, counts), input.name);
}

TEST(MaxUnpool3d, TheZooWithTiesAndNan) {
  oracle::Random random(21);
  for (const oracle::NamedCoords& where : oracle::coordinate_zoo(22)) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      const auto rows = oracle::row_count(where.coords);
      const PoolInput tied = make_input(where, tied_features(random, rows, 3), dtype);
      const PoolInput plain = random_input(random, where, 3, dtype);
      for (const PoolOptions& options : kUnpoolGeometries) {
        expect_unpool(random, tied, options);
        expect_unpool(random, plain, options);
      }
    }
  }
}

TEST(MaxUnpool3d, HandWorkedLine) {
  // Windows of 3 around 0..3 over 1, 4, 4, 2: row 1 wins windows 0, 1 and, as the lower of two
  // equals, 2; row 2 wins window 3.
  const SparseTensor x = line_tensor({0, 1, 2, 3}, {1, 4, 4, 2});
  const PoolOptions options{.kernel_size = {3, 1, 1}, .stride = 1};
  const SparseTensor pooled = x.with_features(to_tensor({1, 10, 100, 1000}, {4, 1}));
  expect_exactly(max_unpool3d(x, pooled, options).features(), {0, 111, 1000, 0}, "line");
}

TEST(MaxUnpool3d, TheLowestRowWinsATieNotTheLowestOffset) {
  const SparseTensor x = line_tensor({1, 0}, {4, 4});
  const SparseTensor pooled = pool3d(x);
  expect_exactly(max_unpool3d(x, pooled).features(), {4, 0}, "row 0 stands at the higher place");
}

TEST(MaxUnpool3d, ANanWinsAndTheFirstOfTwoStays) {
  const SparseTensor x = line_tensor({0, 1, 2, 3}, {kInf, kNan, kNan, kNan});
  const SparseTensor pooled = pool3d(x).with_features(to_tensor({5, 6}, {2, 1}));
  expect_exactly(max_unpool3d(x, pooled).features(), {0, 5, 6, 0}, "NaN");
}

TEST(MaxUnpool3d, WhatAnotherRowWonDoesNotLeak) {
  const SparseTensor x = line_tensor({0, 1}, {2, 1});
  const SparseTensor pooled = pool3d(x).with_features(to_tensor({kInf}, {1, 1}));
  expect_exactly(max_unpool3d(x, pooled).features(), {kInf, 0}, "an infinity stays with its row");
}

TEST(MaxUnpool3d, ARebuiltOrReorderedPooledSetServesAsWell) {
  const SparseTensor x = line_tensor({0, 1, 2, 3}, {1, 2, 4, 3});
  const SparseTensor pooled = line_tensor({1, 0}, {40, 20}, 2);
  expect_exactly(max_unpool3d(x, pooled).features(), {0, 20, 40, 0}, "rows 1, 0");
}

TEST(MaxUnpool3d, KeepsTheLargerBatchCount) {
  const SparseTensor x = line_tensor({0}, {1});
  const SparseTensor pooled = pool3d(x);
  const SparseTensor more(pooled.coords(), pooled.features(), 5);
  EXPECT_EQ(max_unpool3d(x, more).batch_size(), 5);
}

TEST(MaxUnpool3d, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(23);
  const auto coords = oracle::random_coords(random, {.count = 3000, .extent = {24, 24, 24}});
  const PoolInput input = random_input(random, {"box", coords, 1}, 5);
  const PoolOptions options{.kernel_size = 3, .stride = 1};
  const SparseTensor pooled = pool3d(input.x, options);
  expect_same_bits_at_every_thread_count(
      [&] { return max_unpool3d(input.x, pooled, options).features(); }, "max_unpool3d");
}

}  // namespace
}  // namespace voxloom::test
