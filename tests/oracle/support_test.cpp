#include "oracle/support.h"

#include <gtest/gtest.h>

#include "oracle/line.h"
#include "oracle/random.h"
#include "oracle/special_values.h"

namespace voxloom_oracle {
namespace {

TEST(OracleKernel, OffsetsOfBothOrigins) {
  const std::vector<Triple> centered = {{-1, 0, 0}, {0, 0, 0}, {1, 0, 0}};
  EXPECT_EQ(line_offsets(3, Origin::kCentered), centered);
  const std::vector<Triple> corner = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  EXPECT_EQ(line_offsets(3, Origin::kCorner), corner);
  EXPECT_EQ(line_offsets(2, Origin::kCentered), line_offsets(2, Origin::kCorner));
}

// Size (3,2,1): z fastest, then y; the even axis is not symmetric.
TEST(OracleKernel, OffsetOrderOfAMixedSize) {
  const std::vector<Triple> expected = {{-1, 0, 0}, {-1, 1, 0}, {0, 0, 0},
                                        {0, 1, 0},  {1, 0, 0},  {1, 1, 0}};
  EXPECT_EQ(kernel_offsets({3, 2, 1}, Origin::kCentered), expected);
  EXPECT_EQ(kernel_index({2, 3, 4}, 1, 0, 2), 14);  // (1*3 + 0)*4 + 2
}

// floor(-3/2) = -2, floor(-1/2) = -1, 0, floor(5/2) = 2; floor(4/2) = 2 again.
TEST(OracleSupport, StridedFloorsTowardMinusInfinity) {
  EXPECT_EQ(strided_support(line({5, 0, -3, 4, -1}), {2, 1, 1}), line({-2, -1, 0, 2}));
}

TEST(OracleSupport, StrideOneKeepsTheInputsOrder) {
  EXPECT_EQ(strided_support(line({5, 0, -3}), {1, 1, 1}), line({5, 0, -3}));
  EXPECT_EQ(submanifold_support(line({5, 0, -3})), line({5, 0, -3}));
}

// out = in - off: one input grows into three rows.
TEST(OracleSupport, ReachableGrowsTheSet) {
  EXPECT_EQ(reachable_support(line({0}), line_offsets(3, Origin::kCentered), {}), line({-1, 0, 1}));
}

// 2*out + off - padding = 3. Padding 0: off -1 gives 2, off +1 gives 1, off 0 divides not.
// Padding 1: only off 0 gives 2*out = 4.
TEST(OracleSupport, ReachableWithStrideAndPadding) {
  const auto offsets = line_offsets(3, Origin::kCentered);
  EXPECT_EQ(reachable_support(line({3}), offsets, line_geometry(2)), line({1, 2}));
  EXPECT_EQ(reachable_support(line({3}), offsets, line_geometry(2, 1)), line({2}));
}

TEST(OracleSupport, BoundsAreHalfOpenAndClipBeforeTheOverflowCheck) {
  const auto offsets = line_offsets(3, Origin::kCentered);
  const Bounds one{{1, 0, 0}, {2, 1, 1}};
  EXPECT_EQ(reachable_support(line({3}), offsets, line_geometry(2), one), line({1}));
  EXPECT_THROW(reachable_support(line({kMax}), offsets, {}), std::overflow_error);
  EXPECT_THROW(reachable_support(line({kMin}), offsets, {}), std::overflow_error);
  const Bounds all_int32{{kMin, 0, 0}, {kMax + 1, 1, 1}};
  EXPECT_EQ(reachable_support(line({kMax}), offsets, {}, all_int32), line({kMax - 1, kMax}));
}

// Kernel 2, stride 2: 0 -> 0,1 and 1 -> 2,3. Kernel 3, stride 2, padding 1: 0 -> -1,0,1 and
// 1 -> 1,2,3, where 1 is reached twice and stands once.
TEST(OracleSupport, TransposedIsUnique) {
  EXPECT_EQ(transposed_support(line({1, 0}), line_offsets(2, Origin::kCorner), line_geometry(2)),
            line({0, 1, 2, 3}));
  EXPECT_EQ(transposed_support(line({1, 0}), line_offsets(3, Origin::kCorner), line_geometry(2, 1)),
            line({-1, 0, 1, 2, 3}));
}

TEST(OracleSupport, TransposedOverflowIsAnError) {
  const auto offsets = line_offsets(2, Origin::kCorner);
  EXPECT_THROW(transposed_support(line({kMax}), offsets, line_geometry(2)), std::overflow_error);
  // 2 * (2^30 - 1) + 1 = 2^31 - 1 is the last coordinate that fits.
  const int64_t last = (int64_t{1} << 30) - 1;
  EXPECT_EQ(transposed_support(line({last}), offsets, line_geometry(2)), line({kMax - 1, kMax}));
  EXPECT_THROW(transposed_support(line({last + 1}), offsets, line_geometry(2)),
               std::overflow_error);
}

// Every step is at an extreme of int32: 64-bit products would add up to 2^63 and wrap.
TEST(OracleSupport, ExtremeGeometryDoesNotWrap) {
  const Geometry g = line_geometry(kMax, 0, kMax);
  EXPECT_THROW(transposed_support(line({kMax}), {{kMax, 0, 0}}, g), std::overflow_error);
  // in*M + (-in)*M = 0 for M = kMax.
  EXPECT_EQ(transposed_support(line({kMax}), {{-kMax, 0, 0}}, g), line({0}));
}

TEST(OracleSupport, TargetKeepsOrderAndRefusesDuplicates) {
  EXPECT_EQ(target_support(line({4, -2})), line({4, -2}));
  EXPECT_THROW(target_support(line({4, 4})), std::invalid_argument);
}

TEST(OracleSupport, GeneratedSetsDependOnTheSetAlone) {
  Random random(3);
  const auto offsets = kernel_offsets({3, 3, 3}, Origin::kCentered);
  for (const NamedCoords& set : coordinate_zoo(2)) {
    if (set.name == "both_ends") continue;  // overflows, as it should
    const auto shuffled = permuted(set.coords, random_permutation(random, row_count(set.coords)));
    EXPECT_EQ(strided_support(set.coords, {2, 3, 2}), strided_support(shuffled, {2, 3, 2}));
    EXPECT_EQ(reachable_support(set.coords, offsets, {}), reachable_support(shuffled, offsets, {}));
    EXPECT_EQ(transposed_support(set.coords, offsets, {}),
              transposed_support(shuffled, offsets, {}));
  }
}

}  // namespace
}  // namespace voxloom_oracle
