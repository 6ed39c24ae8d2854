// The code of docs/concepts.md (blocks_test.cpp compares).
#include <gtest/gtest.h>
#include <voxloom/voxloom.h>

#include <algorithm>

namespace {

using namespace voxloom;

TEST(Concepts, TheWorkedExample) {
  const std::vector<Coordinate> rows = {{0, 1, 1, 0}, {0, 2, 1, 0}, {0, 2, 2, 0},
                                        {0, 4, 0, 0}, {0, 3, 3, 0}, {0, 0, 1, 0}};
  const SparseTensor x = sparse_tensor(rows, Tensor::from<float>({1, 2, 3, 4, 5, 6}, {6, 1}));
  const Tensor weight = Tensor::from<float>({0, 1, 2, 3, 4, 5, 6, 7, 8}, {9, 1, 1});

  const SubmConvOptions options{.kernel_size = {3, 3, 1}};
  const SparseTensor y = subm_conv3d(x, weight, {}, options);  // 48, 24, 58, 16, 20, 31
  const KernelMap map = subm_conv3d_map(x, options);           // 16 entries

  const std::vector<float> expected = {48, 24, 58, 16, 20, 31};
  EXPECT_TRUE(std::ranges::equal(y.features().span<float>(), expected));
  EXPECT_EQ(map.size(), 16);
  // The table of the figure, scripts/figures.py.
  EXPECT_EQ(map.dense(), (std::vector<std::int32_t>{
                             -1, 5,  -1, -1, 0, -1, -1, 1,  2,   //
                             -1, 0,  -1, -1, 1, 2,  -1, -1, -1,  //
                             0,  -1, -1, 1,  2, -1, -1, -1, 4,   //
                             -1, -1, -1, -1, 3, -1, -1, -1, -1,  //
                             2,  -1, -1, -1, 4, -1, -1, -1, -1,  //
                             -1, -1, -1, -1, 5, -1, -1, 0,  -1,
                         }));
}

TEST(Concepts, TheNumbersInTheText) {
  // One active cell, three dense 3x3x3 convolutions: 27, 125, 343 rows.
  SparseTensor x =
      sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}}, Tensor::full({1, 1}, DType::f32, 1.0F));
  const Tensor weight = Tensor::full({27, 1, 1}, DType::f32, 1.0F);
  for (const std::int64_t count : {27, 125, 343}) {
    x = conv3d(x, weight, {}, {.support = Support::reachable});
    EXPECT_EQ(x.rows(), count);
  }
  // Kernel 1, stride 2 on an odd input: the row is there, nothing contributes.
  const SparseTensor odd =
      sparse_tensor(std::vector<Coordinate>{{0, 1, 0, 0}}, Tensor::full({1, 1}, DType::f32, 1.0F));
  const SparseTensor y =
      conv3d(odd, Tensor::full({1, 1}, DType::f32, 1.0F), Tensor::full({1}, DType::f32, 0.5F),
             {.kernel_size = 1, .stride = 2});
  ASSERT_EQ(y.rows(), 1);
  EXPECT_EQ(y.features().span<float>()[0], 0.5F);
  // -3 belongs to -2 and not to -1.
  EXPECT_EQ(strided_support(CoordinateSet::from_rows(std::vector<Coordinate>{{0, -3, 0, 0}}), 2)[0],
            (Coordinate{0, -2, 0, 0}));
  // 2, 6 upsampled onto 0..3.
  const SparseTensor line =
      sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}, {0, 1, 0, 0}},
                    Tensor::from<float>({2, 6}, {2, 1}), {.stride = {2, 1, 1}});
  const auto target = CoordinateSet::from_rows(
      std::vector<Coordinate>{{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 2, 0, 0}, {0, 3, 0, 0}});
  const SparseTensor up = trilinear_upsample3d(line, {.stride = {2, 1, 1}, .target = target});
  EXPECT_TRUE(std::ranges::equal(up.features().span<float>(), std::vector<float>{2, 4, 6, 6}));
}

TEST(Concepts, PointsToVoxels) {
  const Tensor points =
      Tensor::from<float>({0.12F, 0.05F, 0, 0.18F, 0.02F, 0, -0.03F, 0, 0}, {3, 3});
  const Tensor intensity = Tensor::from<float>({0.2F, 0.6F, 0.9F}, {3, 1});
  const Voxelized v = voxelize(points, intensity, {}, {.grid = {.voxel_size = {0.1, 0.1, 0.1}}});
  // rows: (0,-1,0,0) with 0.9 and (0,1,0,0) with 0.4; row_of_point: 1, 1, 0
  EXPECT_EQ(v.tensor.coords()[0], (Coordinate{0, -1, 0, 0}));
  EXPECT_EQ(v.tensor.coords()[1], (Coordinate{0, 1, 0, 0}));
  EXPECT_FLOAT_EQ(v.tensor.features().span<float>()[0], 0.9F);
  EXPECT_FLOAT_EQ(v.tensor.features().span<float>()[1], 0.4F);
  EXPECT_EQ(v.row_of_point, (std::vector<std::int32_t>{1, 1, 0}));
}

}  // namespace
