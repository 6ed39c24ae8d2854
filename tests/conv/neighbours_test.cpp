// What a row becomes depends on its own neighbourhood alone, bit for bit: on a part of a scene, or
// beside another one, it is the same. Tiles (voxloom/tiles.h) rest on it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "voxloom/conv.h"
#include "voxloom/dense.h"

namespace voxloom::test {
namespace {

// Rows of channels whose sums round.
Tensor random_rows(const Shape& shape, unsigned seed) {
  Tensor tensor = Tensor::empty(shape, DType::f32);
  std::mt19937 engine(seed);
  for (float& value : tensor.mutable_span<float>()) {
    value = static_cast<float>(engine() % 20001) / 10000.0F - 1.0F;
  }
  return tensor;
}

// A random blob; `shift` moves it out of reach of the others.
std::vector<Coordinate> blob(std::int32_t shift, std::size_t sites, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<Coordinate> rows;
  for (std::int32_t i = 0; rows.size() < sites; ++i) {
    if (engine() % 2 == 0) rows.push_back({0, shift + i % 9, i / 9 % 9 - 4, i / 81});
  }
  return rows;
}

SparseTensor tensor_of(const std::vector<Coordinate>& rows, const Tensor& features) {
  return {CoordinateSet::from_rows(rows, {.batch_size = 1}), features};
}

void expect_first_rows(const Tensor& whole, const Tensor& part) {
  ASSERT_EQ(whole.dim(1), part.dim(1));
  const Tensor first = whole.rows(0, part.dim(0));
  EXPECT_TRUE(std::equal(part.raw(), part.raw() + part.bytes(), first.raw()));
}

SparseTensor cast(const SparseTensor& x, DType dtype) {
  return x.with_features(x.features().to(dtype));
}

// Each site of `part` is one of `whole`, with the same row.
void expect_same_sites(const SparseTensor& part, const SparseTensor& whole) {
  const std::size_t bytes = static_cast<std::size_t>(part.channels()) * sizeof(float);
  const auto sites = part.coords().rows();
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::int64_t row =
        whole.coords().find(sites[i].batch, sites[i].x, sites[i].y, sites[i].z);
    ASSERT_GE(row, 0);
    const std::byte* expected = whole.features().raw() + static_cast<std::size_t>(row) * bytes;
    const std::byte* actual = part.features().raw() + i * bytes;
    EXPECT_TRUE(std::equal(actual, actual + bytes, expected));
  }
}

TEST(Neighbours, FarOnesChangeNothing) {
  for (const std::int64_t channels : {3, 8, 16, 24, 40}) {
    for (const std::size_t sites : {1U, 7U, 100U, 301U}) {
      std::vector<Coordinate> rows = blob(0, sites, 1);
      const std::vector<Coordinate> far = blob(-500, 97, 2);
      rows.insert(rows.end(), far.begin(), far.end());
      const auto count = static_cast<std::int64_t>(sites);
      const Tensor features = random_rows({static_cast<std::int64_t>(rows.size()), channels}, 3);
      const Tensor weight = random_rows({27, channels, channels}, 4);
      const SparseTensor whole = tensor_of(rows, features);
      const SparseTensor part =
          tensor_of({rows.begin(), rows.begin() + count}, features.rows(0, count));
      expect_first_rows(subm_conv3d(whole, weight, {}).features(),
                        subm_conv3d(part, weight, {}).features());
      for (const DType dtype : {DType::f16, DType::bf16}) {
        expect_first_rows(subm_conv3d(cast(whole, dtype), weight.to(dtype), {}).features(),
                          subm_conv3d(cast(part, dtype), weight.to(dtype), {}).features());
      }
      const QuantizedWeight packed = quantize(weight, {.bits = 8, .group_size = 32});
      expect_first_rows(subm_conv3d(whole, packed, {}).features(),
                        subm_conv3d(part, packed, {}).features());
      const Tensor single = random_rows({27, channels}, 6);
      const SubmConvOptions depthwise{.groups = static_cast<std::int32_t>(channels)};
      expect_first_rows(subm_conv3d(whole, single, {}, depthwise).features(),
                        subm_conv3d(part, single, {}, depthwise).features());
      const ConvOptions down{.kernel_size = 3, .stride = 2};
      const SparseTensor coarse = conv3d(whole, weight, {}, down),
                         coarse_part = conv3d(part, weight, {}, down);
      expect_same_sites(coarse_part, coarse);
      const ConvTransposeOptions of_whole{.kernel_size = 3, .target = whole},
          of_part{.kernel_size = 3, .target = part};
      expect_first_rows(conv_transpose3d(coarse, weight, {}, of_whole).features(),
                        conv_transpose3d(coarse_part, weight, {}, of_part).features());
      const Tensor matrix = random_rows({channels + 1, channels}, 5);
      expect_first_rows(linear(whole.features(), matrix, {}), linear(part.features(), matrix, {}));
    }
  }
}

}  // namespace
}  // namespace voxloom::test
