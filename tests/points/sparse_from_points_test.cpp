// sparse_from_points: rows that may repeat.

#include "points/cases.h"

namespace voxloom::test {
namespace {

TEST(SparseFromPoints, AgreesWithVoxelizeOnWholeNumbers) {
  oracle::Random random(61);
  std::vector<std::int32_t> rows;
  oracle::Points points;
  for (int i = 0; i < 400; ++i) {
    std::array<float, 3> p{};
    rows.push_back(static_cast<std::int32_t>(random.integer(0, 2)));
    points.batch.push_back(rows.back());
    for (float& v : p) {
      rows.push_back(static_cast<std::int32_t>(random.integer(-3, 3)));
      v = static_cast<float>(rows.back());
    }
    points.xyz.push_back(p);
  }
  const Tensor features = to_tensor(oracle::random_features(random, 400, 3));
  for (const Reduction reduction :
       {Reduction::sum, Reduction::mean, Reduction::max, Reduction::first, Reduction::count}) {
    const Voxelized a =
        sparse_from_points(Tensor::from(rows, {400, 4}), features, reduction, {.stride = 2});
    const Voxelized b =
        voxelize(xyz_of(points), features, batch_of(points), {.reduction = reduction, .stride = 2});
    EXPECT_EQ(to_coords(a.tensor.coords()), to_coords(b.tensor.coords()));
    EXPECT_EQ(a.row_of_point, b.row_of_point);
    EXPECT_EQ(a.tensor.stride(), Triple(2));
    expect_exactly(a.tensor.features(), to_doubles(b.tensor.features()), "features");
  }
}

TEST(SparseFromPoints, HandWorkedAtBothEndsOfInt32) {
  constexpr std::int32_t kLow = std::numeric_limits<std::int32_t>::min();
  constexpr std::int32_t kHigh = std::numeric_limits<std::int32_t>::max();
  const Tensor rows =
      Tensor::from<std::int32_t>({1, kHigh, kLow, 0, 0, kLow, kHigh, 0, 1, kHigh, kLow, 0}, {3, 4});
  const Tensor features = to_tensor({kNan, 5, 7}, {3, 1});
  const Voxelized result = sparse_from_points(rows, features, Reduction::max, {.batch_size = 4});
  EXPECT_EQ(to_coords(result.tensor.coords()),
            (std::vector<oracle::Coord>{{0, kLow, kHigh, 0}, {1, kHigh, kLow, 0}}));
  EXPECT_EQ(result.row_of_point, (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(result.dropped, 0);
  EXPECT_EQ(result.tensor.batch_size(), 4);
  expect_exactly(result.tensor.features(), {5, kNan}, "a NaN wins");
}

TEST(SparseFromPoints, NoRows) {
  const Voxelized result = sparse_from_points(Tensor::zeros({0, 4}, DType::i32),
                                              Tensor::zeros({0, 3}, DType::bf16), Reduction::mean);
  EXPECT_EQ(result.tensor.rows(), 0);
  EXPECT_EQ(result.tensor.channels(), 3);
  EXPECT_EQ(result.tensor.batch_size(), 0);
}

TEST(SparseFromPoints, CountNeedsNoFeatures) {
  const Tensor rows = Tensor::from<std::int32_t>({0, 1, 2, 3, 0, 1, 2, 3}, {2, 4});
  expect_exactly(sparse_from_points(rows, {}, Reduction::count).tensor.features(), {2}, "count");
}

}  // namespace
}  // namespace voxloom::test
