// Packed weights: every convolution on codes equals the oracle on the dequantized weight.

#include "conv/cases.h"
#include "voxloom/dense.h"

namespace voxloom::test {
namespace {

// The values that the codes stand for, as the oracle's weight.
oracle::Weight values_of(const QuantizedWeight& packed, std::int64_t out_channels) {
  const Tensor dense = dequantize(packed);
  return oracle::weight_from(oracle::WeightLayout::kKernelMajor,
                             {packed.kernel_volume(), 1, packed.in_channels, out_channels},
                             to_doubles(dense));
}

struct PackedParameters {
  Parameters values;
  QuantizedWeight packed;
};

PackedParameters random_packed(oracle::Random& random, std::int64_t volume, std::int64_t in,
                               std::int64_t out, const QuantizeOptions& options, DType dtype) {
  PackedParameters p{random_parameters(random, {volume, 1, in, out}, dtype), {}};
  const Tensor dense = to_tensor(p.values.weight.v, {volume, in, out});
  p.packed = quantize(dense, options);
  p.values.weight = values_of(p.packed, out);
  return p;
}

// Calls body(options) for every storage of the contract.
template <typename Body>
void for_each_packing(const Body& body) {
  for (const int bits : {4, 8}) {
    for (const int group_size : {32, 64, 128}) {
      for (const DType scale : {DType::f16, DType::f32}) {
        SCOPED_TRACE(fmt::format("int{}, group {}, {} scales", bits, group_size, name_of(scale)));
        body(QuantizeOptions{.bits = bits, .group_size = group_size, .scale_dtype = scale});
      }
    }
  }
}

TEST(Packed, EveryPackingAndChannelCount) {
  for_each_packing([](const QuantizeOptions& options) {
    for (const std::int64_t channels : {1, 3, 7, 33, 64, 130}) {
      oracle::Random random(static_cast<std::uint64_t>(channels));
      const Input in = random_input(random, {.count = 25, .extent = {4, 4, 4}}, channels);
      const PackedParameters p = random_packed(random, 27, channels, 9, options, DType::f32);
      const SparseTensor y = subm_conv3d(in.x, p.packed, p.values.bias_tensor);
      const auto map = oracle_map(in.x.coords(), in.x.coords(), {}, oracle::Direction::kForward);
      expect_conv(y, to_coords(in.x.coords()), map, in.features, p.values,
                  fmt::format("{} channels", channels));
    }
  });
}

TEST(Packed, EveryForm) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    oracle::Random random(40);
    const Input in = random_input(random, {.count = 40, .extent = {6, 6, 6}}, 33, dtype, 2);
    const PackedParameters p = random_packed(random, 8, 33, 5, {.bits = 4}, dtype);
    const auto check = [&](const SparseTensor& y, const KernelSpec& k,
                           oracle::Direction direction) {
      const auto map = oracle_map(in.x.coords(), y.coords(), k, direction);
      expect_conv(y, to_coords(y.coords()), map, in.features, p.values, describe(k));
    };
    const KernelSpec down{.kernel_size = 2, .stride = 2};
    const KernelSpec up{.kernel_size = 2, .stride = 2, .origin = Origin::corner};
    const Tensor& bias = p.values.bias_tensor;
    check(conv3d(in.x, p.packed, bias, {.kernel_size = 2, .stride = 2}), down,
          oracle::Direction::kForward);
    const SparseTensor coarse(
        CoordinateSet::from_rows(std::vector<Coordinate>{{0, 2, 1, 0}, {0, 0, 0, 0}},
                                 {.stride = 4}),
        Tensor::zeros({2, 1}, dtype));
    check(conv3d(in.x, p.packed, bias, {.kernel_size = 2, .stride = 2, .target = coarse}), down,
          oracle::Direction::kForward);
    check(conv_transpose3d(in.x, p.packed, bias), up, oracle::Direction::kTransposed);
    check(generative_conv_transpose3d(in.x, p.packed, bias), up, oracle::Direction::kTransposed);
    const SparseTensor fine(
        CoordinateSet::from_rows(std::vector<Coordinate>{{0, 9, 9, 9}, {0, 1, 0, 1}}),
        Tensor::zeros({2, 1}, dtype));
    check(conv_transpose3d(in.x, p.packed, bias, {.target = fine}), up,
          oracle::Direction::kTransposed);

    const SparseTensor normalized = normalized_conv_transpose3d(in.x, p.packed, bias);
    const auto map =
        oracle_map(in.x.coords(), normalized.coords(), up, oracle::Direction::kTransposed);
    const auto expected =
        oracle::normalized_conv(map, in.features, p.values.weight, p.values.bias, 1e-8, true);
    expect_within(normalized.features(), expected.value.v, expected.bounds(), "normalized");
  }
}

TEST(Packed, FormsOnOtherMaps) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    oracle::Random random(43);
    const Input in = random_input(random, {.count = 40, .extent = {6, 6, 6}}, 33, dtype, 2);
    const auto coords = to_coords(in.x.coords());
    const PackedParameters three = random_packed(random, 27, 33, 5, {.group_size = 32}, dtype);
    const Tensor& bias = three.values.bias_tensor;
    const KernelSpec cube{.kernel_size = 3};
    const auto map_to = [&](const SparseTensor& y, const KernelSpec& k) {
      return oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward);
    };

    const SparseTensor grown = conv3d(in.x, three.packed, bias, {.support = Support::reachable});
    expect_conv(grown, oracle::reachable_support(coords, to_offsets(cube), to_geometry(cube)),
                map_to(grown, cube), in.features, three.values, "reachable");

    const SparseTensor on_map = conv_on_map(in.x, three.packed, bias, subm_conv3d_map(in.x));
    expect_conv(on_map, coords, map_to(on_map, cube), in.features, three.values, "conv_on_map");

    const KernelSpec down{.kernel_size = 2, .stride = 2};
    const PackedParameters two = random_packed(random, 8, 33, 5, {.bits = 4}, dtype);
    const CoordinateSet fine = transposed_support(in.x.coords(), down);
    const SparseTensor back = inverse_conv3d(in.x, two.packed, two.values.bias_tensor,
                                             forward_map(fine, in.x.coords(), down));
    expect_conv(back, to_coords(fine),
                oracle::swapped(oracle_map(fine, in.x.coords(), down, oracle::Direction::kForward)),
                in.features, two.values, "inverse");

    const auto expect_normalized = [&](const SparseTensor& y, const oracle::KernelMap& map,
                                       const Parameters& p, const std::string& what) {
      const auto expected = oracle::normalized_conv(map, in.features, p.weight, p.bias);
      expect_within(y.features(), expected.value.v, expected.bounds(), what);
    };
    expect_normalized(normalized_subm_conv3d(in.x, three.packed, bias), map_to(on_map, cube),
                      three.values, "normalized submanifold");
    const SparseTensor generated =
        normalized_generative_conv_transpose3d(in.x, two.packed, two.values.bias_tensor);
    const KernelSpec up{.kernel_size = 2, .stride = 2, .origin = Origin::corner};
    expect_normalized(
        generated,
        oracle_map(in.x.coords(), generated.coords(), up, oracle::Direction::kTransposed),
        two.values, "normalized generative");
  }
}

TEST(Packed, PointwiseAndLinearAgree) {
  oracle::Random random(41);
  const Input in = random_input(random, {.count = 40, .extent = {6, 6, 6}}, 70);
  const PackedParameters p = random_packed(random, 1, 70, 12, {.group_size = 32}, DType::f32);
  const Tensor& bias = p.values.bias_tensor;
  const auto map =
      oracle_map(in.x.coords(), in.x.coords(), {.kernel_size = 1}, oracle::Direction::kForward);
  const SparseTensor y = conv3d(in.x, p.packed, bias, {.kernel_size = 1});
  expect_conv(y, to_coords(in.x.coords()), map, in.features, p.values, "pointwise");
  expect_conv(in.x.with_features(linear(in.x.features(), p.packed, bias)), to_coords(in.x.coords()),
              map, in.features, p.values, "linear");
}

TEST(Packed, Refusals) {
  const SparseTensor x =
      sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}}, Tensor::zeros({1, 64}, DType::f32));
  const QuantizedWeight packed = quantize(Tensor::zeros({27, 64, 8}, DType::f32));
  EXPECT_NO_THROW((void)subm_conv3d(x, packed, {}));
  expect_throws<std::invalid_argument>([&] { (void)subm_conv3d(x, packed, {}, {.groups = 2}); },
                                       "packed weights need groups = 1, got 2");
  expect_throws<std::invalid_argument>(
      [&] { (void)subm_conv3d(x, packed, {}, {.kernel_size = 5}); },
      "packed weight of volume 27 and 64 input channels does not match");
  QuantizedWeight truncated = packed;
  truncated.codes = packed.codes.rows(0, 26);
  EXPECT_THROW((void)subm_conv3d(x, truncated, {}), std::invalid_argument);
}

}  // namespace
}  // namespace voxloom::test
