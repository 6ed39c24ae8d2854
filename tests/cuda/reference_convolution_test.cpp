// The plain convolutions on the device, against binary64.

#include "cuda/convolution_cases.h"

namespace voxloom::test {
namespace {

void expect_all(const ConvProblem& p) {
  expect_forward(p, cuda::reference_forward);
  expect_data_gradient(p, cuda::reference_forward);
  expect_weight_gradient(p, cuda::reference_weight_gradient);
}

TEST(CudaReference, EveryTypeGroupAndChannelCount) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const Channels& c : {Channels{1, 1, 1}, {1, 3, 5}, {1, 16, 8}, {2, 3, 4}, {6, 1, 1}}) {
      expect_all({surface(150, 1), {}, c, dtype, 2});
    }
  }
}

TEST(CudaReference, StridedKernelsAndLists) {
  for (const KernelSpec& kernel : {KernelSpec{.kernel_size = 2, .stride = 2},
                                   {.kernel_size = 3, .stride = 2, .padding = 1},
                                   {.kernel_size = 1, .stride = 3},
                                   {.kernel_size = {5, 3, 3}, .dilation = 2},
                                   {.offsets = {{0, 0, 1}, {1, 0, 0}, {1, 0, 0}}}}) {
    expect_all({surface(200, 3), kernel, {1, 4, 6}, DType::f32, 4});
  }
}

TEST(CudaReference, NoRowsAndOneRow) {
  expect_all({CoordinateSet(), {}, {1, 2, 3}, DType::f32, 5});
  expect_all({CoordinateSet::from_rows(std::vector<Coordinate>{{3, -1, 2, 7}}),
              {},
              {1, 2, 3},
              DType::f16,
              6});
}

TEST(CudaReference, ChunksOfWeightGradients) {
  expect_weight_gradient({surface(2500, 7), {}, {1, 2, 2}, DType::f32, 8},
                         cuda::reference_weight_gradient);
}

TEST(CudaReference, EpilogueAndWiderResults) {
  const ConvProblem p(surface(100, 9), {}, {1, 4, 4}, DType::f16, 10);
  const cuda::KernelMap map = p.device_map(cuda::Side::coarse);
  const DeviceTensor x = p.upload(p.x), w = p.upload(p.w);
  const std::int64_t count = p.coarse.size() * 4;
  const std::vector<float> scale = {2, -1, 0.5F, 1}, shift = {0.25F, 0, -1, 3};
  const cuda::Array<float> scale_there = on_device(scale), shift_there = on_device(shift);
  oracle::Random random(11);
  const std::vector<double> residual = oracle::random_values(random, count);
  const DeviceTensor residual_there(to_tensor(residual, {count}, DType::f32));
  for (const auto rule :
       {cuda::Rectifier::none, cuda::Rectifier::relu, cuda::Rectifier::leaky_relu}) {
    DeviceTensor y({count}, DType::f32);
    cuda::reference_forward(
        {.map = map.view(),
         .x = x.data(),
         .x_dtype = p.dtype,
         .weight = p.view_of(w),
         .y = y.data(),
         .y_dtype = DType::f32,
         .epilogue = {scale_there.data(), shift_there.data(), residual_there.data(), rule, 0.125F}},
        kStream);
    ExactSums sums = p.forward();
    std::vector<double> bounds = sums.bounds();
    for (std::size_t i = 0; i < sums.value.size(); ++i) {
      const std::size_t c = i % 4;
      double& v = sums.value[i];
      bounds[i] = bounds[i] * std::fabs(scale[c]) + 1e-6;
      v = v * scale[c] + shift[c] + residual[i];
      if (v < 0 && rule == cuda::Rectifier::relu) v = 0;
      if (v < 0 && rule == cuda::Rectifier::leaky_relu) v *= 0.125;
    }
    expect_within(y.to_host(), sums.value, bounds, "y");
  }
}

}  // namespace
}  // namespace voxloom::test
