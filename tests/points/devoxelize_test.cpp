// devoxelize against the oracle and by hand.

#include <fmt/core.h>

#include "points/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

struct Voxels {
  SparseTensor tensor;
  oracle::Sparse sparse;
};

Voxels random_voxels(oracle::Random& random, const oracle::CoordOptions& where,
                     std::int64_t channels, DType dtype = DType::f32) {
  const auto coords = oracle::random_coords(random, where);
  auto features =
      oracle::random_features(random, oracle::row_count(coords), channels, rounding_of(dtype));
  return {SparseTensor(CoordinateSet::from_rows(to_rows(coords)), to_tensor(features, dtype)),
          {coords, std::move(features)}};
}

oracle::NonFinite policy_of(const DevoxelizeOptions& options) {
  return options.non_finite == NonFinite::drop ? oracle::NonFinite::kDrop
                                               : oracle::NonFinite::kError;
}

void expect_nearest(const oracle::Points& points, const Voxels& voxels, DevoxelizeOptions options) {
  for (const NearestMode mode : {NearestMode::cell, NearestMode::lattice}) {
    options.nearest = mode;
    const Tensor y = devoxelize(xyz_of(points), voxels.tensor, batch_of(points), options);
    const auto oracle_mode =
        mode == NearestMode::cell ? oracle::NearestMode::kCell : oracle::NearestMode::kLattice;
    const auto expected = oracle::devoxelize_nearest(points, voxels.sparse, to_oracle(options.grid),
                                                     oracle_mode, policy_of(options));
    expect_exactly(y, expected.v, "nearest");
    EXPECT_EQ(y.dtype(), voxels.tensor.dtype());
  }
}

void expect_linear(const oracle::Points& points, const Voxels& voxels, DevoxelizeOptions options) {
  options.interpolation = Interpolation::linear;
  for (const bool renormalize : {false, true}) {
    options.renormalize = renormalize;
    const auto run = [&](const oracle::Sparse& sparse) {
      return oracle::devoxelize_linear(points, sparse, to_oracle(options.grid), renormalize,
                                       policy_of(options));
    };
    const auto magnitude = run({voxels.sparse.coords, absolute(voxels.sparse.feats)});
    std::vector<double> bounds;
    for (const double m : magnitude.v) bounds.push_back(oracle::always_bound(0, m));
    const Tensor y = devoxelize(xyz_of(points), voxels.tensor, batch_of(points), options);
    expect_within(y, run(voxels.sparse).v, bounds, fmt::format("renormalize {}", renormalize));
  }
}

TEST(Devoxelize, EveryTypeGridAndMode) {
  oracle::Random random(71);
  const std::vector<Grid> grids = {{},
                                   {.voxel_size = {0.5, 0.7, 2}, .origin = {-1.25, 0.3, 0.125}}};
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const Grid& grid : grids) {
      const Voxels voxels = random_voxels(
          random, {.count = 150, .start = {-4, -4, -4}, .extent = {8, 8, 8}, .batches = {0, 2}}, 3,
          dtype);
      const auto points = random_points(
          random, {.count = 400, .batches = {0, 1, 2, 7}, .lattice_share = 0.3, .bad_share = 0.1});
      const DevoxelizeOptions options{.grid = grid, .non_finite = NonFinite::drop};
      expect_nearest(points, voxels, options);
      expect_linear(points, voxels, options);
    }
  }
}

TEST(Devoxelize, NoPointsNoVoxelsNoChannels) {
  oracle::Random random(72);
  for (const std::int64_t count : {0, 1, 9}) {
    const auto points = random_points(random, {.count = count});
    for (const std::int64_t channels : {0, 2}) {
      for (const std::int64_t rows : {0, 1, 40}) {
        const Voxels voxels = random_voxels(
            random, {.count = rows, .start = {-2, -2, -2}, .extent = {4, 4, 4}}, channels);
        expect_nearest(points, voxels, {});
        expect_linear(points, voxels, {});
      }
    }
  }
}

TEST(Devoxelize, BothEndsOfInt32) {
  oracle::Random random(73);
  const Voxels voxels = random_voxels(
      random, {.count = 60, .extent = {3, 3, 3}, .scatter = oracle::Scatter::kBothEnds}, 2);
  oracle::Points points;
  for (int i = 0; i < 200; ++i) {
    // Origin and voxel size bring the ends of int32 within reach of float32's step.
    std::array<float, 3> p{};
    for (float& v : p) v = static_cast<float>(random.integer(-9, 9)) / 2.0F;
    points.xyz.push_back(p);
    points.batch.push_back(0);
  }
  for (const double end : {-0x1p31, 0x1p31 - 1}) {
    const DevoxelizeOptions options{.grid = {.origin = {-end, -end, -end}}};
    expect_nearest(points, voxels, options);
    expect_linear(points, voxels, options);
  }
  const oracle::Points far{{{3e38F, 0, 0}, {-3e38F, 3e38F, 1}}, {0, 0}};
  expect_nearest(far, voxels, {.grid = {.voxel_size = {1e-300, 1, 1}}});
  expect_linear(far, voxels, {});
}

TEST(Devoxelize, HandWorked) {
  const SparseTensor voxels = sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}, {0, 1, 0, 0}},
                                            to_tensor({10, 20}, {2, 1}));
  const Tensor points = Tensor::from<float>({0.75F, 0, 0, 1.5F, 0, 0, -0.5F, 0, 0}, {3, 3});
  const auto read = [&](const DevoxelizeOptions& options) {
    return devoxelize(points, voxels, {}, options);
  };
  expect_exactly(read({}), {10, 20, 0}, "cells 0, 1, -1");
  expect_exactly(read({.nearest = NearestMode::lattice}), {20, 0, 10}, "lattice points 1, 2, 0");
  DevoxelizeOptions linear{.interpolation = Interpolation::linear};
  expect_exactly(read(linear), {17.5, 10, 5}, "missing corners count as 0");
  linear.renormalize = true;
  expect_exactly(read(linear), {17.5, 20, 10}, "divided by the weight present");
}

TEST(Devoxelize, APointOnALatticePlaneDoesNotTouchTheOtherSide) {
  const SparseTensor voxels = sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}, {0, 1, 0, 0}},
                                            to_tensor({3, kNan}, {2, 1}));
  const Tensor points = Tensor::from<float>({0, 0, 0, 0.5F, 0, 0}, {2, 3});
  for (const bool renormalize : {false, true}) {
    const Tensor y = devoxelize(
        points, voxels, {}, {.interpolation = Interpolation::linear, .renormalize = renormalize});
    expect_exactly(y, {3, kNan}, "NaN only along a weight above 0");
  }
}

TEST(Devoxelize, VoxelizeThenNearestGivesEachPointItsVoxel) {
  oracle::Random random(74);
  const auto points = random_points(random, {.count = 500, .batches = {0, 3}});
  const Grid grid{.voxel_size = {0.3, 0.7, 0.11}, .origin = {0.1, -2, 5}};
  const Tensor features = to_tensor(oracle::random_features(random, 500, 4));
  const Voxelized v = voxelize(xyz_of(points), features, batch_of(points), {.grid = grid});
  const Tensor y = devoxelize(xyz_of(points), v.tensor, batch_of(points), {.grid = grid});
  for (std::size_t i = 0; i < v.row_of_point.size(); ++i) {
    for (std::size_t c = 0; c < 4; ++c) {
      EXPECT_EQ(
          y.span<float>()[4 * i + c],
          v.tensor.features().span<float>()[static_cast<std::size_t>(v.row_of_point[i]) * 4 + c]);
    }
  }
}

TEST(Devoxelize, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(75);
  const Voxels voxels =
      random_voxels(random, {.count = 400, .start = {-4, -4, -4}, .extent = {8, 8, 8}}, 5);
  const auto points = random_points(random, {.count = 5000});
  const Tensor xyz = xyz_of(points);
  for (const Interpolation interpolation : {Interpolation::nearest, Interpolation::linear}) {
    expect_same_bits_at_every_thread_count(
        [&] { return devoxelize(xyz, voxels.tensor, {}, {.interpolation = interpolation}); },
        "devoxelize");
  }
}

}  // namespace
}  // namespace voxloom::test
