// The same bits for any number of threads, whatever form, storage type or weight.

#include "conv/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

// `make` builds its own sets: maps made by one number of threads must not serve the next.
template <typename Make>
void expect_same_bits(const Make& make, const std::string& what) {
  Tensor expected;
  with_threads(1, [&] { expected = make(); });
  for (const int threads : {1, 2, 3, 5}) {
    Tensor y;
    with_threads(threads, [&] { y = make(); });
    EXPECT_TRUE(same_bits(y, expected)) << what << ", " << threads << " threads";
  }
}

// Enough rows for several blocks on each thread.
SparseTensor input(std::int64_t channels, DType dtype) {
  oracle::Random random(91);
  return random_input(random, {.count = 2500, .extent = {18, 18, 18}}, channels, dtype, 2).x;
}

Parameters parameters(std::int64_t volume, std::int64_t groups, std::int64_t in, std::int64_t out,
                      DType dtype) {
  oracle::Random random(92);
  return random_parameters(random, {volume, groups, in, out}, dtype);
}

class Determinism : public testing::TestWithParam<DType> {};

TEST_P(Determinism, Forms) {
  const Parameters three = parameters(27, 1, 19, 17, GetParam());
  const Parameters two = parameters(8, 1, 19, 17, GetParam());
  const auto check = [&](const auto& op, const std::string& what) {
    expect_same_bits([&] { return op(input(19, GetParam())).features(); }, what);
  };
  check(
      [&](const SparseTensor& x) { return subm_conv3d(x, three.weight_tensor, three.bias_tensor); },
      "submanifold");
  check(
      [&](const SparseTensor& x) {
        return conv3d(x, two.weight_tensor, two.bias_tensor, {.kernel_size = 2, .stride = 2});
      },
      "strided");
  check(
      [&](const SparseTensor& x) {
        return conv_transpose3d(x, two.weight_tensor, two.bias_tensor);
      },
      "transposed");
  check(
      [&](const SparseTensor& x) {
        return normalized_subm_conv3d(x, three.weight_tensor, three.bias_tensor);
      },
      "normalized");
}

TEST_P(Determinism, Groups) {
  for (const std::int64_t groups : {2, 20}) {
    const Parameters p = parameters(27, groups, 20, 20, GetParam());
    expect_same_bits(
        [&] {
          return subm_conv3d(input(20, GetParam()), p.weight_tensor, p.bias_tensor,
                             {.groups = static_cast<std::int32_t>(groups)})
              .features();
        },
        fmt::format("{} groups of 20 channels", groups));
  }
}

TEST_P(Determinism, PackedWeights) {
  const Parameters p = parameters(27, 1, 40, 17, DType::f32);
  const Tensor bias = p.bias_tensor.to(GetParam());
  for (const int bits : {4, 8}) {
    const QuantizedWeight packed = quantize(p.weight_tensor, {.bits = bits, .group_size = 32});
    expect_same_bits([&] { return subm_conv3d(input(40, GetParam()), packed, bias).features(); },
                     fmt::format("int{}", bits));
  }
}

INSTANTIATE_TEST_SUITE_P(EveryType, Determinism,
                         testing::Values(DType::f32, DType::f16, DType::bf16),
                         [](const auto& type) { return std::string(name_of(type.param)); });

}  // namespace
}  // namespace voxloom::test
