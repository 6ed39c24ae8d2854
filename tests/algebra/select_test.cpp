// Crop, prune, topk and dense grids against the oracle.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "algebra/cases.h"
#include "oracle/sets.h"

namespace voxloom::test {
namespace {

using Misuse = std::invalid_argument;
constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();

class SelectOf : public testing::TestWithParam<DType> {
 protected:
  [[nodiscard]] std::vector<Operand> operands(std::int64_t channels) const {
    std::vector<Operand> all;
    for (const auto& named : oracle::coordinate_zoo(17, 120)) {
      all.push_back(operand_on(named.coords, channels, GetParam(), 4, named.batch_size));
    }
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(EveryType, SelectOf, testing::Values(DType::f32, DType::f16, DType::bf16));

TEST_P(SelectOf, CropAgreesWithTheOracle) {
  const std::vector<std::pair<Triple, Triple>> boxes = {
      {0, 5}, {-3, 3}, {{-100, 0, 0}, {100, 0, 8}}, {50, 60}, {kMin, kMax}, {kMax - 1, kMax}};
  for (const Operand& x : operands(3)) {
    for (const auto& [lo, hi] : boxes) {
      const SparseTensor y = crop(x.tensor, lo, hi);
      expect_same(y, oracle::crop(x.expected, to_oracle(lo), to_oracle(hi)));
      EXPECT_EQ(y.batch_size(), x.tensor.batch_size());
      EXPECT_EQ(y.coords(), crop(x.tensor, lo, hi).coords());
    }
    EXPECT_EQ(crop(x.tensor, kMin, kMax).coords(), x.tensor.coords());
  }
}

TEST_P(SelectOf, PruneByRowsKeepsTheGivenOrder) {
  oracle::Random random(8);
  for (const Operand& x : operands(2)) {
    std::vector<std::int64_t> order = oracle::random_permutation(random, x.tensor.rows());
    order.resize(order.size() * 2 / 3);
    const std::vector<std::int32_t> rows(order.begin(), order.end());
    expect_same(prune(x.tensor, rows), oracle::prune(x.expected, order));
  }
}

TEST_P(SelectOf, PruneByMaskKeepsTheRowOrder) {
  oracle::Random random(8);
  for (const Operand& x : operands(2)) {
    std::vector<bool> mask;
    for (std::int64_t i = 0; i < x.tensor.rows(); ++i) mask.push_back(random.chance(0.4));
    expect_same(prune(x.tensor, mask), oracle::prune_mask(x.expected, mask));
    EXPECT_EQ(prune(x.tensor, std::vector<bool>(mask.size(), true)).coords(), x.tensor.coords());
    EXPECT_EQ(prune(x.tensor, std::vector<bool>(mask.size(), false)).rows(), 0);
  }
}

TEST_P(SelectOf, TopkAgreesWithTheOracle) {
  for (const Operand& x : operands(3)) {
    for (const std::int64_t count : {0, 1, 7, 1000}) {
      for (const std::int64_t channel : {0, 2}) {
        const std::vector<std::int32_t> rows = topk(x.tensor, count, channel);
        const auto expected = oracle::topk_rows(x.expected, count, channel);
        EXPECT_EQ(std::vector<std::int64_t>(rows.begin(), rows.end()), expected);
      }
    }
  }
}

TEST(Algebra, TopkTiesGoToTheLowerRowAndNanIsTheLargest) {
  std::vector<Coordinate> rows;
  for (std::int32_t i = 0; i < 6; ++i) rows.push_back({0, i, 0, 0});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {1, 2, nan, 2, inf, nan};
  const SparseTensor x = sparse_tensor(rows, Tensor::from(values, {6, 1}));
  EXPECT_EQ(topk(x, 1), (std::vector<std::int32_t>{2}));
  EXPECT_EQ(topk(x, 3), (std::vector<std::int32_t>{2, 4, 5}));
  EXPECT_EQ(topk(x, 4), (std::vector<std::int32_t>{1, 2, 4, 5}));
}

TEST_P(SelectOf, DenseGridsAgreeWithTheOracle) {
  const std::vector<std::pair<Triple, Triple>> boxes = {{0, 5}, {{-4, -5, 0}, {6, 2, 7}}, {3, 3}};
  for (const Operand& x : operands(2)) {
    for (const auto& [lo, hi] : boxes) {
      const Tensor grid = to_dense(x.tensor, lo, hi);
      const oracle::DenseBlock expected =
          oracle::to_dense(x.expected, to_oracle(lo), to_oracle(hi), x.tensor.batch_size());
      EXPECT_EQ(grid.shape(), (Shape{expected.batches, expected.size.x, expected.size.y,
                                     expected.size.z, expected.channels}));
      EXPECT_EQ(to_doubles(grid), expected.v);
      const SparseTensor back = from_dense(grid, lo, 3);
      expect_same(back, oracle::from_dense(expected));
      EXPECT_EQ(back.batch_size(), x.tensor.batch_size());
      EXPECT_EQ(back.stride(), Triple(3));
      EXPECT_TRUE(back.coords().is_canonical());
    }
  }
}

TEST(Algebra, FromDenseKeepsNanAndTakesNegativeZeroForZero) {
  Tensor grid = Tensor::zeros({2, 1, 1, 2, 2}, DType::f32);
  grid.mutable_data<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  grid.mutable_data<float>()[2] = -0.0F;
  const SparseTensor x = from_dense(grid, {0, 0, -1});
  ASSERT_EQ(x.rows(), 1);
  EXPECT_EQ(x.coords()[0], (Coordinate{0, 0, 0, -1}));
  EXPECT_EQ(x.batch_size(), 2);
}

TEST(Algebra, FromDenseAtTheEndOfInt32) {
  const auto grid = [](std::int64_t occupied) {
    Tensor cells = Tensor::zeros({1, 2, 1, 1, 1}, DType::f32);
    cells.mutable_data<float>()[occupied] = 1;
    return cells;
  };
  EXPECT_EQ(from_dense(grid(0), {kMax, 0, 0}).coords()[0].x, kMax);
  expect_throws<Misuse>([&] { (void)from_dense(grid(1), {kMax, 0, 0}); }, "does not fit 32 bits");
}

TEST(Algebra, SelectionMisuseIsRefused) {
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}, {0, 0, 0, 1}};
  const SparseTensor x = sparse_tensor(rows, Tensor::zeros({2, 1}, DType::f32));
  const auto prune_rows = [&](std::vector<std::int32_t> which) {
    return [&x, which] { (void)prune(x, which); };
  };
  expect_throws<Misuse>(prune_rows({0, 2}), "[prune] row 2 at position 1 is out of range");
  expect_throws<Misuse>(prune_rows({-1}), "[prune] row -1");
  expect_throws<Misuse>(prune_rows({1, 0, 1}), "[prune] row 1 is given twice");
  expect_throws<Misuse>([&] { (void)prune(x, std::vector<bool>(3)); }, "3 entries for 2 rows");
  expect_throws<Misuse>([&] { (void)crop(x, 1, 0); }, "[crop]");
  expect_throws<Misuse>([&] { (void)to_dense(x, 1, 0); }, "[to_dense]");
  expect_throws<ResourceError>([&] { (void)to_dense(x, kMin, kMax); }, "64 bits");
  expect_throws<Misuse>([&] { (void)topk(x, -1); }, "[topk]");
  expect_throws<Misuse>([&] { (void)topk(x, 1, 1); }, "channel 1 of 1");
  expect_throws<Misuse>(
      [&] {
        (void)from_dense(Tensor::zeros({1, 1, 1, 1}, DType::f32));
      },
      "[from_dense]");
  expect_throws<Misuse>(
      [&] {
        (void)from_dense(Tensor::zeros({1, 1, 1, 1, 1}, DType::i32));
      },
      "int32");
  expect_throws<Misuse>(
      [&] {
        (void)from_dense(Tensor::zeros({1, 1, 1, 1, 1}, DType::f32), 0, 0);
      },
      "stride");
}

}  // namespace
}  // namespace voxloom::test
