// Misuse is refused with the op's name, what was expected and what came.

#include "conv/cases.h"
#include "voxloom/algebra.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;

SparseTensor one_row(std::int64_t channels, Triple stride = 1) {
  return sparse_tensor(std::vector<Coordinate>{{0, 1, 2, 3}},
                       Tensor::zeros({1, channels}, DType::f32), {.stride = stride});
}

Tensor float_zeros(Shape shape) { return Tensor::zeros(std::move(shape), DType::f32); }

TEST(Refusals, TheMessageOfTheContract) {
  expect_throws<Invalid>(
      [] {
        (void)conv3d(one_row(16), float_zeros({32, 3, 3, 3, 15}), {});
      },
      "[conv3d] weight (32,3,3,3,15) does not match kernel_size (3,3,3) and 16 "
      "input channels: expected (C_out,3,3,3,16)");
}

TEST(Refusals, AWeightOfTheSameVolumeButAnotherShape) {
  const SparseTensor x = one_row(4);
  const ConvOptions options{.kernel_size = {3, 1, 5}};
  EXPECT_NO_THROW((void)conv3d(x, float_zeros({2, 3, 1, 5, 4}), {}, options));
  for (const Shape& shape :
       {Shape{2, 5, 1, 3, 4}, Shape{2, 1, 3, 5, 4}, Shape{2, 15, 1, 1, 4}, Shape{4, 3, 1, 5, 2}}) {
    expect_throws<Invalid>([&] { (void)conv3d(x, float_zeros(shape), {}, options); },
                           "expected (C_out,3,1,5,4)");
  }
}

TEST(Refusals, Weights) {
  const SparseTensor x = one_row(4);
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({27, 5, 2}), {});
      },
      "expected (27,4,C_out)");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({26, 4, 2}), {});
      },
      "expected (27,4,C_out)");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({2, 4}), {});
      },
      "rank 2 is for kernel volume 1");
  expect_throws<Invalid>([&] { (void)conv3d(x, float_zeros({27}), {}); }, "expected rank 2 to 5");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({27, 4, 2}), {}, {.groups = 2});
      },
      "expected (27,2,2,C_out/2)");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({27, 3, 1, 1}), {}, {.groups = 3});
      },
      "4 input channels do not split into 3 groups");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({3, 3, 3, 3, 2}), {}, {.groups = 2});
      },
      "3 output channels do not split into 2 groups");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, Tensor::zeros({27, 4, 2}, DType::f16), {});
      },
      "features are float32, the weight is float16");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({27, 4, 2}), float_zeros({3}));
      },
      "expected a bias of shape (2)");
  expect_throws<Invalid>(
      [&] {
        (void)conv3d(x, float_zeros({27, 4, 2}), {}, {.groups = 0});
      },
      "groups must be at least 1");
}

TEST(Refusals, Kernels) {
  const SparseTensor x = one_row(1);
  const auto conv = [&](const ConvOptions& options) {
    (void)conv3d(x, float_zeros({27, 1, 1}), {}, options);
  };
  expect_throws<Invalid>(
      [&] {
        conv({.kernel_size = {3, 0, 3}});
      },
      "kernel_size must be at least 1");
  expect_throws<Invalid>([&] { conv({.stride = 0}); }, "stride must be at least 1");
  expect_throws<Invalid>([&] { conv({.dilation = -1}); }, "dilation must be at least 1");
  expect_throws<Invalid>([&] { conv({.padding = -1}); }, "padding must not be negative");
  expect_throws<Invalid>([&] { conv({.kernel_size = 2000}); },
                         "too many offsets: at most 16777216, got kernel_size (2000,2000,2000)");
  expect_throws<Invalid>([&] { conv({.stride = 2, .support = Support::submanifold}); },
                         "stride 1 and padding 0");
  expect_throws<Invalid>([&] { conv({.bounds = Bounds{{0, 0, 0}, {1, 1, 1}}}); }, "bounds");
  expect_throws<Invalid>(
      [&] {
        (void)subm_conv3d(x, float_zeros({8, 1, 1}), {}, {.kernel_size = 2});
      },
      "[subm_conv3d] a submanifold kernel must be odd");
}

TEST(Refusals, NumbersThatAreNoEnum) {
  const SparseTensor x = one_row(1);
  const auto conv = [&](const ConvOptions& options) {
    (void)conv3d(x, float_zeros({options.kernel_size.x == 1 ? 1 : 27, 1, 1}), {}, options);
  };
  const auto support = static_cast<Support>(9);
  expect_throws<Invalid>([&] { conv({.support = support}); }, "[conv3d] unknown support number 9");
  expect_throws<Invalid>([&] { conv({.kernel_size = 1, .support = support}); },
                         "[conv3d] unknown support number 9");
  const auto origin = static_cast<Origin>(5);
  expect_throws<Invalid>([&] { conv({.origin = origin}); }, "[conv3d] unknown origin number 5");
  expect_throws<Invalid>(
      [&] {
        (void)conv_transpose3d(x, float_zeros({8, 1, 1}), {}, {.origin = origin});
      },
      "[conv_transpose3d] unknown origin number 5");
  const auto join = static_cast<Join>(6);
  expect_throws<Invalid>([&] { (void)add(x, x, {.join = join}); }, "unknown join number 6");
  expect_throws<Invalid>([&] { (void)add(x, one_row(1), {.join = join}); },
                         "unknown join number 6");
}

TEST(Refusals, BoundsInsideOut) {
  const SparseTensor x = one_row(1);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    Bounds bounds{{0, 0, 0}, {4, 4, 4}};
    bounds.lo[axis] = 5;
    expect_throws<Invalid>(
        [&] {
          (void)conv3d(x, float_zeros({27, 1, 1}), {},
                       {.support = Support::reachable, .bounds = bounds});
        },
        "are inside out");
    bounds.lo[axis] = 4;  // empty, which is no mistake
    EXPECT_EQ(reachable_support(x.coords(), {}, bounds).size(), 0);
  }
}

TEST(Refusals, ANegativeBatchCount) {
  expect_throws<Invalid>(
      [] {
        SparseTensor(one_row(1).coords(), float_zeros({1, 1}), -1);
      },
      "[sparse_tensor] batch_size must not be negative, got -1");
}

TEST(Refusals, StridesAndTargets) {
  const SparseTensor x = one_row(1, 3);
  const Tensor w = float_zeros({8, 1, 1});
  expect_throws<Invalid>([&] { (void)conv_transpose3d(x, w, {}); },
                         "stride (2,2,2) does not divide the input's stride (3,3,3)");
  expect_throws<Invalid>(
      [&] { (void)conv3d(x, w, {}, {.kernel_size = 2, .stride = 2, .target = x}); },
      "the target has stride (3,3,3), the output has stride (6,6,6)");
  const Tensor repeated = Tensor::from<std::int32_t>({0, 1, 1, 1, 0, 1, 1, 1}, {2, 4});
  expect_throws<Invalid>([&] { (void)conv3d(x, w, {}, {.kernel_size = 2, .target = repeated}); },
                         "rows 0 and 1 are the same coordinate (0,1,1,1)");
  const SparseTensor wide =
      sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}}, Tensor::zeros({1, 1}, DType::f32),
                    {.stride = 2'000'000'000});
  expect_throws<Invalid>([&] { (void)conv3d(wide, w, {}, {.kernel_size = 2, .stride = 2}); },
                         "does not fit 32 bits");
}

TEST(Refusals, GeneratedCoordinatesBeyondInt32) {
  const std::int32_t top = std::numeric_limits<std::int32_t>::max();
  const SparseTensor x = sparse_tensor(std::vector<Coordinate>{{0, top, 0, 0}},
                                       Tensor::zeros({1, 1}, DType::f32), {.stride = 2});
  expect_throws<Invalid>(
      [&] {
        (void)conv_transpose3d(x, float_zeros({8, 1, 1}), {});
      },
      "does not fit 32 bits");
  const Tensor w = float_zeros({27, 1, 1});
  ConvOptions options{.support = Support::reachable};
  expect_throws<Invalid>([&] { (void)conv3d(x, w, {}, options); }, "does not fit 32 bits");
  // Bounds clip before the check; look-ups beyond int32 are misses.
  options.bounds = Bounds{{0, -9, -9}, {std::int64_t{top} + 1, 9, 9}};
  EXPECT_EQ(conv3d(x, w, {}, options).rows(), 18);
  EXPECT_EQ(subm_conv3d(x, w, {}).rows(), 1);
}

TEST(Refusals, MapsOfOtherSets) {
  const SparseTensor x = one_row(1);
  const SparseTensor other =
      sparse_tensor(std::vector<Coordinate>{{0, 9, 9, 9}}, Tensor::zeros({1, 1}, DType::f32));
  const Tensor w = float_zeros({27, 1, 1});
  // Equal row counts do not make the sets equal.
  expect_throws<Invalid>([&] { (void)conv_on_map(other, w, {}, subm_conv3d_map(x)); },
                         "does not live on the map's source set");
  expect_throws<Invalid>([&] { (void)inverse_conv3d(other, w, {}, subm_conv3d_map(x)); },
                         "does not live on the forward map's output set");
}

}  // namespace
}  // namespace voxloom::test
