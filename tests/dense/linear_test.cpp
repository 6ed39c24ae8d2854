// linear, dense and packed, and embedding_lookup.

#include <fmt/core.h>

#include "dense/cases.h"

namespace voxloom::test {
namespace {

void expect_linear(oracle::Random& random, const Shape& sizes, DType dtype) {
  const std::int64_t rows = sizes[0], in = sizes[1], out = sizes[2];
  const auto x = oracle::random_features(random, rows, in, rounding_of(dtype));
  const auto w = oracle::random_features(random, out, in, rounding_of(dtype));
  const auto bias = random_vector(random, out, dtype);
  const std::string what = fmt::format("{} {}", to_string(sizes), name_of(dtype));
  const auto with_bias = oracle::linear(x, w, bias);
  expect_within(linear(to_tensor(x, dtype), to_tensor(w, dtype), column_tensor(bias, dtype)),
                with_bias.sums.value, with_bias.sums.zero_mean_bounds(), what);
  const auto without = oracle::linear(x, w);
  const Tensor y = linear(to_tensor(x, dtype), to_tensor(w, dtype));
  expect_within(y, without.sums.value, without.sums.zero_mean_bounds(), what);
  EXPECT_EQ(y.shape(), (Shape{rows, out}));
  EXPECT_EQ(y.dtype(), dtype);
}

TEST(Linear, EveryTypeAndSize) {
  oracle::Random random(101);
  for (const DType dtype : kFeatureTypes) {
    for (const Shape& sizes : {Shape{0, 3, 4}, Shape{1, 1, 1}, Shape{5, 0, 3}, Shape{5, 3, 0},
                               Shape{7, 33, 130}, Shape{300, 7, 5}, Shape{9, 130, 33}}) {
      expect_linear(random, sizes, dtype);
    }
  }
}

TEST(Linear, PackedEqualsTheDequantizedWeight) {
  oracle::Random random(102);
  for (const int bits : {4, 8}) {
    for (const std::int64_t in : {1, 33, 130}) {
      const auto x = oracle::random_features(random, 40, in);
      const Tensor weight = to_tensor(oracle::random_features(random, 7, in));
      const QuantizedWeight packed = quantize(weight, {.bits = bits, .group_size = 32});
      const auto values = to_doubles(dequantize(packed));  // (1, in, 7)
      oracle::Features w = oracle::Features::zeros(7, in);
      for (std::int64_t i = 0; i < in; ++i) {
        for (std::int64_t o = 0; o < 7; ++o) {
          w.at(o, i) = values[static_cast<std::size_t>(i * 7 + o)];
        }
      }
      const auto expected = oracle::linear(x, w);
      expect_within(linear(to_tensor(x), packed), expected.sums.value,
                    expected.sums.always_bounds(), fmt::format("{} bits, {} channels", bits, in));
    }
  }
}

TEST(Linear, HandWorked) {
  const Tensor x = to_tensor({1, 2, 3, -1, 0, 1}, {2, 3});
  const Tensor w = to_tensor({1, 0, 0, 1, 1, 1}, {2, 3});
  EXPECT_EQ(to_doubles(linear(x, w, column_tensor({10, 20}))),
            (std::vector<double>{11, 26, 9, 20}));
}

TEST(Linear, NanAndInfinitiesStayInTheirRow) {
  const Tensor x = to_tensor({kNan, 1, 1, kInf, 1, 1}, {3, 2});
  const Tensor w = to_tensor({1, 1, -1, 2}, {2, 2});
  const std::vector<double> y = to_doubles(linear(x, w));
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  EXPECT_EQ((std::vector<double>{y.begin() + 2, y.end()}), (std::vector<double>{kInf, kInf, 2, 1}));
}

TEST(Linear, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(103);
  const Tensor x = to_tensor(oracle::random_features(random, 3000, 17));
  const Tensor w = to_tensor(oracle::random_features(random, 9, 17));
  expect_same_bits_at_every_thread_count([&] { return linear(x, w); }, "linear");
}

TEST(LinearRefusals, Messages) {
  using Invalid = std::invalid_argument;
  const Tensor x = Tensor::zeros({4, 3}, DType::f32);
  const Tensor w = Tensor::zeros({2, 3}, DType::f32);
  expect_throws<Invalid>([&] { (void)linear(Tensor::zeros({3}, DType::f32), w); },
                         "[linear] expected features of shape (N,C)");
  expect_throws<Invalid>(
      [&] {
        (void)linear(x, Tensor::zeros({3, 2}, DType::f32));
      },
      "[linear] expected a weight of shape (C_out,3), got (3,2)");
  expect_throws<Invalid>(
      [&] {
        (void)linear(x, Tensor::zeros({1, 3, 2}, DType::f32));
      },
      "[linear] expected a weight of shape (C_out,3), got (1,3,2)");
  expect_throws<Invalid>([&] { (void)linear(x, Tensor{}); }, "got an undefined tensor");
  expect_throws<Invalid>(
      [&] {
        (void)linear(x, Tensor::zeros({2, 3}, DType::f16));
      },
      "[linear] features are float32, the weight is float16");
  expect_throws<Invalid>([&] { (void)linear(x, w, Tensor::zeros({3}, DType::f32)); },
                         "[linear] expected a bias of shape (2)");
  expect_throws<Invalid>(
      [&] {
        (void)linear(x, quantize(Tensor::zeros({2, 4}, DType::f32)));
      },
      "[linear] packed weight of volume 1 and 4 input channels");
  expect_throws<Invalid>(
      [&] {
        (void)linear(x, quantize(Tensor::zeros({8, 3, 2}, DType::f32)));
      },
      "[linear] packed weight of volume 8 and 3 input channels");
}

TEST(EmbeddingLookup, PicksRowsOfAnyShape) {
  oracle::Random random(104);
  for (const DType dtype : kFeatureTypes) {
    const auto table = oracle::random_features(random, 9, 5, rounding_of(dtype));
    const Tensor indices = Tensor::from<std::int32_t>({8, 0, 3, 3, 1, 8}, {2, 3});
    const Tensor y = embedding_lookup(indices, to_tensor(table, dtype));
    EXPECT_EQ(y.shape(), (Shape{2, 3, 5}));
    EXPECT_EQ(to_doubles(y), oracle::embedding_lookup({8, 0, 3, 3, 1, 8}, table).v);
  }
  const Tensor table = Tensor::zeros({4, 0}, DType::f32);
  EXPECT_EQ(embedding_lookup(Tensor::zeros({3}, DType::i32), table).shape(), (Shape{3, 0}));
  EXPECT_EQ(embedding_lookup(Tensor::zeros({0}, DType::i32), table).shape(), (Shape{0, 0}));
  EXPECT_EQ(embedding_lookup(Tensor::zeros({}, DType::i32), table).shape(), (Shape{0}));
}

TEST(EmbeddingLookup, Refusals) {
  using Invalid = std::invalid_argument;
  const Tensor table = Tensor::zeros({4, 2}, DType::f32);
  for (const std::int32_t bad : {-1, 4}) {
    const Tensor indices = Tensor::from<std::int32_t>({0, bad}, {2});
    expect_throws<Invalid>([&] { (void)embedding_lookup(indices, table); },
                           fmt::format("[embedding_lookup] index {} at position 1 is out of range "
                                       "for a table of 4 rows",
                                       bad));
  }
  expect_throws<Invalid>([&] { (void)embedding_lookup(Tensor::zeros({2}, DType::i64), table); },
                         "[embedding_lookup] expected int32 indices, got int64");
  expect_throws<Invalid>(
      [&] {
        (void)embedding_lookup(Tensor::zeros({2}, DType::i32), Tensor::zeros({4}, DType::f32));
      },
      "[embedding_lookup] expected a table of shape (V,C)");
}

}  // namespace
}  // namespace voxloom::test
