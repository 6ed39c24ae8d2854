// softmax and the norms against the oracle.

#include <fmt/core.h>

#include "dense/cases.h"

namespace voxloom::test {
namespace {

const std::vector<std::int64_t> kChannels = {1, 3, 7, 33, 130};
const std::vector<std::int64_t> kRows = {0, 1, 40};

template <typename Check>
void for_each_case(const Check& check) {
  oracle::Random random(91);
  for (const DType dtype : kFeatureTypes) {
    for (const std::int64_t channels : kChannels) {
      for (const std::int64_t rows : kRows) {
        auto x = oracle::random_features(random, rows, channels, rounding_of(dtype));
        for (double& v : x.v) v = rounding_of(dtype)(v * 5);
        check(random, x, dtype, fmt::format("{} x {} {}", rows, channels, name_of(dtype)));
      }
    }
  }
}

TEST(Softmax, AgainstTheOracle) {
  for_each_case(
      [](oracle::Random&, const oracle::Features& x, DType dtype, const std::string& what) {
        const auto expected = oracle::softmax(x);
        std::vector<double> bounds;
        for (const double y : expected.v) bounds.push_back(y * 30 * kUlp + 1e-37);
        expect_within(softmax(to_tensor(x, dtype)), expected.v, bounds, what);
      });
}

TEST(Softmax, LargeInputsNanInfinitiesAndOtherRanks) {
  const oracle::Features x{5, 2, {1e30, 1e30, 1000, 999, kNan, 1, kInf, 0, -kInf, 0}};
  const auto expected = oracle::softmax(x);
  expect_within(softmax(to_tensor(x)), expected.v, std::vector<double>(10, 1e-7), "rows");
  const Tensor cube = to_tensor({0, 0, 1, 1, 5, 5, 7, 7}, {2, 2, 2});
  EXPECT_EQ(to_doubles(softmax(cube)), std::vector<double>(8, 0.5));
  EXPECT_EQ(softmax(cube).shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(softmax(Tensor::zeros({3, 0}, DType::f32)).shape(), (Shape{3, 0}));
  EXPECT_EQ(to_doubles(softmax(column_tensor({2, 2}))), (std::vector<double>{0.5, 0.5}));
}

// Numbers above 0, as a variance must be.
std::vector<double> positive(std::vector<double> values, DType dtype) {
  for (double& v : values) v = rounding_of(dtype)(std::fabs(v) + 0.1);
  return values;
}

TEST(BatchNorm, AgainstTheOracle) {
  for_each_case(
      [](oracle::Random& random, const oracle::Features& x, DType dtype, const std::string& what) {
        const auto scale = random_vector(random, x.channels, dtype);
        const auto bias = random_vector(random, x.channels, dtype);
        const auto mean = random_vector(random, x.channels, dtype);
        const auto variance = positive(random_vector(random, x.channels, dtype), dtype);
        constexpr float kEps = 1e-3F;
        const auto expected = oracle::batch_norm(x, scale, bias, mean, variance, double{kEps});
        std::vector<double> bounds;
        for (std::size_t i = 0; i < expected.v.size(); ++i) {
          const double shift = std::fabs(bias[i % static_cast<std::size_t>(x.channels)]);
          bounds.push_back(6 * kUlp * (std::fabs(expected.v[i]) + 2 * shift) + 1e-30);
        }
        const Tensor y = batch_norm(to_tensor(x, dtype),
                                    {.scale = column_tensor(scale, dtype),
                                     .bias = column_tensor(bias, dtype),
                                     .mean = column_tensor(mean, dtype),
                                     .variance = column_tensor(variance, dtype)},
                                    kEps);
        expect_within(y, expected.v, bounds, what);
      });
}

std::vector<double> norm_bounds(const oracle::Features& expected, const std::vector<double>& bias) {
  std::vector<double> bounds;
  for (std::size_t i = 0; i < expected.v.size(); ++i) {
    const double shift =
        bias.empty() ? 0.0 : std::fabs(bias[i % static_cast<std::size_t>(expected.channels)]);
    bounds.push_back(2 * kUlp * (std::fabs(expected.v[i]) + shift) + 1e-13);
  }
  return bounds;
}

TEST(LayerNorm, AgainstTheOracle) {
  for_each_case(
      [](oracle::Random& random, const oracle::Features& x, DType dtype, const std::string& what) {
        const auto scale = random_vector(random, x.channels, dtype);
        const auto bias = random_vector(random, x.channels, dtype);
        constexpr float kEps = 1e-5F;
        const auto expected = oracle::layer_norm(x, scale, bias, double{kEps});
        const Tensor y = layer_norm(to_tensor(x, dtype), column_tensor(scale, dtype),
                                    column_tensor(bias, dtype), kEps);
        expect_within(y, expected.v, norm_bounds(expected, bias), what);
      });
}

TEST(RmsNorm, AgainstTheOracle) {
  for_each_case(
      [](oracle::Random& random, const oracle::Features& x, DType dtype, const std::string& what) {
        const auto scale = random_vector(random, x.channels, dtype);
        constexpr float kEps = 1e-5F;
        const auto expected = oracle::rms_norm(x, scale, double{kEps});
        const Tensor y = rms_norm(to_tensor(x, dtype), column_tensor(scale, dtype), kEps);
        expect_within(y, expected.v, norm_bounds(expected, {}), what);
      });
}

// Each part of a row is a row of its own to layer_norm.
oracle::Features group_norm(const oracle::Features& x, const std::vector<double>& scale,
                            const std::vector<double>& bias, std::int64_t groups, double eps) {
  const std::int64_t width = x.channels / groups;
  const auto size = static_cast<std::size_t>(width);
  oracle::Features normed =
      oracle::layer_norm({x.rows * groups, width, x.v}, std::vector<double>(size, 1.0),
                         std::vector<double>(size, 0.0), eps);
  for (std::size_t i = 0; i < normed.v.size(); ++i) {
    const std::size_t c = i % static_cast<std::size_t>(x.channels);
    normed.v[i] = normed.v[i] * scale[c] + bias[c];
  }
  return {x.rows, x.channels, std::move(normed.v)};
}

TEST(GroupNorm, AgainstTheOracle) {
  for_each_case(
      [](oracle::Random& random, const oracle::Features& x, DType dtype, const std::string& what) {
        const auto scale = random_vector(random, x.channels, dtype);
        const auto bias = random_vector(random, x.channels, dtype);
        constexpr float kEps = 1e-3F;
        for (const std::int64_t groups : {std::int64_t{1}, x.channels}) {
          const auto expected = group_norm(x, scale, bias, groups, double{kEps});
          std::vector<double> bounds = norm_bounds(expected, bias);
          for (double& bound : bounds) bound = 4 * bound + 1e-6;
          const Tensor y = voxloom::group_norm(to_tensor(x, dtype), column_tensor(scale, dtype),
                                               column_tensor(bias, dtype), groups, kEps);
          expect_within(y, expected.v, bounds, what);
        }
      });
}

TEST(GroupNorm, HandWorked) {
  const Tensor x = to_tensor({1, 3, 10, 20, 5, 5, 0, -2}, {2, 4});
  const Tensor scale = column_tensor({1, 1, 2, 2}), bias = column_tensor({0, 0, 1, 1});
  EXPECT_EQ(to_doubles(group_norm(x, scale, bias, 2, 0.0F)).at(0), -1);
  EXPECT_EQ(to_doubles(group_norm(x, scale, bias, 2, 1e-30F)),
            (std::vector<double>{-1, 1, -1, 3, 0, 0, 3, -1}));
}

TEST(Dropout, ZeroesAShareAndScalesTheRest) {
  const Tensor x = Tensor::full({400, 25}, DType::f32, 3.0F);
  const Tensor y = dropout(x, 0.25F, 7);
  std::int64_t zeros = 0;
  for (const float v : y.span<float>()) {
    if (v == 0.0F) ++zeros;
    EXPECT_TRUE(v == 0.0F || v == 4.0F) << v;
  }
  EXPECT_NEAR(static_cast<double>(zeros) / 10000.0, 0.25, 0.02);
  EXPECT_EQ(to_doubles(dropout(x, 0.25F, 7)), to_doubles(y));
  EXPECT_NE(to_doubles(dropout(x, 0.25F, 8)), to_doubles(y));
  EXPECT_EQ(to_doubles(dropout(x, 0.0F, 7)), to_doubles(x));
}

TEST(Dropout, Refusals) {
  using Invalid = std::invalid_argument;
  const Tensor x = Tensor::zeros({2, 2}, DType::f32);
  for (const float share : {-0.1F, 1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    expect_throws<Invalid>([&] { (void)dropout(x, share, 1); },
                           "[dropout] the probability should lie in [0, 1)");
  }
  expect_throws<Invalid>([&] { (void)dropout(x.to(DType::f16), 0.5F, 1); },
                         "[dropout] expected a tensor of type float32, got float16");
  expect_throws<Invalid>([&] { (void)dropout(Tensor(), 0.5F, 1); }, "got none");
}

TEST(Norms, HandWorked) {
  const Tensor x = to_tensor({1, 3, 3, 4}, {2, 2});
  const Tensor one = column_tensor({1, 1});
  const Tensor zero = column_tensor({0, 0});
  EXPECT_EQ(to_doubles(layer_norm(x, one, zero, 0)), (std::vector<double>{-1, 1, -1, 1}));
  // Row (3,4): mean square 12.5.
  EXPECT_NEAR(to_doubles(rms_norm(x, one, 0))[2], 3 / std::sqrt(12.5), 1e-7);
  const BatchNormParameters p{.scale = column_tensor({2, 1}),
                              .bias = column_tensor({10, 0}),
                              .mean = column_tensor({1, 4}),
                              .variance = column_tensor({4, 1})};
  EXPECT_EQ(to_doubles(batch_norm(x, p, 0)), (std::vector<double>{10, -1, 12, 0}));
}

TEST(Norms, ALargeMeanDoesNotDrownTheVariance) {
  const oracle::Features x{1, 4, {4096.25, 4096.5, 4096.75, 4096 + 2049.0 / 2048}};
  const auto expected = oracle::layer_norm(x, {1, 1, 1, 1}, {0, 0, 0, 0}, 0);
  const Tensor y =
      layer_norm(to_tensor(x), column_tensor({1, 1, 1, 1}), column_tensor({0, 0, 0, 0}), 0);
  expect_within(y, expected.v, std::vector<double>(4, 1e-7), "4096 and a bit");
}

TEST(Norms, NoChannels) {
  const Tensor x = Tensor::zeros({3, 0}, DType::f32);
  const Tensor none = Tensor::zeros({0}, DType::f32);
  EXPECT_EQ(layer_norm(x, none, none).shape(), (Shape{3, 0}));
  EXPECT_EQ(rms_norm(x, none).shape(), (Shape{3, 0}));
  EXPECT_EQ(batch_norm(x, {none, none, none, none}).shape(), (Shape{3, 0}));
}

TEST(RowWise, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(92);
  const Tensor x = to_tensor(oracle::random_features(random, 5000, 13));
  const Tensor v = column_tensor(positive(random_vector(random, 13, DType::f32), DType::f32));
  expect_same_bits_at_every_thread_count([&] { return softmax(x); }, "softmax");
  expect_same_bits_at_every_thread_count([&] { return batch_norm(x, {v, v, v, v}); }, "batch");
  expect_same_bits_at_every_thread_count([&] { return layer_norm(x, v, v); }, "layer");
  expect_same_bits_at_every_thread_count([&] { return rms_norm(x, v); }, "rms");
  expect_same_bits_at_every_thread_count([&] { return group_norm(x, v, v, 13); }, "group");
  expect_same_bits_at_every_thread_count([&] { return dropout(x, 0.5F, 3); }, "dropout");
}

TEST(RowWiseRefusals, Messages) {
  using Invalid = std::invalid_argument;
  const Tensor x = Tensor::zeros({4, 3}, DType::f32);
  const Tensor v = Tensor::zeros({3}, DType::f32);
  const Tensor four = Tensor::zeros({4}, DType::f32);
  const Tensor half = Tensor::zeros({3}, DType::f16);
  expect_throws<Invalid>([&] { (void)softmax(Tensor::zeros({}, DType::f32)); },
                         "[softmax] expected a last axis");
  expect_throws<Invalid>([&] { (void)layer_norm(v, v, v); },
                         "[layer_norm] expected features of shape (N,C)");
  expect_throws<Invalid>(
      [&] {
        (void)rms_norm(Tensor::zeros({4, 3}, DType::f64), v);
      },
      "[rms_norm] expected features of shape (N,C)");
  expect_throws<Invalid>([&] { (void)layer_norm(x, four, v); },
                         "[layer_norm] expected scale of shape (3) and type float32, got (4)");
  expect_throws<Invalid>([&] { (void)layer_norm(x, v, {}); },
                         "[layer_norm] expected bias of shape");
  expect_throws<Invalid>([&] { (void)rms_norm(x, half); }, "got (3) float16");
  expect_throws<Invalid>(
      [&] {
        (void)batch_norm(x, {v, v, four, v});
      },
      "[batch_norm] expected mean of shape (3)");
  expect_throws<Invalid>(
      [&] {
        (void)batch_norm(x, {v, v, v, {}});
      },
      "[batch_norm] expected variance of shape (3) and type float32, got an "
      "undefined tensor");
  expect_throws<Invalid>([&] { (void)group_norm(x, v, v, 2); },
                         "[group_norm] 3 channels do not split into 2 groups");
  expect_throws<Invalid>([&] { (void)group_norm(x, v, v, 0); }, "into 0 groups");
  expect_throws<Invalid>([&] { (void)group_norm(x, v, four, 3); },
                         "[group_norm] expected bias of shape (3)");
  for (const float eps : {-1e-5F, std::numeric_limits<float>::quiet_NaN()}) {
    expect_throws<Invalid>([&] { (void)rms_norm(x, v, eps); },
                           "[rms_norm] eps must be finite and not negative");
  }
}

}  // namespace
}  // namespace voxloom::test
