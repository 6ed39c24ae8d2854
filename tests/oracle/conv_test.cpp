#include "oracle/conv.h"

#include <gtest/gtest.h>

#include "oracle/line.h"
#include "oracle/numeric_grad.h"
#include "oracle/random.h"
#include "oracle/special_values.h"
#include "oracle/support.h"

namespace voxloom_oracle {
namespace {

using Values = std::vector<double>;

// Sites 0, 1, 3, kernel 3: out 0 meets x0 W1 + x1 W2, out 1 meets x0 W0 + x1 W1, out 3 x2 W1.
KernelMap line_map() {
  return forward_map(line({0, 1, 3}), line({0, 1, 3}), line_offsets(3, Origin::kCentered));
}
Weight line_weight() {
  return weight_from(WeightLayout::kKernelMajor, {3, 1, 1, 1}, {10, 100, 1000});
}

// 1*100 + 2*1000 = 2100; 1*10 + 2*100 = 210; 4*100 = 400.
TEST(OracleConv, SubmanifoldOnALine) {
  const FeatureSums y = conv(line_map(), column({1, 2, 4}), line_weight());
  EXPECT_EQ(y.sums.value, (Values{2100, 210, 400}));
  EXPECT_EQ(y.sums.count, (std::vector<int64_t>{2, 2, 1}));
}

// Signs cancel in the value (100 - 2000 - 0.5) but not in the magnitude (100 + 2000 + 0.5).
TEST(OracleConv, MagnitudeIgnoresSignsAndHoldsTheBias) {
  const FeatureSums y = conv(line_map(), column({1, -2, 4}), line_weight(), {-0.5});
  EXPECT_EQ(y.sums.value, (Values{-1900.5, -190.5, 399.5}));
  EXPECT_EQ(y.sums.magnitude, (Values{2100.5, 210.5, 400.5}));
}

// dx0 = dy0 W1 + dy1 W0 = 100 + 100; dx1 = dy0 W2 + dy1 W1 = 1000 + 1000; dx2 = 100 * 100.
TEST(OracleConv, DataGradientOnALine) {
  const FeatureSums dx = conv_dgrad(line_map(), column({1, 10, 100}), line_weight());
  EXPECT_EQ(dx.sums.value, (Values{200, 2000, 10000}));
  EXPECT_EQ(dx.sums.count, (std::vector<int64_t>{2, 2, 1}));
}

// dW0 = x0 dy1 = 10; dW1 = x0 dy0 + x1 dy1 + x2 dy2 = 1 + 20 + 400; dW2 = x1 dy0 = 2.
TEST(OracleConv, WeightAndBiasGradientOnALine) {
  const WeightSums dw = conv_wgrad(line_map(), column({1, 2, 4}), column({1, 10, 100}));
  EXPECT_EQ(dw.sums.value, (Values{10, 421, 2}));
  EXPECT_EQ(dw.sums.count, (std::vector<int64_t>{1, 3, 1}));
  EXPECT_EQ(conv_dbias({2, 2, {1, 2, 3, -5}}).sums.value, (Values{4, -3}));
  EXPECT_EQ(conv_dbias({2, 2, {1, 2, 3, -5}}).sums.magnitude, (Values{4, 7}));
}

TEST(OracleConv, WithoutContributorTheResultIsTheBias) {
  const auto in = line({1});
  const KernelMap map = forward_map(in, strided_support(in, {2, 1, 1}),
                                    line_offsets(1, Origin::kCentered), line_geometry(2));
  const Weight w = weight_from(WeightLayout::kPointwise, {1, 1, 1, 1}, {7});
  EXPECT_EQ(conv(map, column({5}), w, {0.25}).sums.value, (Values{0.25}));
  EXPECT_EQ(conv(map, column({5}), w).sums.value, (Values{0}));
}

KernelMap identity_map() { return forward_map(line({0}), line({0}), {{0, 0, 0}}); }

// Row (1, 10). Kernel-major W = [[1,2,3],[4,5,6]]: 1*1 + 10*4 = 41, 52, 63.
// Pointwise W^T with rows (1,2), (3,4), (5,6): 1 + 20 = 21, 43, 65.
TEST(OracleConv, KernelMajorAndPointwiseLayouts) {
  const Features x{1, 2, {1, 10}};
  const WeightShape shape{1, 1, 2, 3};
  const Values w = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(conv(identity_map(), x, weight_from(WeightLayout::kKernelMajor, shape, w)).sums.value,
            (Values{41, 52, 63}));
  EXPECT_EQ(conv(identity_map(), x, weight_from(WeightLayout::kPointwise, shape, w)).sums.value,
            (Values{21, 43, 65}));
}

// Two groups of two inputs and one output: 1*1 + 10*2 = 21 and 100*3 + 1000*4 = 4300, whichever
// of the two grouped layouts holds the weight.
TEST(OracleConv, Groups) {
  const Features x{1, 4, {1, 10, 100, 1000}};
  const WeightShape shape{1, 2, 4, 2};
  for (WeightLayout layout : {WeightLayout::kGrouped, WeightLayout::kConv5d}) {
    EXPECT_EQ(conv(identity_map(), x, weight_from(layout, shape, {1, 2, 3, 4})).sums.value,
              (Values{21, 4300}));
  }
}

// (K, C) = [[1,2],[3,4]] on sites 0 and 1 with kernel offsets 0 and +1:
// out 0 = x0 W0 + x1 W1 = (1*1 + 100*3, 10*2 + 1000*4); out 1 = x1 W0 = (100, 2000).
TEST(OracleConv, Depthwise) {
  const KernelMap map = forward_map(line({0, 1}), line({0, 1}), line_offsets(2, Origin::kCorner));
  const Weight w = weight_from(WeightLayout::kDepthwise, {2, 2, 2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(conv(map, {2, 2, {1, 10, 100, 1000}}, w).sums.value, (Values{301, 4020, 100, 2000}));
}

// (C_out, Kx, Ky, Kz, C_in/G) = (4, 2, 1, 3, 2), G = 2. Output channel 3 is group 1, co 1; kernel
// cell (1,0,2) is k = 5: the element ((3*6 + 5)*2 + 1) = 47 is input channel 1 of the group.
TEST(OracleConv, FiveDimensionalLayoutElement) {
  Values values(48);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  const Weight w = weight_from(WeightLayout::kConv5d, {6, 2, 4, 4}, values);
  EXPECT_EQ(w.at(5, 1, 1, 1), 47);
  EXPECT_EQ(w.at(4, 1, 0, 1), 44);  // (3*6 + 4)*2 + 0
  EXPECT_EQ(w.at(0, 1, 0, 0), 24);  // output channel 2: 2*6*2
  EXPECT_EQ(weight_to(WeightLayout::kConv5d, w), values);
}

TEST(OracleConv, LayoutsThatCannotHoldAShapeAreRefused) {
  EXPECT_THROW(weight_from(WeightLayout::kPointwise, {2, 1, 1, 1}, {1, 2}), std::invalid_argument);
  EXPECT_THROW(weight_from(WeightLayout::kDepthwise, {1, 1, 2, 2}, {1, 2, 3, 4}),
               std::invalid_argument);
  EXPECT_THROW(Weight::zeros({1, 2, 3, 4}), std::invalid_argument);
}

TEST(OracleConv, NaNAndInfFollowTheMapOnly) {
  const Values y = conv(line_map(), column({kNaN, 2, 4}), line_weight()).sums.value;
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], 400);
  const Weight zero = Weight::zeros({3, 1, 1, 1});
  const Values z = conv(line_map(), column({kInf, 2, 4}), zero).sums.value;
  EXPECT_TRUE(std::isnan(z[0]));  // 0 * inf, as in dense arithmetic
  EXPECT_EQ(z[2], 0);
}

// Out 0 meets x=1 and x=1 with weights 3 and 4: (3 + 4) / sqrt(9 + 16) = 1.4; out 1 meets the
// second with weight 3: 3 / 3 = 1; out 9 meets nothing and is the bias.
TEST(OracleConv, Normalized) {
  const KernelMap map =
      forward_map(line({0, 1}), line({0, 1, 9}), line_offsets(2, Origin::kCorner));
  const Weight w = weight_from(WeightLayout::kKernelMajor, {2, 1, 1, 1}, {3, 4});
  const NormalizedConv y = normalized_conv(map, column({1, 1}), w, {1}, 1e-8);
  EXPECT_NEAR(y.value.v[0], 2.4, 1e-8);
  EXPECT_NEAR(y.value.v[1], 2.0, 1e-8);
  EXPECT_EQ(y.value.v[2], 1.0);
  EXPECT_NEAR(y.before_bias.v[0], 1.4, 1e-8);
  EXPECT_EQ(normalized_conv(map, column({1, 1}), w, {}, 1e-8, false).value.v[0], 7);
}

TEST(OracleConv, NormalizedEpsIsInsideTheRoot) {
  const Weight w = weight_from(WeightLayout::kPointwise, {1, 1, 1, 1}, {4});
  // 2*4 / sqrt(16 + 9) = 1.6
  EXPECT_DOUBLE_EQ(normalized_conv(identity_map(), column({2}), w, {}, 9.0).value.v[0], 1.6);
}

// Both gradients against central differences, with groups, stride, padding and dilation.
TEST(OracleConv, GradientsAgreeWithCentralDifferences) {
  Random random(11);
  const auto in = random_coords(random, {.count = 12, .start = {-2, -2, -2}, .extent = {4, 4, 4}});
  const Geometry g{.stride = {2, 1, 2}, .padding = {1, 0, 0}, .dilation = {1, 2, 1}};
  const auto out = strided_support(in, g.stride);
  const KernelMap map = forward_map(in, out, kernel_offsets({3, 2, 2}, Origin::kCentered), g);
  ASSERT_GT(map.entries.size(), 12U);
  const WeightShape shape{12, 2, 4, 6};
  const Features x = random_features(random, row_count(in), 4);
  const Features dy = random_features(random, row_count(out), 6);
  const Weight w{shape, random_values(random, shape.size())};
  const Values dx = numeric_vjp(
      [&](const Values& v) {
        return conv(map, {x.rows, x.channels, v}, w).sums.value;
      },
      x.v, dy.v);
  const Values dw = numeric_vjp(
      [&](const Values& v) {
        return conv(map, x, {shape, v}).sums.value;
      },
      w.v, dy.v);
  EXPECT_FALSE(find_violation(dx, conv_dgrad(map, dy, w).sums.value, 1e-8));
  EXPECT_FALSE(find_violation(dw, conv_wgrad(map, x, dy, 2).sums.value, 1e-8));
}

TEST(OracleBounds, Values) {
  // (2+2) * 2^-24 * 2^24 = 4, and 1e-30 vanishes beside it.
  EXPECT_EQ(always_bound(2, std::ldexp(1.0, 24)), 4.0);
  EXPECT_EQ(always_bound(5, 0.0), 1e-30);
  EXPECT_DOUBLE_EQ(zero_mean_bound(0.5), 2.1e-6);
  EXPECT_DOUBLE_EQ(normalized_bound(-2.0), 2.1e-5);
  EXPECT_EQ(with_store(0.0, 1024.0, Storage::kF32), 0.0);
  EXPECT_NEAR(with_store(0.0, 1024.0, Storage::kF16), 0.5, 1e-7);
  EXPECT_NEAR(with_store(0.0, 1024.0, Storage::kBF16), 4.0, 1e-7);
}

TEST(OracleBounds, ViolationIsTheWorstElement) {
  EXPECT_FALSE(find_violation(Values{1.0, 2.5}, {1.0, 2.0}, 0.5));
  const auto worst = find_violation(Values{1.1, 2.5, 0.0}, {1.0, 2.0, 0.0}, 0.01);
  ASSERT_TRUE(worst);
  EXPECT_EQ(worst->position, 1U);
  EXPECT_THROW(find_violation(Values{1.0}, {1.0, 2.0}, 0.1), std::invalid_argument);
}

TEST(OracleBounds, NonFiniteMustMatch) {
  EXPECT_FALSE(find_violation(Values{kNaN, kInf, -kInf}, {kNaN, kInf, -kInf}, 1.0));
  EXPECT_TRUE(find_violation(Values{1.0}, {kNaN}, 1.0));
  EXPECT_TRUE(find_violation(Values{kNaN}, {1.0}, 1.0));
  EXPECT_TRUE(find_violation(Values{-kInf}, {kInf}, 1.0));
  const auto worst = find_violation(Values{9.0, kNaN, 99.0}, {1.0, 2.0, 3.0}, 0.01);
  ASSERT_TRUE(worst);
  EXPECT_EQ(worst->position, 1U);
}

// A float32 convolution in the same order stays inside the bounds, and one product too few falls
// outside: the bounds can hold and can fail.
TEST(OracleBounds, SeparateRoundingFromErrors) {
  Random random(12);
  const auto in = random_coords(random, {.count = 60, .extent = {5, 5, 5}});
  const KernelMap map = forward_map(in, in, kernel_offsets({3, 3, 3}, Origin::kCentered));
  const Features x = random_features(random, row_count(in), 1);
  const Weight w{{27, 1, 1, 1}, random_values(random, 27)};
  const FeatureSums y = conv(map, x, w);
  std::vector<float> right(y.sums.value.size(), 0.0F);
  std::vector<float> wrong = right;
  for (const MapEntry& e : map.entries) {
    const float product =
        static_cast<float>(x.at(e.in_row, 0)) * static_cast<float>(w.at(e.k, 0, 0, 0));
    right[static_cast<size_t>(e.out_row)] += product;
    if (e.k != 13 || e.out_row != 7) wrong[static_cast<size_t>(e.out_row)] += product;
  }
  EXPECT_FALSE(find_violation(right, y.sums.value, y.sums.always_bounds()));
  EXPECT_FALSE(find_violation(right, y.sums.value, y.sums.zero_mean_bounds()));
  const auto violation = find_violation(wrong, y.sums.value, y.sums.always_bounds());
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->position, 7U);
}

}  // namespace
}  // namespace voxloom_oracle
