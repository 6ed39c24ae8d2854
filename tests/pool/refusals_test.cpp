// Misuse of pooling is refused with the op's name, what was expected and what came.

#include "pool/cases.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;

const std::int64_t kLow = std::numeric_limits<std::int32_t>::min();
const std::int64_t kHigh = std::numeric_limits<std::int32_t>::max();

TEST(PoolRefusals, Geometry) {
  const SparseTensor x = line_tensor({0}, {1}, 8);
  expect_throws<Invalid>(
      [&] {
        (void)pool3d(x, {.kernel_size = {2, 0, 2}});
      },
      "[pool3d] kernel_size must be at least 1, got (2,0,2)");
  expect_throws<Invalid>([&] { (void)pool3d(x, {.stride = -1}); },
                         "[pool3d] stride must be at least 1");
  expect_throws<Invalid>([&] { (void)pool3d(x, {.dilation = 0}); },
                         "[pool3d] dilation must be at least 1");
  expect_throws<Invalid>(
      [&] {
        (void)pool3d(x, {.padding = {0, 0, -1}});
      },
      "[pool3d] padding must not be negative");
  expect_throws<Invalid>([&] { (void)pool3d(x, {.mode = static_cast<PoolMode>(7)}); },
                         "[pool3d] unknown mode number 7");
  expect_throws<Invalid>([&] { (void)global_pool(x, static_cast<PoolMode>(7)); },
                         "[global_pool] unknown mode number 7");
  expect_throws<Invalid>([&] { (void)pool_transpose3d(x, {.kernel_size = 0}); },
                         "[pool_transpose3d] kernel_size must be at least 1");
  expect_throws<Invalid>([&] { (void)trilinear_upsample3d(x, {.stride = 0}); },
                         "[trilinear_upsample3d] stride must be");
  expect_throws<Invalid>([&] { (void)trilinear_upsample3d(x, {.stride = 512}); },
                         "[trilinear_upsample3d] the kernel has too many offsets");
  expect_throws<Invalid>(
      [&] {
        (void)trilinear_upsample3d(x, {.stride = {1, (1 << 30) + 1, 1}});
      },
      "[trilinear_upsample3d] stride must be from 1 to 2^30");
}

TEST(PoolRefusals, TransposedStrides) {
  const SparseTensor x = line_tensor({0}, {1}, 4);
  expect_throws<Invalid>([&] { (void)pool_transpose3d(x, {.stride = 3}); }, "[pool_transpose3d]");
  expect_throws<Invalid>(
      [&] {
        (void)trilinear_upsample3d(x, {.stride = {2, 3, 2}});
      },
      "[trilinear_upsample3d]");
  const CoordinateSet other = CoordinateSet::from_rows(to_rows(oracle::line({0})), {.stride = 4});
  expect_throws<Invalid>([&] { (void)pool_transpose3d(x, {.target = other}); },
                         "[pool_transpose3d] the target has stride (4,4,4), the output has stride "
                         "(2,2,2)");
  expect_throws<Invalid>([&] { (void)trilinear_upsample3d(x, {.target = other}); },
                         "[trilinear_upsample3d] the target has stride (4,4,4)");
  const Tensor rows = Tensor::zeros({2, 4}, DType::i32);
  expect_throws<Invalid>([&] { (void)pool_transpose3d(x, {.target = rows}); }, "rows 0 and 1");
  const Tensor flat = Tensor::zeros({4}, DType::i32);
  expect_throws<Invalid>([&] { (void)pool_transpose3d(x, {.target = flat}); }, "(N,4)");
}

TEST(PoolRefusals, GeneratedCoordinatesBeyondInt32) {
  for (const std::int64_t end : {kLow, kHigh}) {
    const SparseTensor x = line_tensor({end}, {1}, 2);
    expect_throws<Invalid>([&] { (void)pool_transpose3d(x); }, "does not fit 32 bits");
    expect_throws<Invalid>([&] { (void)trilinear_upsample3d(x); }, "does not fit 32 bits");
    EXPECT_NO_THROW((void)pool3d(x));
  }
  const SparseTensor wide = line_tensor({0}, {1}, {1 << 30, 1, 1});
  expect_throws<Invalid>([&] { (void)pool3d(wide, {.stride = 4}); }, "does not fit 32 bits");
}

TEST(PoolRefusals, Unpooling) {
  const SparseTensor x = line_tensor({0, 1, 2}, {1, 2, 3});
  const SparseTensor pooled = pool3d(x);
  expect_throws<Invalid>([&] { (void)max_unpool3d(x, pooled, {.mode = PoolMode::sum}); },
                         "[max_unpool3d] expected options of mode max");
  expect_throws<Invalid>([&] { (void)max_unpool3d(x, x); },
                         "[max_unpool3d] the target has stride (1,1,1), the output has stride "
                         "(2,2,2)");
  const SparseTensor wider = pooled.with_features(Tensor::zeros({2, 2}, DType::f32));
  expect_throws<Invalid>([&] { (void)max_unpool3d(x, wider); },
                         "[max_unpool3d] expected 1 pooled channels of float32, got 2 of float32");
  const SparseTensor half = pooled.with_features(Tensor::zeros({2, 1}, DType::f16));
  expect_throws<Invalid>([&] { (void)max_unpool3d(x, half); }, "got 1 of float16");
}

}  // namespace
}  // namespace voxloom::test
