// Tensors: shapes, sharing, conversions, and the refusal of what does not fit.

#include "voxloom/tensor.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "support/oracle_bridge.h"
#include "voxloom/error.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;

Tensor counted(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<std::int32_t>(i));
  return Tensor::from(values, shape);
}

std::vector<std::int32_t> integers(const Tensor& tensor) {
  const auto values = tensor.span<std::int32_t>();
  return {values.begin(), values.end()};
}

TEST(Tensor, RefusesShapesThatAreNone) {
  expect_throws<Invalid>(
      [] {
        (void)Tensor::empty({2, -1}, DType::f32);
      },
      "shape (2,-1) has a negative size");
  expect_throws<Invalid>([] { (void)counted({6}).reshape({-2, -3}); }, "has a negative size");
  constexpr std::int64_t kHalf = std::int64_t{1} << 62;
  expect_throws<ResourceError>([] { (void)Tensor::empty({kHalf, 2}, DType::u8); }, "does not fit");
  expect_throws<ResourceError>([] { (void)Tensor::empty({kHalf}, DType::f32); }, "does not fit");
}

TEST(Tensor, BytesMustBeThoseOfTheShape) {
  const std::vector<float> three = {1, 2, 3};
  expect_throws<Invalid>([&] { (void)Tensor::from(three, {4}); }, "takes 16 bytes, got 12");
  expect_throws<Invalid>([&] { (void)Tensor::from(three, {2}); }, "takes 8 bytes, got 12");
  EXPECT_EQ(Tensor::from(three, {3, 1}).shape(), (Shape{3, 1}));
  EXPECT_EQ(Tensor::from(std::vector<float>{}, {0, 7}).size(), 0);
}

TEST(Tensor, ReshapingKeepsEveryElement) {
  const Tensor x = counted({2, 3});
  EXPECT_EQ(integers(x.reshape({3, 1, 2})), integers(x));
  EXPECT_EQ(x.reshape({6}).raw(), x.raw()) << "shares";
  expect_throws<Invalid>([&] { (void)x.reshape({2, 2}); }, "has 6 elements");
  expect_throws<Invalid>([&] { (void)x.reshape({7}); }, "has 6 elements");
}

TEST(Tensor, RowsAreCutWithin) {
  const Tensor x = counted({4, 2});
  EXPECT_EQ(integers(x.rows(1, 3)), (std::vector<std::int32_t>{2, 3, 4, 5}));
  EXPECT_EQ(x.rows(4, 4).size(), 0);
  EXPECT_EQ(integers(x.rows(1, 4).rows(1, 2)), (std::vector<std::int32_t>{4, 5}));
  for (const auto& cut : {std::pair{0, 5}, {-1, 2}, {3, 2}, {5, 5}}) {
    expect_throws<Invalid>([&] { (void)x.rows(cut.first, cut.second); },
                           "of a tensor of shape (4,2)");
  }
  expect_throws<Invalid>([] { (void)counted({}).rows(0, 0); }, "of a tensor of shape ()");
  EXPECT_EQ(Tensor::empty({0, 3}, DType::f32).rows(0, 0).shape(), (Shape{0, 3}));
}

TEST(Tensor, SharesUntilCloned) {
  Tensor a = counted({3});
  EXPECT_TRUE(a.is_unique());
  const Tensor b = a;
  const Tensor c = a.clone();
  EXPECT_FALSE(a.is_unique());
  a.mutable_data<std::int32_t>()[0] = 9;
  EXPECT_EQ(integers(b)[0], 9);
  EXPECT_EQ(integers(c)[0], 0);
  EXPECT_FALSE(Tensor().clone().defined());
}

TEST(Tensor, TypesAndAxesAreChecked) {
  const Tensor x = counted({3});
  expect_throws<Invalid>([&] { (void)x.data<float>(); }, "holds int32, asked for float32");
  expect_throws<Invalid>([&] { (void)x.dim(1); }, "axis 1 of a tensor of shape (3)");
  expect_throws<Invalid>([&] { (void)x.to(DType::f32); }, "int32");
}

TEST(Tensor, ConvertsBetweenFloatTypes) {
  const Tensor x = Tensor::from<float>({1.00048828125F, -3, 70000}, {3});
  const Tensor half = x.to(DType::f16);
  EXPECT_EQ(half.dtype(), DType::f16);
  const std::vector<double> back = to_doubles(half);
  EXPECT_EQ(back[0], 1.0) << "half a step, to even";
  EXPECT_EQ(back[1], -3.0);
  EXPECT_EQ(back[2], std::numeric_limits<double>::infinity());
  EXPECT_EQ(x.to(DType::f32).raw(), x.raw()) << "shares";
}

TEST(Tensor, IsAlignedForEveryKernel) {
  for (const std::int64_t size : {1, 100, 1 << 20, 5 << 20}) {
    const Tensor x = Tensor::empty({size}, DType::u8);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.raw()) % 64, 0U);
  }
}

}  // namespace
}  // namespace voxloom::test
