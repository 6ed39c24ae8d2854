// The quantizer and its inverse, compared with the oracle's code by code.

#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "oracle/quant.h"
#include "oracle/random.h"
#include "support/oracle_bridge.h"
#include "support/same_bits.h"
#include "voxloom/weight.h"

namespace voxloom::test {
namespace {

struct Layout {
  oracle::WeightLayout layout;
  Triple kernel_size;
};

const std::vector<Layout> kLayouts = {
    {oracle::WeightLayout::kPointwise, 1},      {oracle::WeightLayout::kKernelMajor, 1},
    {oracle::WeightLayout::kConv5d, 1},         {oracle::WeightLayout::kKernelMajor, {3, 2, 1}},
    {oracle::WeightLayout::kConv5d, {1, 3, 2}}, {oracle::WeightLayout::kGrouped, {3, 2, 1}},
    {oracle::WeightLayout::kGrouped, 1},
};

Shape shape_of(const Layout& layout, const oracle::WeightShape& s) {
  const Triple& k = layout.kernel_size;
  switch (layout.layout) {
    case oracle::WeightLayout::kPointwise: return {s.c_out, s.c_in};
    case oracle::WeightLayout::kKernelMajor: return {s.volume, s.c_in, s.c_out};
    case oracle::WeightLayout::kGrouped: return {s.volume, 1, s.c_in, s.c_out};
    default: return {s.c_out, k.x, k.y, k.z, s.c_in};
  }
}

Shape packed_shape(const oracle::WeightShape& s, std::int64_t items) {
  return s.volume == 1 ? Shape{1, s.c_out, items} : Shape{s.volume, items, s.c_out};
}

void expect_packed(const oracle::Weight& w, const Layout& layout, DType dtype,
                   const QuantizeOptions& options) {
  const oracle::WeightShape& s = w.shape;
  const std::string what = fmt::format(
      "{} bits, groups of {}, scales {}, weight {} {}", options.bits, options.group_size,
      name_of(options.scale_dtype), to_string(shape_of(layout, s)), name_of(dtype));
  const oracle::QuantSpec spec{options.bits, options.group_size, options.scale_dtype == DType::f16};
  const oracle::QuantizedWeight expected = oracle::quantize(w, spec);
  const QuantizedWeight packed =
      quantize(to_tensor(oracle::weight_to(layout.layout, w), shape_of(layout, s), dtype), options);
  validate(packed);
  EXPECT_EQ(packed.in_channels, s.c_in) << what;
  EXPECT_EQ(packed.out_channels(), s.c_out) << what;
  EXPECT_EQ(packed.kernel_volume(), s.volume) << what;
  EXPECT_EQ(packed.codes.shape(), packed_shape(s, spec.words(s.c_in))) << what;
  EXPECT_EQ(packed.scales.shape(), packed_shape(s, spec.groups(s.c_in))) << what;
  const auto words = packed.codes.span<std::uint32_t>();
  EXPECT_EQ((std::vector<std::uint32_t>{words.begin(), words.end()}), expected.words) << what;
  EXPECT_EQ(to_doubles(packed.scales), expected.scales) << what;
  EXPECT_EQ(to_doubles(packed.biases), expected.biases) << what;
  const Tensor dense = dequantize(packed);
  EXPECT_EQ(dense.shape(), (Shape{s.volume, s.c_in, s.c_out})) << what;
  EXPECT_EQ(to_doubles(dense), oracle::dequantize(expected).v) << what;
}

TEST(Quantize, EveryPackingLayoutAndWidth) {
  oracle::Random random(111);
  for (const Layout& layout : kLayouts) {
    const Triple& k = layout.kernel_size;
    for (const std::int64_t in : {1, 3, 7, 33, 130}) {
      const oracle::WeightShape shape{std::int64_t{k.x} * k.y * k.z, 1, in, in == 33 ? 1 : 5};
      for (const int bits : {4, 8}) {
        for (const int group_size : {32, 64, 128}) {
          for (const DType scale_dtype : {DType::f16, DType::f32}) {
            oracle::Weight w = oracle::Weight::zeros(shape);
            w.v = oracle::random_values(random, shape.size(), 0.3);
            expect_packed(w, layout, DType::f32,
                          {.bits = bits, .group_size = group_size, .scale_dtype = scale_dtype});
          }
        }
      }
    }
  }
}

TEST(Quantize, StorageTypesOfTheWeight) {
  oracle::Random random(112);
  const oracle::WeightShape shape{6, 1, 40, 3};
  for (const DType dtype : {DType::f16, DType::bf16}) {
    oracle::Weight w = oracle::Weight::zeros(shape);
    w.v = oracle::random_values(random, shape.size(), 2.0, rounding_of(dtype));
    expect_packed(w, kLayouts[3], dtype, {.bits = 4, .group_size = 32});
  }
}

// Groups that meet each branch of the quantizer: constant, one-sided, tiny, all zero, with the
// larger edge below, above, and equal on both sides.
TEST(Quantize, TheBranchesOfTheFormula) {
  oracle::Random random(113);
  const auto draw = [&](double low, double high) {
    return oracle::round_to_f32(low + (high - low) * random.unit());
  };
  const std::vector<std::pair<double, double>> ranges = {
      {0, 0},    {0.7F, 0.7F},  {-0.7F, -0.7F}, {1, 2},     {-2, -1},       {-1, 0.1},
      {-0.1, 1}, {-1e-9, 1e-9}, {0, 1e-8},      {-1e-6, 0}, {100, 100.001}, {-30000, 30000}};
  for (const auto& [low, high] : ranges) {
    for (const std::int64_t in : {20, 32, 96}) {
      for (const int bits : {4, 8}) {
        oracle::Weight w = oracle::Weight::zeros({1, 1, in, 4});
        for (double& v : w.v) v = draw(low, high);
        w.v.front() = oracle::round_to_f32(low);
        w.v.back() = oracle::round_to_f32(high);
        expect_packed(w, kLayouts[0], DType::f32, {.bits = bits, .group_size = 32});
      }
    }
  }
}

TEST(Quantize, HandWorkedWords) {
  // 0..15 twice: scale -1, bias 15, so value v has code 15 - v; eight 4-bit codes in a word.
  std::vector<float> values(32);
  for (std::size_t i = 0; i < 32; ++i) values[i] = static_cast<float>(i % 16);
  const QuantizedWeight packed =
      quantize(Tensor::from(values, {1, 32}), {.bits = 4, .group_size = 32});
  EXPECT_EQ(to_doubles(packed.scales), (std::vector<double>{-1}));
  EXPECT_EQ(to_doubles(packed.biases), (std::vector<double>{15}));
  const auto words = packed.codes.span<std::uint32_t>();
  EXPECT_EQ((std::vector<std::uint32_t>{words.begin(), words.end()}),
            (std::vector<std::uint32_t>{0x89abcdefU, 0x01234567U, 0x89abcdefU, 0x01234567U}));
  EXPECT_EQ(to_doubles(dequantize(packed)), to_doubles(Tensor::from(values, {32})));
}

TEST(Quantize, NoChannels) {
  const QuantizedWeight no_input = quantize(Tensor::zeros({4, 0}, DType::f32));
  EXPECT_EQ(dequantize(no_input).shape(), (Shape{1, 0, 4}));
  const QuantizedWeight no_output = quantize(Tensor::zeros({2, 3, 0}, DType::f32));
  EXPECT_EQ(dequantize(no_output).shape(), (Shape{2, 3, 0}));
}

TEST(Quantize, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(114);
  const Tensor weight = to_tensor(oracle::random_values(random, 27 * 96 * 64), {27, 96, 64});
  expect_same_bits_at_every_thread_count([&] { return quantize(weight).codes; }, "codes");
  const QuantizedWeight packed = quantize(weight, {.bits = 4});
  expect_same_bits_at_every_thread_count([&] { return dequantize(packed); }, "dequantize");
}

TEST(QuantizeRefusals, Messages) {
  using Invalid = std::invalid_argument;
  const Tensor weight = Tensor::zeros({2, 32}, DType::f32);
  expect_throws<Invalid>([&] { (void)quantize(weight, {.bits = 5}); },
                         "[quantize] bits must be 4 or 8, got 5");
  expect_throws<Invalid>([&] { (void)quantize(weight, {.group_size = 48}); },
                         "[quantize] group_size must be 32, 64 or 128, got 48");
  expect_throws<Invalid>([&] { (void)quantize(weight, {.scale_dtype = DType::bf16}); },
                         "[quantize] scale_dtype must be float16 or float32, got bfloat16");
  expect_throws<Invalid>(
      [&] {
        (void)quantize(Tensor::zeros({2, 2, 2, 2}, DType::f32));
      },
      "[quantize] packed weights need groups = 1, got 2 groups in a weight of (2,2,2,2)");
  expect_throws<Invalid>(
      [&] { (void)quantize(Tensor::zeros({2}, DType::f32)); },
      "[quantize] expected (C_out,Kx,Ky,Kz,C_in), (K,1,C_in,C_out), (K,C_in,C_out) or "
      "(C_out,C_in), got (2)");
  expect_throws<Invalid>(
      [&] {
        (void)quantize(Tensor::zeros({2, 2}, DType::i32));
      },
      "[quantize] expected a float32, float16 or bfloat16 weight, got int32");
  expect_throws<Invalid>([&] { (void)quantize(Tensor{}); }, "got an undefined tensor");
  expect_throws<Invalid>(
      [&] {
        (void)quantize(Tensor::zeros({0, 2, 2}, DType::f32));
      },
      "[quantize] the kernel volume must be at least 1");
  expect_throws<Invalid>(
      [&] {
        (void)quantize(Tensor::from<float>({1, 1e6F}, {1, 2}));
      },
      "does not fit float16 scales");
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    expect_throws<Invalid>(
        [&] {
          (void)quantize(Tensor::from<float>({1, bad}, {1, 2}));
        },
        "[quantize] element 1 of the weight is not finite");
  }
}

}  // namespace
}  // namespace voxloom::test
