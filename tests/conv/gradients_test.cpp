// Data, weight and bias gradients against the oracle, over maps, groups, types and layouts.

#include "conv/cases.h"
#include "support/same_bits.h"
#include "voxloom/conv_gradients.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;

struct Problem {
  std::string name;
  KernelMap map;
  oracle::KernelMap expected;
};

Problem problem_of(const std::string& name, const CoordinateSet& in, const CoordinateSet& out,
                   const KernelSpec& kernel, oracle::Direction direction) {
  const KernelMap map = direction == oracle::Direction::kForward ? forward_map(in, out, kernel)
                                                                 : transposed_map(in, out, kernel);
  return {name, map, oracle_map(in, out, kernel, direction)};
}

CoordinateSet random_set(std::uint64_t seed, std::int64_t count = 300) {
  oracle::Random random(seed);
  return CoordinateSet::from_rows(to_rows(oracle::random_coords(
      random, {.count = count, .start = {-4, -4, -4}, .extent = {10, 10, 10}})));
}

std::vector<Problem> problems() {
  const CoordinateSet fine = random_set(1);
  const CoordinateSet coarse = strided_support(fine, 2);
  const KernelSpec three{.kernel_size = 3};
  const KernelSpec even{.kernel_size = {2, 3, 1}, .stride = 2, .padding = 1, .dilation = 2};
  const KernelSpec up{.kernel_size = 2, .stride = 2, .origin = Origin::corner};
  const KernelSpec list{.offsets = {{0, 0, 0}, {1, -2, 0}, {0, 0, 3}}};
  return {problem_of("submanifold", fine, fine, three, oracle::Direction::kForward),
          problem_of("strided", fine, coarse, even, oracle::Direction::kForward),
          problem_of("transposed", coarse, fine, up, oracle::Direction::kTransposed),
          problem_of("offsets", fine, fine, list, oracle::Direction::kForward)};
}

struct Data {
  oracle::Features x, dy;
  Tensor x_tensor, dy_tensor;
  Parameters p;

  Data(const Problem& problem, const oracle::WeightShape& shape, DType dtype) {
    oracle::Random random(41);
    x = oracle::random_features(random, problem.map.source().size(), shape.c_in,
                                rounding_of(dtype));
    dy = oracle::random_features(random, problem.map.target().size(), shape.c_out,
                                 rounding_of(dtype));
    x_tensor = to_tensor(x, dtype);
    dy_tensor = to_tensor(dy, dtype);
    p = random_parameters(random, shape, dtype);
  }
};

void check(const Problem& problem, std::int64_t groups, std::int64_t in, std::int64_t out,
           DType dtype) {
  const Data data(problem, {problem.map.volume(), groups, groups * in, groups * out}, dtype);
  const auto g = static_cast<std::int32_t>(groups);
  const std::string what =
      fmt::format("{} {} x ({} -> {}) {}", problem.name, groups, in, out, name_of(dtype));

  const oracle::FeatureSums dx = oracle::conv_dgrad(problem.expected, data.dy, data.p.weight);
  expect_within(conv_input_gradient(data.dy_tensor, data.p.weight_tensor, problem.map, g),
                dx.sums.value, dx.sums.zero_mean_bounds(), what + " input");
  const oracle::WeightSums dw = oracle::conv_wgrad(problem.expected, data.x, data.dy, groups);
  for (const DType result : {dtype, DType::f32}) {
    expect_within(conv_weight_gradient(data.x_tensor, data.dy_tensor, problem.map,
                                       {.groups = g, .dtype = result}),
                  dw.sums.value, dw.sums.zero_mean_bounds(), what + " weight");
  }
  const oracle::FeatureSums db = oracle::conv_dbias(data.dy);
  expect_within(conv_bias_gradient(data.dy_tensor), db.sums.value, db.sums.zero_mean_bounds(),
                what + " bias");
}

TEST(Gradients, EveryMap) {
  for (const Problem& problem : problems()) {
    for (const auto& [in, out] : {std::pair{1, 1}, {3, 16}, {16, 7}, {33, 40}}) {
      check(problem, 1, in, out, DType::f32);
    }
  }
}

TEST(Gradients, HalfStorage) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const Problem& problem : problems()) check(problem, 1, 16, 7, dtype);
  }
}

TEST(Gradients, Groups) {
  for (const Problem& problem : problems()) {
    for (const auto& [groups, in, out] :
         {std::tuple{2, 3, 5}, {4, 4, 4}, {16, 1, 1}, {33, 1, 1}, {5, 1, 3}}) {
      check(problem, groups, in, out, DType::f32);
      check(problem, groups, in, out, DType::f16);
    }
  }
}

TEST(Gradients, EmptySets) {
  const CoordinateSet none = CoordinateSet::from_rows(std::vector<Coordinate>{});
  const CoordinateSet some = random_set(2, 5);
  for (const auto& [in, out] : {std::pair{none, none}, {none, some}, {some, none}}) {
    check(problem_of("empty", in, out, {.kernel_size = 3}, oracle::Direction::kForward), 1, 4, 3,
          DType::f32);
  }
}

TEST(Gradients, EveryLayoutIsTheSameGradient) {
  const CoordinateSet set = random_set(3);
  const auto same = [&](const KernelSpec& kernel, const oracle::WeightShape& shape,
                        WeightLayout layout, oracle::WeightLayout expected, const Shape& dims) {
    const Problem problem = problem_of("", set, set, kernel, oracle::Direction::kForward);
    const Data data(problem, shape, DType::f32);
    const auto groups = static_cast<std::int32_t>(shape.groups);
    oracle::Weight grouped{
        shape, to_doubles(conv_weight_gradient(data.x_tensor, data.dy_tensor, problem.map,
                                               {.groups = groups}))};
    const Tensor got = conv_weight_gradient(data.x_tensor, data.dy_tensor, problem.map,
                                            {.groups = groups, .layout = layout});
    EXPECT_EQ(got.shape(), dims);
    EXPECT_EQ(to_doubles(got), oracle::weight_to(expected, grouped));
  };
  const KernelSpec box{.kernel_size = {3, 1, 5}};
  same(box, {15, 1, 6, 4}, WeightLayout::kernel_major, oracle::WeightLayout::kKernelMajor,
       {15, 6, 4});
  same(box, {15, 2, 6, 4}, WeightLayout::output_major, oracle::WeightLayout::kConv5d,
       {4, 3, 1, 5, 3});
  same(box, {15, 6, 6, 6}, WeightLayout::depthwise, oracle::WeightLayout::kDepthwise, {15, 6});
  same({.kernel_size = 1}, {1, 1, 6, 4}, WeightLayout::pointwise, oracle::WeightLayout::kPointwise,
       {4, 6});
}

TEST(Gradients, LinearNeedsNoMap) {
  const CoordinateSet set = random_set(4);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Problem problem =
        problem_of("", set, set, {.kernel_size = 1}, oracle::Direction::kForward);
    const Data data(problem, {1, 1, 20, 9}, dtype);
    const Tensor w = to_tensor(oracle::weight_to(oracle::WeightLayout::kPointwise, data.p.weight),
                               {9, 20}, dtype);
    const oracle::FeatureSums dx = oracle::conv_dgrad(problem.expected, data.dy, data.p.weight);
    expect_within(linear_input_gradient(data.dy_tensor, w), dx.sums.value,
                  dx.sums.zero_mean_bounds(), "linear input");
    const oracle::WeightSums dw = oracle::conv_wgrad(problem.expected, data.x, data.dy);
    const auto turned = [&](const std::vector<double>& values) {
      return oracle::weight_to(oracle::WeightLayout::kPointwise, {dw.shape, values});
    };
    expect_within(linear_weight_gradient(data.x_tensor, data.dy_tensor), turned(dw.sums.value),
                  turned(dw.sums.zero_mean_bounds()), "linear weight");
  }
}

TEST(Gradients, PackedWeights) {
  const Problem problem = problems()[0];
  const Data data(problem, {27, 1, 40, 9}, DType::f32);
  const QuantizedWeight packed =
      quantize(data.p.weight_tensor.reshape({27, 40, 9}), {.bits = 8, .group_size = 32});
  EXPECT_EQ(to_doubles(conv_input_gradient(data.dy_tensor, packed, problem.map)),
            to_doubles(conv_input_gradient(data.dy_tensor, dequantize(packed), problem.map)));
}

TEST(Gradients, SameBitsAtEveryThreadCount) {
  const CoordinateSet set = random_set(5, 900);
  const Problem problem = problem_of("", set, set, {.kernel_size = 3}, oracle::Direction::kForward);
  const Data data(problem, {27, 1, 20, 33}, DType::f32);
  expect_same_bits_at_every_thread_count(
      [&] { return conv_input_gradient(data.dy_tensor, data.p.weight_tensor, problem.map); },
      "input");
  expect_same_bits_at_every_thread_count(
      [&] { return conv_weight_gradient(data.x_tensor, data.dy_tensor, problem.map); }, "weight");
  expect_same_bits_at_every_thread_count([&] { return conv_bias_gradient(data.dy_tensor); },
                                         "bias");
}

Tensor zeros(Shape shape, DType dtype = DType::f32) {
  return Tensor::zeros(std::move(shape), dtype);
}

TEST(GradientRefusals, InputGradient) {
  const CoordinateSet set = random_set(6, 10);
  const KernelMap map = forward_map(set, set, {.kernel_size = 3});
  const auto refuses = [&](const Tensor& dy, const Tensor& w, const std::string& text,
                           std::int32_t groups = 1) {
    expect_throws<Invalid>([&] { (void)conv_input_gradient(dy, w, map, groups); }, text);
  };
  refuses(zeros({9, 4}), zeros({27, 2, 4}), "[conv_input_gradient] expected dy with the 10 rows");
  refuses({}, zeros({27, 2, 4}), "expected features of shape (N,C)");
  refuses(zeros({10, 3}), zeros({27, 2, 4}), "dy has 3 channels, the weight gives 4");
  refuses(zeros({10, 4}), zeros({26, 2, 4}), "expected (27,2,C_out)");
  refuses(zeros({10, 4}), zeros({27, 2, 4}, DType::f16), "the weight is float16");
  refuses(zeros({10, 4}), {}, "the weight is undefined");
  refuses(zeros({10, 4}), zeros({4}), "expected rank 2 to 5");
  refuses(zeros({10, 4}), zeros({27, 2, 4}), "groups must be at least 1", 0);
  refuses(zeros({10, 4}), zeros({27, 3, 4}), "3 input channels do not split into 2 groups", 2);
}

TEST(GradientRefusals, WeightGradient) {
  const CoordinateSet set = random_set(6, 10);
  const KernelMap map = forward_map(set, set, {.kernel_size = 3});
  const KernelMap list = forward_map(set, set, {.offsets = {{0, 0, 0}}});
  const auto refuses = [&](const Tensor& x, const Tensor& dy, const std::string& text,
                           const ConvWeightGradientOptions& options = {}) {
    expect_throws<Invalid>([&] { (void)conv_weight_gradient(x, dy, map, options); }, text);
  };
  const Tensor x = zeros({10, 4}), dy = zeros({10, 6});
  refuses(zeros({9, 4}), dy, "[conv_weight_gradient] expected x with the 10 rows");
  refuses(x, zeros({11, 6}), "expected dy with the 10 rows");
  refuses(x, zeros({10, 6}, DType::f16), "x is float32, dy is float16");
  refuses(x, dy, "groups must be at least 1", {.groups = 0});
  refuses(x, dy, "6 channels of dy do not split into 4 groups", {.groups = 4});
  refuses(x, dy, "needs groups = 1, got 2", {.groups = 2, .layout = WeightLayout::kernel_major});
  refuses(x, dy, "one output channel per group", {.layout = WeightLayout::depthwise});
  refuses(x, dy, "needs kernel volume 1", {.layout = WeightLayout::pointwise});
  refuses(x, dy, "unknown weight layout number 9", {.layout = static_cast<WeightLayout>(9)});
  refuses(x, dy, "not float16", {.dtype = DType::f16});
  expect_throws<Invalid>(
      [&] { (void)conv_weight_gradient(x, dy, list, {.layout = WeightLayout::output_major}); },
      "not a list of offsets");
}

TEST(GradientRefusals, BiasAndLinear) {
  expect_throws<Invalid>([] { (void)conv_bias_gradient(zeros({4})); },
                         "[conv_bias_gradient] expected features of shape (N,C)");
  expect_throws<Invalid>(
      [] {
        (void)linear_weight_gradient(zeros({4, 2}), zeros({5, 2}));
      },
      "[linear_weight_gradient] x has 4 rows, dy has 5");
  expect_throws<Invalid>(
      [] {
        (void)linear_input_gradient(zeros({4, 2}), zeros({3, 2}));
      },
      "[linear_input_gradient] dy has 2 channels, the weight gives 3");
}

}  // namespace
}  // namespace voxloom::test
