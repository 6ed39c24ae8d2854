// Joins against the oracle: every op, join, dtype and kind of overlap.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "algebra/cases.h"
#include "coords/coordinate_set_impl.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

using Misuse = std::invalid_argument;

const std::vector<std::pair<BinaryOp, oracle::BinaryOp>> kOps = {
    {BinaryOp::add, oracle::BinaryOp::kAdd},
    {BinaryOp::sub, oracle::BinaryOp::kSub},
    {BinaryOp::mul, oracle::BinaryOp::kMul},
    {BinaryOp::maximum, oracle::BinaryOp::kMaximum},
    {BinaryOp::minimum, oracle::BinaryOp::kMinimum}};

class JoinOf : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(EveryType, JoinOf, testing::Values(DType::f32, DType::f16, DType::bf16));

TEST_P(JoinOf, BinaryAgreesWithTheOracle) {
  for (const Pair& pair : coordinate_pairs()) {
    for (const std::int64_t channels : {1, 5}) {
      const Operand a = operand_on(pair.lhs, channels, GetParam(), 1);
      const Operand b = operand_on(pair.rhs, channels, GetParam(), 2);
      for (const auto& [op, oracle_op] : kOps) {
        for (const auto& [join, oracle_join] : joins()) {
          SCOPED_TRACE(pair.name);
          const SparseTensor y =
              binary(op, a.tensor, b.tensor, {.join = join, .lhs_fill = 0.3F, .rhs_fill = -2.0F});
          expect_same(y, oracle::binary(oracle_op, oracle_join, a.expected, b.expected,
                                        static_cast<double>(0.3F), -2.0));
        }
      }
    }
  }
}

TEST_P(JoinOf, CatAgreesWithTheOracle) {
  for (const Pair& pair : coordinate_pairs()) {
    const Operand a = operand_on(pair.lhs, 2, GetParam(), 1);
    const Operand b = operand_on(pair.rhs, 3, GetParam(), 2);
    const Operand c = operand_on(pair.lhs, 1, GetParam(), 3);
    for (const auto& [join, oracle_join] : joins()) {
      SCOPED_TRACE(pair.name);
      expect_same(cat(std::vector{a.tensor, b.tensor}, join),
                  oracle::cat(oracle_join, {a.expected, b.expected}));
      expect_same(cat(std::vector{a.tensor, b.tensor, c.tensor, b.tensor}, join),
                  oracle::cat(oracle_join, {a.expected, b.expected, c.expected, b.expected}));
    }
  }
}

TEST_P(JoinOf, ReindexAgreesWithTheOracle) {
  for (const Pair& pair : coordinate_pairs()) {
    SCOPED_TRACE(pair.name);
    const Operand x = operand_on(pair.lhs, 4, GetParam(), 1);
    const CoordinateSet target = CoordinateSet::from_rows(to_rows(pair.rhs));
    const SparseTensor y = reindex(x.tensor, target, 0.7F);
    expect_same(y, oracle::reindex(x.expected, pair.rhs, static_cast<double>(0.7F)));
    EXPECT_EQ(y.coords(), target);
  }
}

TEST(Algebra, DefaultJoins) {
  const Pair pair = coordinate_pairs().front();
  const Operand a = operand_on(pair.lhs, 3, DType::f32, 1);
  const Operand b = operand_on(pair.rhs, 3, DType::f32, 2);
  const auto expected = [&](oracle::BinaryOp op) {
    return oracle::binary(op, oracle::default_join(op), a.expected, b.expected);
  };
  expect_same(add(a.tensor, b.tensor), expected(oracle::BinaryOp::kAdd));
  expect_same(sub(a.tensor, b.tensor), expected(oracle::BinaryOp::kSub));
  expect_same(mul(a.tensor, b.tensor), expected(oracle::BinaryOp::kMul));
  expect_same(maximum(a.tensor, b.tensor), expected(oracle::BinaryOp::kMaximum));
  expect_same(minimum(a.tensor, b.tensor), expected(oracle::BinaryOp::kMinimum));
  expect_same(cat(std::vector{a.tensor, b.tensor}),
              oracle::cat(oracle::Join::kInner, {a.expected, b.expected}));
}

TEST(Algebra, NanWinsMaximumAndMinimumFromEitherSide) {
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 2, 0, 0}};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto on = [&](const std::vector<float>& values) {
    return sparse_tensor(rows, Tensor::from(values, {3, 1}));
  };
  for (const auto op : {BinaryOp::maximum, BinaryOp::minimum}) {
    const SparseTensor y = binary(op, on({nan, 1, 2}), on({1, nan, 5}), {});
    EXPECT_TRUE(std::isnan(y.features().data<float>()[0]));
    EXPECT_TRUE(std::isnan(y.features().data<float>()[1]));
    EXPECT_EQ(y.features().data<float>()[2], op == BinaryOp::maximum ? 5 : 2);
  }
}

TEST(Algebra, HalfTypesAreRoundedOnceFromFloat32) {
  // 1 + 2^-11 lies between two float16 values; with a float16 sum of fills it would be lost.
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}};
  const SparseTensor x = sparse_tensor(rows, Tensor::full({1, 1}, DType::f16, 1.0F));
  const SparseTensor none = sparse_tensor({}, Tensor::zeros({0, 1}, DType::f16));
  const float fill = 0x1.8p-11F;
  const SparseTensor y = add(x, none, {.join = Join::outer, .rhs_fill = fill});
  EXPECT_EQ(static_cast<float>(y.features().data<float16>()[0]), 1.0F + 0x1p-10F);
}

TEST(Algebra, EqualSetsShareTheirObject) {
  const Pair pair = coordinate_pairs().front();
  const Operand a = operand_on(pair.lhs, 3, DType::f32, 1);
  const SparseTensor b = a.tensor.with_features(a.tensor.features().clone());
  for (const auto& [join, ignored] : joins()) {
    EXPECT_EQ(binary(BinaryOp::add, a.tensor, b, {.join = join}).coords(), a.tensor.coords());
    EXPECT_EQ(cat(std::vector{a.tensor, b, a.tensor}, join).coords(), a.tensor.coords());
  }
  EXPECT_EQ(reindex(a.tensor, a.tensor.coords()).coords(), a.tensor.coords());
}

TEST(Algebra, TheSameJoinGivesTheSameSet) {
  const Pair pair = coordinate_pairs().front();
  const Operand a = operand_on(pair.lhs, 3, DType::f32, 1);
  const Operand b = operand_on(pair.rhs, 3, DType::f32, 2);
  EXPECT_EQ(add(a.tensor, b.tensor).coords(), sub(a.tensor, b.tensor).coords());
  EXPECT_EQ(mul(a.tensor, b.tensor).coords(), maximum(a.tensor, b.tensor).coords());
  EXPECT_FALSE(add(a.tensor, b.tensor).coords() == add(b.tensor, a.tensor).coords());
}

TEST(Algebra, AJoinThatAddsAndDropsNothingKeepsTheSetAndLetsItGo) {
  std::weak_ptr<const CoordinateSet::Impl> whole_alive;
  std::weak_ptr<const CoordinateSet::Impl> part_alive;
  {
    const Operand whole = operand_on(coordinate_pairs()[1].lhs, 3, DType::f32, 1);
    const Operand part = operand_on(coordinate_pairs()[1].rhs, 3, DType::f32, 2);
    EXPECT_EQ(add(whole.tensor, part.tensor).coords(), whole.tensor.coords());
    EXPECT_EQ(mul(part.tensor, whole.tensor).coords(), part.tensor.coords());
    EXPECT_EQ(crop(part.tensor, -1000, 1000).coords(), part.tensor.coords());
    whole_alive = CoordinateSet::Impl::of(whole.tensor.coords());
    part_alive = CoordinateSet::Impl::of(part.tensor.coords());
  }
  EXPECT_TRUE(whole_alive.expired());
  EXPECT_TRUE(part_alive.expired());
}

TEST(Algebra, TheLargerBatchCountIsKept) {
  const auto on = [](std::int64_t batches) {
    return sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}}, Tensor::zeros({1, 1}, DType::f32),
                         {.batch_size = batches});
  };
  for (const auto& [join, ignored] : joins()) {
    EXPECT_EQ(binary(BinaryOp::add, on(2), on(5), {.join = join}).batch_size(), 5);
    EXPECT_EQ(cat(std::vector{on(1), on(7), on(3)}, join).batch_size(), 7);
  }
  EXPECT_EQ(reindex(on(2), on(5).coords()).batch_size(), 5);
  EXPECT_EQ(reindex(on(6), on(5).coords()).batch_size(), 6);
}

TEST(Algebra, JoinMisuseIsRefused) {
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}};
  const SparseTensor x = sparse_tensor(rows, Tensor::zeros({1, 2}, DType::f32));
  const SparseTensor wide = sparse_tensor(rows, Tensor::zeros({1, 3}, DType::f32));
  const SparseTensor half = sparse_tensor(rows, Tensor::zeros({1, 2}, DType::f16));
  const SparseTensor coarse =
      sparse_tensor(rows, Tensor::zeros({1, 2}, DType::f32), {.stride = {1, 2, 1}});
  expect_throws<Misuse>([&] { (void)add(x, wide); }, "[add] channel counts differ: 2 and 3");
  expect_throws<Misuse>([&] { (void)mul(x, half); }, "[mul] types differ: float32 and float16");
  expect_throws<Misuse>([&] { (void)maximum(x, coarse); }, "[maximum] strides differ");
  expect_throws<Misuse>([&] { (void)cat(std::vector{x, coarse}); }, "[cat] strides differ");
  expect_throws<Misuse>([&] { (void)cat(std::vector{x, half}); }, "[cat] types differ");
  expect_throws<Misuse>([&] { (void)cat({}); }, "[cat]");
  expect_throws<Misuse>([&] { (void)reindex(x, coarse.coords()); }, "[reindex]");
}

TEST(Algebra, ResultsDoNotDependOnTheNumberOfThreads) {
  oracle::Random random(9);
  const auto coords = oracle::random_coords(random, {.count = 20000, .extent = {60, 60, 60}});
  const std::vector<oracle::Coord> head(coords.begin(), coords.begin() + 12000);
  const std::vector<oracle::Coord> tail(coords.begin() + 8000, coords.end());
  const auto run = [&](int threads) {
    std::pair<std::vector<oracle::Coord>, std::vector<double>> result;
    with_threads(threads, [&] {
      const SparseTensor y =
          add(operand_on(head, 8, DType::f32, 1).tensor, operand_on(tail, 8, DType::f32, 2).tensor);
      result = {to_coords(y.coords()), to_doubles(y.features())};
    });
    return result;
  };
  EXPECT_EQ(run(1), run(2));
}

}  // namespace
}  // namespace voxloom::test
