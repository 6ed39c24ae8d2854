// Tensors on memory that somebody else owns.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "support/oracle_bridge.h"
#include "voxloom/tensor.h"

namespace voxloom::test {
namespace {

TEST(Borrow, SharesTheOwnersMemoryAndKeepsItAlive) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4, 5, 6});
  const std::weak_ptr<std::vector<float>> watched = owner;
  float* const data = owner->data();
  Tensor tensor = Tensor::borrow(data, {2, 3}, std::move(owner));
  EXPECT_EQ(tensor.data<float>(), data);
  tensor.mutable_data<float>()[4] = 50;
  const Tensor row = tensor.rows(1, 2);
  tensor = {};
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(row.data<float>()[1], 50);
  const_cast<Tensor&>(row) = {};
  EXPECT_TRUE(watched.expired());
}

// An owner may be all deleter.
TEST(Borrow, AnOwnerThatPointsNowhereIsKeptToo) {
  std::vector<float> values(3);
  bool is_let_go = false;
  std::shared_ptr<const void> owner(static_cast<const void*>(nullptr),
                                    [&](const void*) { is_let_go = true; });
  Tensor tensor = Tensor::borrow(values.data(), {3}, std::move(owner));
  EXPECT_TRUE(tensor.defined());
  EXPECT_FALSE(is_let_go);
  tensor = {};
  EXPECT_TRUE(is_let_go);
}

TEST(Borrow, IsNeverUniqueSinceItsOwnerMayLook) {
  std::vector<float> values(3);
  EXPECT_FALSE(Tensor::borrow(values.data(), {3}, nullptr).is_unique());
  EXPECT_FALSE(
      Tensor::borrow(values.data(), {3}, std::make_shared<int>(0)).reshape({1, 3}).is_unique());
  EXPECT_TRUE(Tensor::borrow(values.data(), {3}, nullptr).clone().is_unique());
}

TEST(Borrow, ReadOnlyMemoryIsNotWritten) {
  const std::vector<float> values = {1, 2};
  Tensor tensor = Tensor::borrow(values.data(), {2}, nullptr);
  EXPECT_FALSE(tensor.is_writable());
  EXPECT_EQ(tensor.span<float>()[1], 2);
  expect_throws<std::invalid_argument>([&] { return tensor.mutable_data<float>(); }, "clone()");
  EXPECT_TRUE(tensor.clone().is_writable());
}

TEST(Borrow, RefusesWhatItCannotBe) {
  std::vector<float> values(3);
  expect_throws<std::invalid_argument>(
      [&] { return Tensor::borrow(static_cast<float*>(nullptr), {3}, nullptr); }, "null");
  expect_throws<std::invalid_argument>(
      [&] {
        return Tensor::borrow_bytes({.data = reinterpret_cast<std::byte*>(values.data()) + 1}, {2},
                                    DType::f32);
      },
      "aligned");
  expect_throws<std::invalid_argument>(
      [] { return Tensor::borrow_bytes(allocate(8), {3}, DType::f32); },
      "shape (3) of float32 takes 12 bytes, the buffer has 8");
  EXPECT_TRUE(Tensor::borrow(static_cast<float*>(nullptr), {0, 3}, nullptr).defined());
  const Device nowhere{.kind = static_cast<DeviceKind>(77)};
  expect_throws<std::invalid_argument>([&] { return Tensor::zeros({3}, DType::f32, nowhere); },
                                       "no device");
}

}  // namespace
}  // namespace voxloom::test
