// What the seam promises: one device per problem, nothing around it, a second backend gives the same.

#include <gtest/gtest.h>

#include "engine/checking_backend.h"
#include "engine/problems.h"
#include "voxloom/conv.h"
#include "voxloom/conv_gradients.h"
#include "voxloom/dense.h"

namespace voxloom::test {
namespace {

SparseTensor input(std::int64_t channels) {
  Random random(5);
  std::vector<Coordinate> rows;
  for (std::int32_t x = -4; x < 4; ++x) {
    for (std::int32_t y = 0; y < 6; ++y) rows.push_back({0, x, y, (x * y) % 3});
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  return sparse_tensor(rows, random_tensor(random, {count, channels}, DType::f32));
}

SparseTensor on_device(const SparseTensor& x) { return x.with_features(x.features().to(kChecked)); }

class Seam : public ::testing::Test {
 protected:
  Seam() {
    device_.offer<engine::ConvForward, engine::ConvWeightGradient, engine::ConvPointwise>();
    Random random(9);
    weight_ = random_tensor(random, {27, 6, 10}, DType::f32);
    bias_ = random_tensor(random, {10}, DType::f32);
  }

  CheckingDevice device_;
  Tensor weight_, bias_;
};

TEST_F(Seam, AConvolutionRunsOnAnotherBackendWithTheSameBits) {
  const SparseTensor x = input(6);
  const SparseTensor expected = subm_conv3d(x, weight_, bias_);
  const SparseTensor y = subm_conv3d(on_device(x), weight_.to(kChecked), bias_.to(kChecked));
  EXPECT_EQ(y.features().device(), kChecked);
  EXPECT_TRUE(same_bits(y.features().to(Device{}), expected.features()));
  EXPECT_EQ(device_.calls("conv_forward"), 1);
}

TEST_F(Seam, GradientsRunOnAnotherBackendWithTheSameBits) {
  const SparseTensor x = input(6);
  const KernelMap map = subm_conv3d_map(x);
  Random random(4);
  const Tensor dy = random_tensor(random, {x.rows(), 10}, DType::f32);
  const Tensor dx = conv_input_gradient(dy.to(kChecked), weight_.to(kChecked), map);
  EXPECT_TRUE(same_bits(dx.to(Device{}), conv_input_gradient(dy, weight_, map)));
  EXPECT_EQ(device_.calls("conv_forward"), 1);
  EXPECT_EQ(dx.device(), kChecked);
}

TEST_F(Seam, TwoDevicesInOneProblemAreAnErrorThatNamesBoth) {
  const SparseTensor x = input(6);
  expect_throws<std::invalid_argument>([&] { return subm_conv3d(on_device(x), weight_, bias_); },
                                       "two devices");
  expect_throws<std::invalid_argument>([&] { return subm_conv3d(x, weight_.to(kChecked), bias_); },
                                       "'other:0'");
}

TEST_F(Seam, AnotherDevicesMemoryIsNotReadOnTheHost) {
  const Tensor there = bias_.to(kChecked);
  expect_throws<std::invalid_argument>([&] { return there.data<float>(); }, "call to() first");
  expect_throws<std::invalid_argument>([&] { return there.raw(); }, "other:0");
  EXPECT_TRUE(same_bits(there.to(Device{}), bias_));
  EXPECT_TRUE(same_bits(there.clone().to(Device{}), bias_));
  EXPECT_EQ(there.clone().device(), kChecked);
}

TEST(Devices, OneThatIsNotThereIsAnError) {
  expect_throws<std::invalid_argument>(
      [] {
        return Tensor::empty({3}, DType::f32, {DeviceKind::cuda, 1});
      },
      "cuda:1");
}

TEST(Backends, TheReferenceStandsLastInEveryListOfChoices) {
  const engine::Backend& cpu = engine::cpu_backend();
  EXPECT_EQ(cpu.algorithms<engine::ConvForward>().back().name, engine::kReference);
  EXPECT_EQ(cpu.algorithms<engine::ConvWeightGradient>().back().name, engine::kReference);
  EXPECT_EQ(cpu.algorithms<engine::ConvPointwise>().back().name, engine::kReference);
  EXPECT_FALSE(cpu.machine().empty());
}

}  // namespace
}  // namespace voxloom::test
