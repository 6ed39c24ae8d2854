#include "oracle/points.h"

#include <gtest/gtest.h>

#include "oracle/line.h"

namespace voxloom_oracle {
namespace {

constexpr float kFloatNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kFloatInf = std::numeric_limits<float>::infinity();

using Values = std::vector<double>;
using Rows = std::vector<int64_t>;

// Batch 0 points on the x axis.
Points on_line(const std::vector<float>& xs) {
  Points points;
  for (float x : xs) points.xyz.push_back({x, 0, 0});
  points.batch.assign(xs.size(), 0);
  return points;
}

// q = (p + 1) / 0.5: -1 -> 0, -1.25 -> -0.5, 0.25 -> 2.5, 0.375 -> 2.75. Cells 0, -1, 2, 2.
TEST(OraclePoints, CellsAreFloored) {
  const VoxelGrid grid{{0.5, 1, 1}, {-1, 0, 0}};
  const Voxelized v = voxelize(on_line({-1.0F, -1.25F, 0.25F, 0.375F}), column({1, 2, 3, 4}), grid,
                               VoxelReduction::kSum);
  EXPECT_EQ(v.voxels.coords, line({-1, 0, 2}));
  EXPECT_EQ(v.point_row, (Rows{1, 0, 2, 2}));
  EXPECT_EQ(v.counts, (Rows{1, 1, 2}));
  EXPECT_EQ(v.voxels.feats.v, (Values{2, 1, 7}));
}

// Points 0, 2 and 3 share cell 0; point 1 is alone in cell 1.
TEST(OraclePoints, Reductions) {
  const auto reduced = [](VoxelReduction reduction) {
    return voxelize(on_line({0.5F, 1.5F, 0.25F, 0.75F}), {4, 2, {3, -1, 5, 5, 9, -4, 0, -1}}, {},
                    reduction)
        .voxels.feats;
  };
  EXPECT_EQ(reduced(VoxelReduction::kSum).v, (Values{12, -6, 5, 5}));
  EXPECT_EQ(reduced(VoxelReduction::kMean).v, (Values{4, -2, 5, 5}));
  EXPECT_EQ(reduced(VoxelReduction::kMax).v, (Values{9, -1, 5, 5}));
  EXPECT_EQ(reduced(VoxelReduction::kFirst).v, (Values{3, -1, 5, 5}));
  EXPECT_EQ(reduced(VoxelReduction::kCount).v, (Values{3, 1}));
  EXPECT_EQ(reduced(VoxelReduction::kCount).channels, 1);
}

// float32(0.3) is 0.300000012, so its quotient by 0.1 is just above 3.
TEST(OraclePoints, PositionsAreFloat64FromFloat32) {
  const VoxelGrid grid{{0.1, 1, 1}, {0, 0, 0}};
  EXPECT_GT(grid_position({0.3F, 0, 0}, grid)[0], 3.0);
  // 0.7 / 0.1 rounds to 7 in float32, but float32(0.7) is 0.699999988: the cell is 6.
  EXPECT_EQ(assign_voxels(on_line({0.3F, 0.7F}), grid, NonFinite::kError).voxels.coords,
            line({3, 6}));
}

// 2^24 - 0.5 does not fit in a float32, which would round it back to 2^24.
TEST(OraclePoints, TheOriginIsSubtractedInFloat64) {
  const VoxelGrid grid{{1, 1, 1}, {0.5, 0, 0}};
  EXPECT_EQ(assign_voxels(on_line({16777216.0F}), grid, NonFinite::kError).voxels.coords,
            line({16777215}));
}

TEST(OraclePoints, NonFinitePointsAreAnErrorOrDropped) {
  const Points points = on_line({1.0F, kFloatNaN, 1.5F, -kFloatInf});
  EXPECT_THROW(voxelize(points, column({1, 2, 3, 4}), {}, VoxelReduction::kSum),
               std::invalid_argument);
  const Voxelized v =
      voxelize(points, column({1, 2, 3, 4}), {}, VoxelReduction::kSum, NonFinite::kDrop);
  EXPECT_EQ(v.point_row, (Rows{0, -1, 0, -1}));
  EXPECT_EQ(v.dropped, 2);
  EXPECT_EQ(v.voxels.feats.v, (Values{4}));
}

// 2147483648 = 2^31 is a float32 and one too many.
TEST(OraclePoints, CellsBeyondInt32AreAnError) {
  EXPECT_THROW(voxelize(on_line({2147483648.0F}), column({1}), {}, VoxelReduction::kSum),
               std::overflow_error);
  EXPECT_THROW(voxelize(on_line({3e38F}), column({1}), {}, VoxelReduction::kSum),
               std::overflow_error);
  EXPECT_NO_THROW(voxelize(on_line({-2147483648.0F}), column({1}), {}, VoxelReduction::kSum));
}

// Voxels at 0 (2) and 1 (6). q = 0.5: cell 0, lattice floor(1.0) = 1. q = -0.5: cell -1 is a
// miss, lattice floor(0) = 0.
TEST(OraclePoints, NearestHasTwoModes) {
  const Sparse voxels{line({0, 1}), column({2, 6})};
  const Points points = on_line({0.25F, 0.5F, -0.5F, 1.75F, 1e30F});
  EXPECT_EQ(devoxelize_nearest(points, voxels, {}).v, (Values{2, 2, 0, 6, 0}));
  // The lattice rows of y and z are floor(0.5) = 0; 1.75 goes to 2, a miss.
  EXPECT_EQ(devoxelize_nearest(points, voxels, {}, NearestMode::kLattice).v,
            (Values{2, 6, 2, 0, 0}));
}

// x=0.25: 0.75*2 + 0.25*6 = 3. x=1.5: 0.5*6 = 3, renormalized 6. (0, 0.5, 0): 0.5*2 = 1,
// renormalized 2. x=-1.5 meets nothing.
TEST(OraclePoints, Linear) {
  const Sparse voxels{line({0, 1}), column({2, 6})};
  Points points = on_line({0.25F, 1.5F, 0.0F, -1.5F});
  points.xyz[2] = {0, 0.5F, 0};
  EXPECT_EQ(devoxelize_linear(points, voxels, {}).v, (Values{3, 3, 1, 0}));
  EXPECT_EQ(devoxelize_linear(points, voxels, {}, true).v, (Values{3, 6, 2, 0}));
}

// All eight corners with value x + 2y + 4z interpolate to that plane: at (.5, .25, .75) it is
// .5 + .5 + 3 = 4.
TEST(OraclePoints, LinearReproducesAPlane) {
  Sparse voxels;
  for (int64_t x : {0, 1}) {
    for (int64_t y : {0, 1}) {
      for (int64_t z : {0, 1}) {
        voxels.coords.push_back({0, x, y, z});
        voxels.feats.v.push_back(static_cast<double>(x + 2 * y + 4 * z));
      }
    }
  }
  voxels.feats.rows = 8;
  voxels.feats.channels = 1;
  const Points points{{{0.5F, 0.25F, 0.75F}}, {0}};
  EXPECT_EQ(devoxelize_linear(points, voxels, {}).v, (Values{4}));
}

TEST(OraclePoints, APointOnALatticePlaneDoesNotTouchTheOtherSide) {
  const Sparse voxels{line({0, 1}), column({2, std::numeric_limits<double>::quiet_NaN()})};
  EXPECT_EQ(devoxelize_linear(on_line({0.0F}), voxels, {}).v, (Values{2}));
}

TEST(OraclePoints, BatchesAndDroppedPoints) {
  const Sparse voxels{{{0, 0, 0, 0}, {1, 0, 0, 0}}, column({2, 6})};
  const Points points{{{0, 0, 0}, {0, 0, 0}, {kFloatNaN, 0, 0}}, {1, 0, 0}};
  EXPECT_THROW(devoxelize_nearest(points, voxels, {}), std::invalid_argument);
  EXPECT_EQ(devoxelize_nearest(points, voxels, {}, NearestMode::kCell, NonFinite::kDrop).v,
            (Values{6, 2, 0}));
  EXPECT_EQ(devoxelize_linear(points, voxels, {}, false, NonFinite::kDrop).v, (Values{6, 2, 0}));
}

TEST(OraclePoints, NoPoints) {
  const Voxelized v = voxelize({}, {0, 3, {}}, {}, VoxelReduction::kMean);
  EXPECT_TRUE(v.voxels.coords.empty());
  EXPECT_EQ(v.voxels.feats.channels, 3);
}

}  // namespace
}  // namespace voxloom_oracle
