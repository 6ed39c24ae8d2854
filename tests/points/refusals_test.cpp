// Misuse of the point ops is refused with the op's name, what was expected and what came.

#include "points/cases.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;

const Tensor kPoints = Tensor::zeros({2, 3}, DType::f32);
const Tensor kFeatures = Tensor::zeros({2, 5}, DType::f32);

SparseTensor voxels() {
  return sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}}, Tensor::zeros({1, 5}, DType::f32));
}

TEST(PointRefusals, Points) {
  for (const Tensor& points : {Tensor::zeros({2, 4}, DType::f32), Tensor::zeros({6}, DType::f32),
                               Tensor::zeros({2, 3}, DType::f64), Tensor{}}) {
    expect_throws<Invalid>([&] { (void)voxelize(points, kFeatures, {}); },
                           "[voxelize] expected points of shape (P,3) and type float32, got ");
    expect_throws<Invalid>([&] { (void)devoxelize(points, voxels(), {}); },
                           "[devoxelize] expected points of shape (P,3) and type float32, got ");
  }
}

TEST(PointRefusals, Batches) {
  for (const Tensor& batch : {Tensor::zeros({3}, DType::i32), Tensor::zeros({2, 1}, DType::i32),
                              Tensor::zeros({2}, DType::i64)}) {
    expect_throws<Invalid>([&] { (void)voxelize(kPoints, kFeatures, batch); },
                           "[voxelize] expected a batch of shape (2) and type int32, got ");
  }
  const Tensor negative = Tensor::from<std::int32_t>({0, -1}, {2});
  expect_throws<Invalid>([&] { (void)voxelize(kPoints, kFeatures, negative); },
                         "[voxelize] point 1 has a negative batch");
  expect_throws<Invalid>([&] { (void)devoxelize(kPoints, voxels(), negative); },
                         "[devoxelize] point 1 has a negative batch");
}

TEST(PointRefusals, Features) {
  for (const Tensor& features : {Tensor::zeros({3, 5}, DType::f32), Tensor::zeros({2}, DType::f32),
                                 Tensor::zeros({2, 5}, DType::i32)}) {
    expect_throws<Invalid>([&] { (void)voxelize(kPoints, features, {}); },
                           "[voxelize] expected features of shape (2,C)");
  }
  expect_throws<Invalid>([&] { (void)voxelize(kPoints, {}, {}); },
                         "[voxelize] only reduction count goes without features");
}

TEST(PointRefusals, Grids) {
  for (const double size : {0.0, -1.0, kNan, kInf}) {
    const Grid grid{.voxel_size = {1, size, 1}};
    expect_throws<Invalid>([&] { (void)voxelize(kPoints, kFeatures, {}, {.grid = grid}); },
                           "[voxelize] voxel_size must be finite and above 0");
    expect_throws<Invalid>([&] { (void)devoxelize(kPoints, voxels(), {}, {.grid = grid}); },
                           "[devoxelize] voxel_size must be finite and above 0");
  }
  const Grid grid{.origin = {0, 0, kInf}};
  expect_throws<Invalid>([&] { (void)voxelize(kPoints, kFeatures, {}, {.grid = grid}); },
                         "[voxelize] origin must be finite");
}

TEST(PointRefusals, PointsThatAreNotFinite) {
  for (const double value : {kNan, kInf, -kInf}) {
    const auto bad = static_cast<float>(value);
    const Tensor points = Tensor::from<float>({0, 0, 0, 0, 0, bad, bad, 0, 0}, {3, 3});
    const Tensor features = Tensor::zeros({3, 1}, DType::f32);
    expect_throws<Invalid>([&] { (void)voxelize(points, features, {}); },
                           "[voxelize] point 1 is not finite");
    expect_throws<Invalid>([&] { (void)devoxelize(points, voxels(), {}); },
                           "[devoxelize] point 1 is not finite");
  }
}

TEST(PointRefusals, Options) {
  expect_throws<Invalid>(
      [&] { (void)voxelize(kPoints, kFeatures, {}, {.reduction = static_cast<Reduction>(9)}); },
      "[voxelize] unknown reduction number 9");
  expect_throws<Invalid>(
      [&] {
        (void)voxelize(kPoints, kFeatures, {}, {.stride = {1, 0, 1}});
      },
      "[voxelize] stride must be at least 1, got (1,0,1)");
  expect_throws<Invalid>(
      [&] {
        (void)devoxelize(kPoints, voxels(), {}, {.interpolation = static_cast<Interpolation>(3)});
      },
      "[devoxelize] unknown interpolation number 3");
  expect_throws<Invalid>(
      [&] { (void)devoxelize(kPoints, voxels(), {}, {.nearest = static_cast<NearestMode>(3)}); },
      "[devoxelize] unknown nearest mode number 3");
  expect_throws<Invalid>(
      [&] { (void)voxelize(kPoints, kFeatures, {}, {.non_finite = static_cast<NonFinite>(4)}); },
      "[voxelize] unknown non_finite number 4");
  expect_throws<Invalid>(
      [&] { (void)devoxelize(kPoints, voxels(), {}, {.non_finite = static_cast<NonFinite>(4)}); },
      "[devoxelize] unknown non_finite number 4");
}

TEST(PointRefusals, SparseFromPoints) {
  constexpr std::string_view kOp = "[sparse_from_points] ";
  const auto make = [](const Tensor& rows, const CoordinateSetOptions& options = {}) {
    (void)sparse_from_points(rows, Tensor::zeros({1, 1}, DType::f32), Reduction::sum, options);
  };
  expect_throws<Invalid>(
      [&] {
        make(Tensor::zeros({1, 3}, DType::i32));
      },
      std::string(kOp) + "expected rows of shape (N,4) and type int32");
  expect_throws<Invalid>(
      [&] {
        make(Tensor::zeros({1, 4}, DType::i64));
      },
      std::string(kOp) + "expected rows of shape (N,4) and type int32");
  expect_throws<Invalid>(
      [&] {
        make(Tensor::from<std::int32_t>({-2, 0, 0, 0}, {1, 4}));
      },
      std::string(kOp) + "row 0 (-2,0,0,0) has a negative batch");
  const Tensor row = Tensor::from<std::int32_t>({3, 0, 0, 0}, {1, 4});
  expect_throws<Invalid>([&] { make(row, {.batch_size = 3}); },
                         std::string(kOp) + "batch_size 3 is too small: the largest batch is 3");
  // Trust changes nothing: rows are merged, so they are looked at.
  expect_throws<Invalid>([&] { make(row, {.batch_size = 3, .trusted = true}); },
                         std::string(kOp) + "batch_size 3 is too small: the largest batch is 3");
  expect_throws<Invalid>([&] { make(row, {.stride = -1}); },
                         std::string(kOp) + "stride must be at least 1");
}

}  // namespace
}  // namespace voxloom::test
