// activate, exp, round: values in the tails and in the middle, NaN, infinities, every type.

#include <fmt/core.h>

#include "dense/cases.h"

namespace voxloom::test {
namespace {

struct Kind {
  Activation kind;
  oracle::Activation oracle_kind;
};

const std::vector<Kind> kKinds = {
    {Activation::relu, oracle::Activation::kRelu},
    {Activation::sigmoid, oracle::Activation::kSigmoid},
    {Activation::gelu, oracle::Activation::kGelu},
    {Activation::silu, oracle::Activation::kSilu},
    {Activation::leaky_relu, oracle::Activation::kLeakyRelu},
    {Activation::tanh, oracle::Activation::kTanh},
    {Activation::softplus, oracle::Activation::kSoftplus},
};

std::vector<double> inputs(DType dtype) {
  std::vector<double> values{0.0,  -0.0,  1.0,   -1.0,   0.5, 20.0, 20.5, -20.0, 88.0, -88.0,
                             95.0, -95.0, 120.0, -120.0, 1e4, -1e4, kNan, kInf,  -kInf};
  if (dtype != DType::f16) values.insert(values.end(), {1e20, -1e20, 1e-30, -1e-30});
  oracle::Random random(81);
  for (const double scale : {0.01, 1.0, 8.0, 30.0}) {
    const auto more = oracle::random_values(random, 200, scale);
    values.insert(values.end(), more.begin(), more.end());
  }
  return rounded(values, dtype);
}

// A few roundings of the result, more where the exponential magnifies those of its argument; the
// second term is the oracle's own cancellation in 1 + erf and 1 + tanh.
double bound_at(double x, double y) {
  if (!std::isfinite(x)) return 0.0;
  const double size = std::fmin(x * x, 1e4);
  return std::fabs(y) * (8 + 4 * size) * kUlp + 1e-15 * std::fmin(std::fabs(x), 1e4) + 1e-36;
}

void expect_activation(const Kind& kind, DType dtype, const ActivationOptions& options) {
  const std::vector<double> x = inputs(dtype);
  const oracle::ActivationParams params{
      static_cast<oracle::GeluApprox>(static_cast<int>(options.approximate)),
      static_cast<double>(options.alpha), static_cast<double>(options.beta),
      static_cast<double>(options.threshold)};
  std::vector<double> expected;
  std::vector<double> bounds;
  for (const double v : x) {
    expected.push_back(oracle::activate(kind.oracle_kind, v, params));
    bounds.push_back(bound_at(v, expected.back()));
  }
  expect_within(activate(column_tensor(x, dtype), kind.kind, options), expected, bounds,
                fmt::format("activation {} of {}", static_cast<int>(kind.kind), name_of(dtype)));
}

TEST(Activate, EveryKindAndType) {
  for (const DType dtype : kFeatureTypes) {
    for (const Kind& kind : kKinds) expect_activation(kind, dtype, {});
  }
}

TEST(Activate, Options) {
  const auto gelu = kKinds[2];
  const auto leaky_relu = kKinds[4];
  const auto softplus = kKinds[6];
  for (const GeluApprox approximate :
       {GeluApprox::none, GeluApprox::precise, GeluApprox::tanh, GeluApprox::fast}) {
    expect_activation(gelu, DType::f32, {.approximate = approximate});
  }
  expect_activation(leaky_relu, DType::f32, {.alpha = -0.3F});
  expect_activation(leaky_relu, DType::bf16, {.alpha = 0.0F});
  expect_activation(softplus, DType::f32, {.beta = 2.5F, .threshold = 3.0F});
  expect_activation(softplus, DType::f32, {.beta = 0.125F});
}

TEST(Activate, HandWorked) {
  const Tensor x = column_tensor({-2, 0, 3});
  EXPECT_EQ(to_doubles(activate(x, Activation::relu)), (std::vector<double>{0, 0, 3}));
  EXPECT_EQ(to_doubles(activate(x, Activation::leaky_relu, {.alpha = 0.5F})),
            (std::vector<double>{-1, 0, 3}));
  EXPECT_EQ(to_doubles(activate(column_tensor({0}), Activation::sigmoid))[0], 0.5);
  EXPECT_NEAR(to_doubles(activate(column_tensor({0}), Activation::softplus))[0], 0.69314718, 1e-7);
  EXPECT_NEAR(to_doubles(activate(column_tensor({1}), Activation::gelu))[0], 0.84134475, 1e-7);
}

TEST(Exp, AgainstTheOracle) {
  oracle::Random random(82);
  for (const DType dtype : kFeatureTypes) {
    const double scale = dtype == DType::f16 ? 10 : 80;
    const oracle::Features x = oracle::random_features(random, 50, 7, rounding_of(dtype));
    oracle::Features scaled = x;
    for (double& v : scaled.v) v = rounding_of(dtype)(v * scale);
    const auto expected = oracle::exp_values(scaled);
    std::vector<double> bounds;
    for (const double v : expected.v) bounds.push_back(4 * kUlp * v + 1e-37);
    expect_within(exp(to_tensor(scaled, dtype)), expected.v, bounds, "exp");
  }
  const std::vector<double> ends = to_doubles(exp(column_tensor({100, -200, kInf, -kInf, kNan})));
  EXPECT_EQ(ends[0], kInf);
  EXPECT_EQ(ends[1], 0.0);
  EXPECT_EQ(ends[2], kInf);
  EXPECT_EQ(ends[3], 0.0);
  EXPECT_TRUE(std::isnan(ends[4]));
}

TEST(Round, HalfToEven) {
  const std::vector<double> x{0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388607.5, 3e9, -7.2};
  const std::vector<double> expected{0, 2, 2, -0.0, -2, -2, 0, 8388608, 3e9, -7};
  EXPECT_EQ(to_doubles(round(column_tensor(x))), expected);
  EXPECT_EQ(to_doubles(round(column_tensor({2.5, 1023.5}, DType::f16))),
            (std::vector<double>{2, 1024}));
  const std::vector<double> ends = to_doubles(round(column_tensor({kInf, kNan})));
  EXPECT_EQ(ends[0], kInf);
  EXPECT_TRUE(std::isnan(ends[1]));
}

TEST(Elementwise, AnyShapeAndNoElements) {
  for (const Shape& shape : {Shape{0}, Shape{0, 4}, Shape{3, 0}, Shape{2, 3, 4}, Shape{}}) {
    const Tensor x = Tensor::zeros(shape, DType::bf16);
    EXPECT_EQ(exp(x).shape(), shape);
    EXPECT_EQ(round(x).dtype(), DType::bf16);
    EXPECT_EQ(activate(x, Activation::tanh).shape(), shape);
  }
}

TEST(Elementwise, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(83);
  const Tensor x = to_tensor(oracle::random_features(random, 9000, 5));
  for (const Kind& kind : kKinds) {
    expect_same_bits_at_every_thread_count([&] { return activate(x, kind.kind); }, "activate");
  }
}

TEST(ElementwiseRefusals, Messages) {
  using Invalid = std::invalid_argument;
  const Tensor x = column_tensor({1});
  for (const Tensor& bad : {Tensor::zeros({1}, DType::i32), Tensor{}}) {
    expect_throws<Invalid>([&] { (void)exp(bad); }, "[exp] expected float32, float16 or bfloat16");
    expect_throws<Invalid>([&] { (void)round(bad); }, "[round] expected float32");
    expect_throws<Invalid>([&] { (void)activate(bad, Activation::relu); },
                           "[activate] expected float32");
  }
  expect_throws<Invalid>([&] { (void)activate(x, static_cast<Activation>(40)); },
                         "[activate] unknown activation number 40");
  const ActivationOptions unknown{.approximate = static_cast<GeluApprox>(9)};
  expect_throws<Invalid>([&] { (void)activate(x, Activation::gelu, unknown); },
                         "[activate] unknown gelu approximation number 9");
  expect_throws<Invalid>([&] { (void)activate(x, Activation::softplus, {.beta = 0}); },
                         "[activate] softplus divides by beta");
}

}  // namespace
}  // namespace voxloom::test
