#include "oracle/dense.h"

#include <gtest/gtest.h>

#include "oracle/special_values.h"

namespace voxloom_oracle {
namespace {

using Values = std::vector<double>;

void expect_near(const Values& actual, const Values& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance);
}

// Rows of W are output channels: (1,10).(1,2) = 21, (1,10).(3,4) = 43, plus bias (0.5, -1).
TEST(OracleDense, Linear) {
  const FeatureSums y = linear({1, 2, {1, 10}}, {2, 2, {1, 2, 3, 4}}, {0.5, -1});
  EXPECT_EQ(y.sums.value, (Values{21.5, 42}));
  EXPECT_EQ(y.sums.magnitude, (Values{21.5, 44}));
  EXPECT_EQ(y.sums.count, (std::vector<int64_t>{2, 2}));
}

TEST(OracleDense, Embedding) {
  const Features table{3, 2, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(embedding_lookup({2, 0, 2}, table).v, (Values{5, 6, 1, 2, 5, 6}));
  EXPECT_THROW(embedding_lookup({3}, table), std::out_of_range);
  EXPECT_THROW(embedding_lookup({-1}, table), std::out_of_range);
}

TEST(OracleDense, RoundHalfToEven) {
  EXPECT_EQ(round_values({1, 8, {0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, -2.6}}).v,
            (Values{0, 2, 2, 0, -2, -2, 2, -3}));
  EXPECT_TRUE(std::isnan(round_half_even(kNaN)));
  EXPECT_EQ(round_half_even(-std::numeric_limits<double>::infinity()),
            -std::numeric_limits<double>::infinity());
}

// exp(0) : exp(ln 3) = 1 : 3. A common shift, even a huge one, changes nothing.
TEST(OracleDense, Softmax) {
  const double ln3 = std::log(3.0);
  expect_near(softmax({2, 2, {0, ln3, 1e4, 1e4 + ln3}}).v, {0.25, 0.75, 0.25, 0.75}, 1e-12);
  expect_near(exp_values({1, 2, {0, ln3}}).v, {1, 3}, 1e-15);
}

// erf(1/sqrt 2) = 0.6826894921370859 (one sigma), so gelu(1) = 0.8413447460685429.
// tanh form: 0.79788456 * 1.044715 = 0.83356196..., tanh = 0.68238..., gelu = 0.84119199.
// fast: 1 / (1 + exp(-1.702)) = 0.84579577.
TEST(OracleDense, GeluForms) {
  EXPECT_NEAR(gelu(1, GeluApprox::kNone), 0.8413447460685429, 1e-15);
  EXPECT_EQ(gelu(1, GeluApprox::kPrecise), gelu(1, GeluApprox::kNone));
  EXPECT_NEAR(gelu(1, GeluApprox::kTanh), 0.84119199, 1e-8);
  EXPECT_NEAR(gelu(1, GeluApprox::kFast), 0.84579577, 1e-8);
  EXPECT_EQ(gelu(0, GeluApprox::kFast), 0);
}

TEST(OracleDense, Activations) {
  const auto at = [](Activation kind, double x, ActivationParams p = {}) {
    return activate(kind, x, p);
  };
  EXPECT_EQ(at(Activation::kRelu, -2), 0);
  EXPECT_EQ(at(Activation::kRelu, 2), 2);
  EXPECT_EQ(at(Activation::kLeakyRelu, -2, {.alpha = 0.25}), -0.5);
  EXPECT_EQ(at(Activation::kLeakyRelu, 2, {.alpha = 0.25}), 2);
  EXPECT_NEAR(at(Activation::kSigmoid, std::log(3.0)), 0.75, 1e-15);
  EXPECT_NEAR(at(Activation::kSilu, std::log(3.0)), 0.75 * std::log(3.0), 1e-15);
  EXPECT_NEAR(at(Activation::kTanh, std::log(2.0)), 0.6, 1e-15);  // (4 - 1) / (4 + 1)
  EXPECT_EQ(at(Activation::kSigmoid, -1e4), 0);
}

// log(1 + e^0)/1 = ln 2; beta 2 at x = ln(3)/2: log(1 + 3)/2 = ln 2. At beta*x = threshold the
// logarithm still counts; above it x itself.
TEST(OracleDense, Softplus) {
  EXPECT_NEAR(softplus(0, 1, 20), std::log(2.0), 1e-15);
  EXPECT_NEAR(softplus(std::log(3.0) / 2, 2, 20), std::log(2.0), 1e-15);
  EXPECT_GT(softplus(2, 1, 2), 2);
  EXPECT_EQ(softplus(2.5, 1, 2), 2.5);
  EXPECT_EQ(softplus(1e9, 1, 20), 1e9);
}

TEST(OracleDense, ActivationsPropagateNaN) {
  for (Activation kind :
       {Activation::kRelu, Activation::kSigmoid, Activation::kGelu, Activation::kSilu,
        Activation::kLeakyRelu, Activation::kTanh, Activation::kSoftplus}) {
    EXPECT_TRUE(std::isnan(activate(kind, kNaN)));
  }
}

// Channel 0: (5 - 1) / sqrt(3 + 1) * 10 + 0.5 = 20.5. Channel 1: (0 - 2) / sqrt(0 + 1) = -2.
TEST(OracleDense, BatchNorm) {
  expect_near(batch_norm({1, 2, {5, 0}}, {10, 1}, {0.5, 0}, {1, 2}, {3, 0}, 1.0).v, {20.5, -2},
              1e-15);
}

// Columns (1,3): mean 2, variance 1 (not 2: the count divides); (4,4): variance 0.
TEST(OracleDense, BatchNormTrain) {
  expect_near(batch_norm_train({2, 2, {1, 4, 3, 4}}, {2, 1}, {0, 7}, 1e-300).v, {-2, 7, 2, 7},
              1e-12);
}

// Row (1,3): mean 2, variance 1, with eps 3 the divisor is 2. Row (4,4) is all 0 before the bias.
TEST(OracleDense, LayerNorm) {
  expect_near(layer_norm({2, 2, {1, 3, 4, 4}}, {1, 10}, {0, 1}, 3.0).v, {-0.5, 6, 0, 1}, 1e-15);
}

// Row (1,7): mean square 25, divisor 5.
TEST(OracleDense, RmsNorm) {
  expect_near(rms_norm({1, 2, {1, 7}}, {1, 10}, 0.0).v, {0.2, 14}, 1e-15);
  expect_near(rms_norm({1, 2, {0, 0}}, {1, 1}, 1e-6).v, {0, 0}, 0.0);
}

}  // namespace
}  // namespace voxloom_oracle
