// Convolutions on the matrix units: the same bounds as the plain ones, tails of every tile included.

#include "cuda/convolution_cases.h"
#include "cuda/matrix_units.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

void matrix_forward(const cuda::ConvForward& p, cuda::Stream stream) {
  ASSERT_TRUE(cuda::suits_matrix_units(p));
  cuda::matrix_forward(p, stream);
}
void matrix_weight_gradient(const cuda::ConvWeightGradient& p, cuda::Stream stream) {
  ASSERT_TRUE(cuda::suits_matrix_units(p));
  cuda::matrix_weight_gradient(p, stream);
}

void expect_all(const ConvProblem& p) {
  expect_forward(p, matrix_forward);
  expect_data_gradient(p, matrix_forward);
  expect_weight_gradient(p, matrix_weight_gradient);
}

TEST(CudaMatrixUnits, EveryTileShape) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const Channels& c : {Channels{1, 16, 16}, {1, 64, 64}, {1, 48, 80}, {1, 64, 144}}) {
      expect_all({surface(130, 1), {}, c, dtype, 2});
    }
  }
}

TEST(CudaMatrixUnits, RowsAroundTheTile) {
  for (const std::int64_t rows : {1, 63, 64, 65}) {
    expect_all({surface(rows, 3), {}, {1, 32, 16}, DType::f16, 4});
  }
  expect_all({CoordinateSet(), {}, {1, 32, 16}, DType::f16, 5});
}

TEST(CudaMatrixUnits, StridedKernelsAndManyOffsets) {
  expect_all({surface(200, 6), {.kernel_size = 2, .stride = 2}, {1, 16, 16}, DType::f16, 7});
  expect_all({surface(90, 8), {.kernel_size = {5, 4, 2}}, {1, 16, 16}, DType::bf16, 9});
}

TEST(CudaMatrixUnits, WeightGradientsOfManySegments) {
  expect_weight_gradient({surface(2300, 10), {.kernel_size = {1, 1, 2}}, {1, 8, 8}, DType::f16, 11},
                         matrix_weight_gradient);
}

// A weight that is not finite meets its partners alone: rows without one stay numbers.
TEST(CudaMatrixUnits, MissingRowsMeetNoInfinity) {
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    ConvProblem p(surface(100, 12), {}, {1, 16, 16}, DType::f16, 13);
    p.w[2 * 16 * 16 + 5 * 16 + 3] = bad;  // offset 2, input channel 5, output channel 3
    const cuda::KernelMap map = p.device_map(cuda::Side::coarse);
    const DeviceTensor x = p.upload(p.x), w = p.upload(p.w);
    DeviceTensor y({p.coarse.size(), 16}, DType::f16);
    cuda::matrix_forward({.map = map.view(),
                          .x = x.data(),
                          .x_dtype = p.dtype,
                          .weight = p.view_of(w),
                          .y = y.data(),
                          .y_dtype = p.dtype},
                         kStream);
    const std::vector<std::int32_t> dense = p.map.dense();
    const std::vector<double> values = to_doubles(y.to_host());
    for (std::int64_t row = 0; row < p.coarse.size(); ++row) {
      for (std::int64_t o = 0; o < 16; ++o) {
        const bool meets = o == 3 && dense[static_cast<std::size_t>(row * 27 + 2)] >= 0;
        EXPECT_EQ(std::isfinite(values[static_cast<std::size_t>(row * 16 + o)]), !meets)
            << "row " << row << " channel " << o;
      }
    }
  }
}

// Sorted by mask, tiles need fewer products; each row's sum stays what it was, bit by bit.
TEST(CudaMatrixUnits, SumsDoNotDependOnTheOrderOfRows) {
  const ConvProblem p(surface(400, 14), {}, {1, 16, 16}, DType::f16, 15);
  const cuda::KernelMap map = p.device_map(cuda::Side::coarse);
  const DeviceTensor x = p.upload(p.x), w = p.upload(p.w);
  const auto run = [&](const cuda::MapView& view) {
    DeviceTensor y({p.coarse.size(), 16}, DType::f16);
    cuda::matrix_forward({.map = view,
                          .x = x.data(),
                          .x_dtype = p.dtype,
                          .weight = p.view_of(w),
                          .y = y.data(),
                          .y_dtype = p.dtype},
                         kStream);
    return y.to_host();
  };
  const Tensor expected = run(map.view());
  for (const std::int64_t segment : {64, 100, 1000}) {
    const cuda::KernelMap sorted = map.sorted_by_mask(segment, kStream);
    EXPECT_EQ(sorted.entry_count(kStream), p.map.size());
    EXPECT_TRUE(same_bits(run(sorted.view()), expected)) << segment;
  }
}

TEST(CudaMatrixUnits, SayWhatTheyCannotDo) {
  const cuda::WeightView w{nullptr, DType::f16, 27, 1, 16, 16, 256, 256, 16, 1};
  cuda::ConvForward p{.map = {.volume = 27}, .x_dtype = DType::f16, .weight = w};
  EXPECT_TRUE(cuda::suits_matrix_units(p));
  p.weight.in = 24;
  EXPECT_FALSE(cuda::suits_matrix_units(p));
  p.weight = w;
  p.weight.groups = 2;
  EXPECT_FALSE(cuda::suits_matrix_units(p));
  p.weight = w;
  p.map.volume = 343;
  EXPECT_FALSE(cuda::suits_matrix_units(p));
  p.map.volume = 27;
  p.x_dtype = DType::f32;
  EXPECT_FALSE(cuda::suits_matrix_units(p));
}

}  // namespace
}  // namespace voxloom::test
