#include "oracle/dense_conv.h"

#include <gtest/gtest.h>

#include "oracle/conv.h"
#include "oracle/numeric_grad.h"
#include "oracle/random.h"
#include "oracle/support.h"

namespace voxloom_oracle {
namespace {

using Values = std::vector<double>;

// x = (1,2,3), kernel (10,100,1000), padding 1: out 0 = 1*100 + 2*1000 (the window starts at -1),
// out 1 = 1*10 + 2*100 + 3*1000, out 2 = 2*10 + 3*100.
TEST(OracleDenseConv, OnALine) {
  const Grid x{{3, 1, 1}, 1, {1, 2, 3}};
  const DenseConv p{.kernel = {3, 1, 1}, .padding = {1, 0, 0}};
  EXPECT_EQ(dense_conv3d(x, {10, 100, 1000}, p, {3, 1, 1}).v, (Values{2100, 3210, 320}));
}

// Stride 2, kernel 3, padding 1: in 0 (1) lands on -1, 0, 1 and in 1 (2) on 1, 2, 3; -1 is cut.
TEST(OracleDenseConv, TransposedOnALine) {
  const Grid x{{2, 1, 1}, 1, {1, 2}};
  const DenseConv p{.kernel = {3, 1, 1}, .stride = {2, 1, 1}, .padding = {1, 0, 0}};
  EXPECT_EQ(dense_conv_transpose3d(x, {10, 100, 1000}, p, {4, 1, 1}).v,
            (Values{100, 1020, 200, 2000}));
}

struct FullGridCase {
  DenseConv conv;
  Triple in_size;
  Triple out_size;
};

std::vector<FullGridCase> full_grid_cases() {
  return {
      {{.kernel = {3, 3, 3}, .padding = {1, 1, 1}, .c_out = 3}, {4, 3, 5}, {4, 3, 5}},
      {{.kernel = {2, 3, 1}, .stride = {2, 1, 3}, .padding = {0, 2, 0}, .groups = 2, .c_out = 4},
       {5, 3, 4},
       {2, 5, 2}},
      {{.kernel = {3, 1, 2}, .padding = {2, 0, 1}, .dilation = {2, 1, 3}, .c_out = 2},
       {5, 2, 4},
       {5, 2, 3}},
  };
}

// Full boxes list their cells z fastest, as grids do, so values need no reordering.
void expect_same(const Grid& dense, const FeatureSums& sparse) {
  ASSERT_EQ(dense.v.size(), sparse.sums.value.size());
  for (size_t i = 0; i < dense.v.size(); ++i) {
    EXPECT_NEAR(dense.v[i], sparse.sums.value[i], 1e-12) << i;
  }
}

// With the corner origin the sparse padding is the dense framework's padding.
TEST(OracleDenseConv, AFullGridEqualsDenseConvolution) {
  Random random(41);
  for (const FullGridCase& c : full_grid_cases()) {
    const Features x = random_features(random, volume(c.in_size), 4);
    const WeightShape shape{volume(c.conv.kernel), c.conv.groups, 4, c.conv.c_out};
    const Values w = random_values(random, shape.size());
    const auto in = full_box({0, 0, 0}, c.in_size);
    const auto out = full_box({0, 0, 0}, c.out_size);
    const auto offsets = kernel_offsets(c.conv.kernel, Origin::kCorner);
    const Geometry g{c.conv.stride, c.conv.padding, c.conv.dilation};
    const Weight weight = weight_from(WeightLayout::kConv5d, shape, w);
    const Grid grid{c.in_size, 4, x.v};
    expect_same(dense_conv3d(grid, w, c.conv, c.out_size),
                conv(forward_map(in, out, offsets, g), x, weight));
    expect_same(dense_conv_transpose3d(grid, w, c.conv, c.out_size),
                conv(transposed_map(in, out, offsets, g), x, weight));
  }
}

// "Same" convolution is padding 0 with the centered origin: dense padding dilation*(size/2).
TEST(OracleDenseConv, CenteredOriginShiftsTheDensePadding) {
  Random random(42);
  const Triple size{4, 5, 3};
  const DenseConv p{.kernel = {3, 5, 1}, .padding = {2, 2, 0}, .dilation = {2, 1, 1}, .c_out = 2};
  const WeightShape shape{15, 1, 3, 2};
  const Features x = random_features(random, volume(size), 3);
  const Values w = random_values(random, shape.size());
  const auto sites = full_box({-7, 9, -1}, size);  // a shift of the whole set changes nothing
  const KernelMap map = forward_map(sites, sites, kernel_offsets(p.kernel, Origin::kCentered),
                                    {.dilation = p.dilation});
  expect_same(dense_conv3d({size, 3, x.v}, w, p, size),
              conv(map, x, weight_from(WeightLayout::kConv5d, shape, w)));
}

// 3x^2 at 2 is 12; d(xy) = (y, x); and with dy = (2, 1) on (x^2, 5x): 2*2x + 5 = 13 at x = 2.
TEST(OracleNumericGrad, KnownDerivatives) {
  const Scalar cube = [](const Values& x) { return x[0] * x[0] * x[0]; };
  EXPECT_NEAR(central_difference(cube, {2}, 0), 12, 1e-8);
  const Scalar product = [](const Values& x) { return x[0] * x[1]; };
  const Values gradient = numeric_gradient(product, {3, 7});
  EXPECT_NEAR(gradient[0], 7, 1e-9);
  EXPECT_NEAR(gradient[1], 3, 1e-9);
  const Vector both = [](const Values& x) { return Values{x[0] * x[0], 5 * x[0]}; };
  EXPECT_NEAR(numeric_vjp(both, {2}, {2, 1})[0], 13, 1e-9);
}

}  // namespace
}  // namespace voxloom_oracle
