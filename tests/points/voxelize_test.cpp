// voxelize against the oracle and by hand: cells, rows, reductions, points that are not finite.

#include <fmt/core.h>

#include "points/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

const std::vector<Grid> kGrids = {
    {},
    {.voxel_size = {0.5, 0.1, 2}, .origin = {-1.25, 0.3, 7}},
    {.voxel_size = {3, 0.7, 0.05}, .origin = {0, -1e3, 0.025}},
};

const std::vector<Reduction> kReductions = {Reduction::sum, Reduction::mean, Reduction::max,
                                            Reduction::first, Reduction::count};

oracle::VoxelReduction to_oracle_reduction(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum: return oracle::VoxelReduction::kSum;
    case Reduction::mean: return oracle::VoxelReduction::kMean;
    case Reduction::max: return oracle::VoxelReduction::kMax;
    case Reduction::first: return oracle::VoxelReduction::kFirst;
    default: return oracle::VoxelReduction::kCount;
  }
}

std::vector<std::int64_t> wide(const std::vector<std::int32_t>& rows) {
  return {rows.begin(), rows.end()};
}

void expect_voxelized(const oracle::Points& points, const oracle::Features& features, DType dtype,
                      const VoxelizeOptions& options) {
  const std::string what =
      fmt::format("reduction {} {} voxel size {}", static_cast<int>(options.reduction),
                  name_of(dtype), options.grid.voxel_size[1]);
  const Voxelized result =
      voxelize(xyz_of(points), to_tensor(features, dtype), batch_of(points), options);
  const auto policy =
      options.non_finite == NonFinite::drop ? oracle::NonFinite::kDrop : oracle::NonFinite::kError;
  const auto reduction = to_oracle_reduction(options.reduction);
  const auto expected =
      oracle::voxelize(points, features, to_oracle(options.grid), reduction, policy);
  EXPECT_EQ(to_coords(result.tensor.coords()), expected.voxels.coords) << what;
  EXPECT_TRUE(result.tensor.coords().is_canonical()) << what;
  EXPECT_EQ(wide(result.row_of_point), expected.point_row) << what;
  EXPECT_EQ(result.dropped, expected.dropped) << what;
  const auto magnitude =
      oracle::voxelize(points, absolute(features), to_oracle(options.grid), reduction, policy);
  std::vector<double> bounds;
  for (std::size_t i = 0; i < magnitude.voxels.feats.v.size(); ++i) {
    bounds.push_back(oracle::always_bound(0, magnitude.voxels.feats.v[i]));
  }
  expect_within(result.tensor.features(), expected.voxels.feats.v, bounds, what);
  const bool exact = options.reduction == Reduction::max || options.reduction == Reduction::first ||
                     options.reduction == Reduction::count;
  if (exact) expect_exactly(result.tensor.features(), expected.voxels.feats.v, what);
}

TEST(Voxelize, EveryReductionTypeAndGrid) {
  oracle::Random random(51);
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const Grid& grid : kGrids) {
      const auto points = random_points(random, {.count = 300, .batches = {1, 4, 4}});
      const auto features = oracle::random_features(random, 300, 3, rounding_of(dtype));
      for (const Reduction reduction : kReductions) {
        expect_voxelized(points, features, dtype, {.grid = grid, .reduction = reduction});
      }
    }
  }
}

TEST(Voxelize, DroppedPointsAndFeaturesThatAreNotFinite) {
  oracle::Random random(52);
  const auto points = random_points(random, {.count = 300, .batches = {0, 2}, .bad_share = 0.2});
  auto features = oracle::random_features(random, 300, 2);
  for (std::size_t i = 0; i < features.v.size(); i += 9) features.v[i] = i % 2 == 0 ? kNan : kInf;
  for (const Reduction reduction : kReductions) {
    expect_voxelized(
        points, features, DType::f32,
        {.grid = {.voxel_size = {2, 2, 2}}, .reduction = reduction, .non_finite = NonFinite::drop});
  }
}

TEST(Voxelize, NoPointsOnePointNoChannels) {
  oracle::Random random(53);
  for (const std::int64_t count : {0, 1, 50}) {
    for (const std::int64_t channels : {0, 2}) {
      const auto points = random_points(random, {.count = count});
      const auto features = oracle::random_features(random, count, channels);
      for (const Reduction reduction : kReductions) {
        expect_voxelized(points, features, DType::f32, {.reduction = reduction});
      }
    }
  }
}

// Four points: three in cell (-1,0,0), the last but one in (0,0,0).
const std::vector<float> kFour = {-0.5F, 0.5F, 0, -1, 0, 0.25F, 0, 0, 0, -0.001F, 0.9F, 0.9F};

TEST(Voxelize, HandWorked) {
  const Tensor points = Tensor::from(kFour, {4, 3});
  const Tensor features = to_tensor({4, 1, 8, 7}, {4, 1});
  const auto reduce = [&](Reduction reduction) {
    return voxelize(points, features, {}, {.reduction = reduction, .stride = {3, 2, 1}});
  };
  const Voxelized mean = reduce(Reduction::mean);
  EXPECT_EQ(to_coords(mean.tensor.coords()),
            (std::vector<oracle::Coord>{{0, -1, 0, 0}, {0, 0, 0, 0}}));
  EXPECT_EQ(mean.row_of_point, (std::vector<std::int32_t>{0, 0, 1, 0}));
  EXPECT_EQ(mean.tensor.stride(), Triple(3, 2, 1));
  EXPECT_EQ(mean.tensor.batch_size(), 1);
  expect_exactly(mean.tensor.features(), {4, 8}, "mean");
  expect_exactly(reduce(Reduction::sum).tensor.features(), {12, 8}, "sum");
  expect_exactly(reduce(Reduction::max).tensor.features(), {7, 8}, "max");
  expect_exactly(reduce(Reduction::first).tensor.features(), {4, 8}, "first");
  expect_exactly(reduce(Reduction::count).tensor.features(), {3, 1}, "count");
}

TEST(Voxelize, CountNeedsNoFeatures) {
  const Tensor points = Tensor::from(kFour, {4, 3});
  const Voxelized counted = voxelize(points, {}, {}, {.reduction = Reduction::count});
  EXPECT_EQ(counted.tensor.dtype(), DType::f32);
  expect_exactly(counted.tensor.features(), {3, 1}, "count");
  const Tensor half = Tensor::zeros({4, 9}, DType::f16);
  const Voxelized typed = voxelize(points, half, {}, {.reduction = Reduction::count});
  EXPECT_EQ(typed.tensor.dtype(), DType::f16);
  expect_exactly(typed.tensor.features(), {3, 1}, "count");
}

TEST(Voxelize, CellsAreWorkedOutInFloat64) {
  // 0.7F is 0.699999988: cell 6 of width 0.1, though float32 division would say 7.
  const Tensor points = Tensor::from<float>({0.7F, 0, 0}, {1, 3});
  const Voxelized result = voxelize(
      points, {}, {}, {.grid = {.voxel_size = {0.1, 1, 1}}, .reduction = Reduction::count});
  EXPECT_EQ(result.tensor.coords()[0].x, 6);
}

TEST(Voxelize, BothEndsOfInt32) {
  const float low = -0x1p31F;
  const float high = 2147483520.0F;  // the largest float32 below 2^31
  oracle::Points points{{{low, high, low}, {high, low, high}, {low, high, low}}, {0, 1, 0}};
  expect_voxelized(points, oracle::Features::filled(3, 1, 1.5), DType::f32, {});
  points.xyz[2][1] = 0x1p31F;
  expect_throws<std::invalid_argument>(
      [&] { (void)voxelize(xyz_of(points), {}, {}, {.reduction = Reduction::count}); },
      "[voxelize] the cell of point 2 at (-2147483648,2147483648,-2147483648) voxels does not fit "
      "32 bits");
  points.xyz[2] = {0, 0, std::numeric_limits<float>::max()};
  expect_throws<std::invalid_argument>(
      [&] {
        (void)voxelize(xyz_of(points), {}, {},
                       {.grid = {.voxel_size = {1, 1, 1e-300}}, .reduction = Reduction::count});
      },
      "does not fit 32 bits");
}

TEST(Voxelize, BatchCounts) {
  const Tensor points = Tensor::from<float>({0, 0, 0, static_cast<float>(kNan), 0, 0}, {2, 3});
  const Tensor batch = Tensor::from<std::int32_t>({1, 4}, {2});
  VoxelizeOptions options{.reduction = Reduction::count, .non_finite = NonFinite::drop};
  const Voxelized dropped = voxelize(points, {}, batch, options);
  EXPECT_EQ(dropped.tensor.batch_size(), 5) << "batch 4 came in, though its only point went";
  EXPECT_EQ(dropped.row_of_point, (std::vector<std::int32_t>{0, -1}));
  EXPECT_EQ(dropped.dropped, 1);
  options.batch_size = 9;
  EXPECT_EQ(voxelize(points, {}, batch, options).tensor.batch_size(), 9);
  options.batch_size = 4;
  expect_throws<std::invalid_argument>(
      [&] { (void)voxelize(points, {}, batch, options); },
      "[voxelize] batch_size 4 is too small: the largest batch is 4");
}

TEST(Voxelize, WithoutABatchAllPointsAreInTheFirst) {
  const Tensor points = Tensor::from<float>({0.5F, 0, 0, 3, 4, 5, 0.6F, 0, 0}, {3, 3});
  const Tensor features = Tensor::from<float>({1, 2, 3}, {3, 1});
  const Voxelized result = voxelize(points, features);
  EXPECT_EQ(result.tensor.batch_size(), 1);
  EXPECT_EQ(result.tensor.coords()[1], (Coordinate{0, 3, 4, 5}));
  expect_exactly(result.tensor.features(), {2, 2}, "mean");
  expect_exactly(devoxelize(points, result.tensor), {2, 2, 2}, "back");
}

// The first one is named, however many threads look.
TEST(Voxelize, NamesTheFirstPointWhoseCellIsBeyond32Bits) {
  Tensor points = Tensor::zeros({20000, 3}, DType::f32);
  for (const std::int64_t point : {9001, 9000, 19999}) {
    points.mutable_data<float>()[3 * point + 1] = -3e9F;
  }
  expect_throws<std::invalid_argument>(
      [&] { (void)voxelize(points, {}, {}, {.reduction = Reduction::count}); },
      "the cell of point 9000 at (0,-3000000000,0) voxels does not fit 32 bits");
}

TEST(Voxelize, AMillionPointsInOneCellLoseNothing) {
  constexpr std::int64_t kPoints = 1'000'000;
  oracle::Random random(54);
  std::vector<float> values;
  double sum = 0;
  for (std::int64_t i = 0; i < kPoints; ++i) {
    values.push_back(1.0F + static_cast<float>(random.unit()));
    sum += static_cast<double>(values.back());
  }
  const Tensor points = Tensor::zeros({kPoints, 3}, DType::f32);
  const Tensor features = Tensor::from(values, {kPoints, 1});
  const auto total = voxelize(points, features, {}, {.reduction = Reduction::sum});
  expect_within(total.tensor.features(), {sum}, {sum * 6e-8}, "sum");
  const auto mean = voxelize(points, features, {}, {.reduction = Reduction::mean});
  expect_within(mean.tensor.features(), {sum / 1e6}, {sum / 1e6 * 6e-8}, "mean");
}

TEST(Voxelize, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(55);
  const auto points = random_points(random, {.count = 30000, .reach = 3, .batches = {0, 1}});
  const Tensor xyz = xyz_of(points);
  const Tensor batch = batch_of(points);
  const Tensor features = to_tensor(oracle::random_features(random, 30000, 3));
  for (const Reduction reduction : kReductions) {
    for (const double size : {0.25, 100.0}) {
      const VoxelizeOptions options{.grid = {.voxel_size = {size, size, size}},
                                    .reduction = reduction};
      expect_same_bits_at_every_thread_count(
          [&] { return voxelize(xyz, features, batch, options).tensor.features(); }, "voxelize");
    }
  }
}

}  // namespace
}  // namespace voxloom::test
