// The networks compute what their layers compute one by one, keep their promises about rows and
// parameters, and do the work that they report.

#include "voxloom/models.h"

#include <cmath>
#include <numeric>
#include <set>
#include <string>

#include "conv/cases.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

SparseTensor small_input(std::int64_t channels, int count = 60) {
  oracle::Random random(7);
  return random_input(random, {.count = count, .extent = {9, 9, 9}}, channels, DType::f32).x;
}

// Small enough for the sanitizers, with every kind of layer: planes change at each level.
nn::MinkUNetOptions tiny(int depth = 14) {
  return {.in_channels = 3,
          .classes = 5,
          .depth = depth,
          .stem = 4,
          .planes = {4, 8, 8, 16, 8, 8, 4, 4},
          .seed = 1};
}

bool is_running_statistic(const std::string& name) {
  return name.ends_with("running_mean") || name.ends_with("running_var");
}

std::int64_t trainable_parameters(nn::Module& module) {
  std::int64_t count = 0;
  for (const nn::NamedParameter& p : module.named_parameters()) {
    if (!is_running_statistic(p.name)) count += p.value->size();
  }
  return count;
}

// Norms that do something: statistics away from zero and one, scales of both signs.
void randomize_norms(nn::Module& module) {
  oracle::Random random(11);
  for (const nn::NamedParameter& p : module.named_parameters()) {
    if (p.value->rank() != 1) continue;
    // (-1, 1) for all but the variances: (0.5, 2.5).
    const double shift = p.name.ends_with("running_var") ? 1.5 : 0.0;
    const std::vector<double> values = oracle::random_values(random, p.value->size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      p.value->mutable_span<float>()[i] = static_cast<float>(values[i] + shift);
    }
  }
}

double largest_difference(const SparseTensor& a, const SparseTensor& b) {
  EXPECT_EQ(a.features().shape(), b.features().shape());
  const std::vector<double> x = to_doubles(a.features());
  const std::vector<double> y = to_doubles(b.features());
  double most = 0;
  for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
  return most;
}

TEST(ConvNorm, IsConvolutionThenNormThenResidualThenRelu) {
  const SparseTensor x = small_input(6);
  nn::ConvNorm layer({.in = 6, .out = 6, .seed = 3});
  randomize_norms(layer);
  const SparseTensor normed = layer.norm(conv3d(x, layer.weight, layer.bias));
  EXPECT_LE(largest_difference(layer(x), relu(normed)), 1e-5);
  EXPECT_LE(largest_difference(layer.forward(x, x), relu(add(normed, x))), 1e-5);
  layer.relu = false;
  EXPECT_LE(largest_difference(layer(x), normed), 1e-5);
}

TEST(ConvNorm, GoesDownAndUpToTheSameRows) {
  const SparseTensor x = small_input(4);
  const nn::ConvNorm layer({.in = 4, .out = 4, .bias = false}, {.kernel_size = 2, .stride = 2});
  const SparseTensor coarse = layer(x);
  EXPECT_EQ(coarse.stride(), Triple(2));
  const SparseTensor fine = layer.forward_up(coarse, x.coords());
  EXPECT_EQ(fine.coords(), x.coords());
  const SparseTensor expected =
      conv_transpose3d(coarse, layer.weight, layer.bias, {.target = x.coords()});
  EXPECT_LE(largest_difference(fine, relu(layer.norm(expected))), 1e-5);
}

TEST(ConvNorm, RefusesWhatDoesNotFit) {
  const SparseTensor x = small_input(4);
  const nn::ConvNorm layer({.in = 4, .out = 8});
  expect_throws<std::invalid_argument>([&] { (void)layer.forward(x, x); }, "the residual");
  expect_throws<std::invalid_argument>([&] { (void)layer.forward(x, small_input(8)); },
                                       "does not live on the output's rows");
  expect_throws<std::invalid_argument>([] { nn::ConvNorm({.in = 4, .out = 4}, {.groups = 2}); },
                                       "groups = 1");
}

TEST(ConvNorm, RefusesNormParametersThatDoNotFit) {
  const SparseTensor x = small_input(4);
  const auto refuses = [&](nn::Parameter nn::BatchNorm::*member, const std::string& name) {
    for (const Tensor& wrong :
         {Tensor{}, Tensor::zeros({7}, DType::f32), Tensor::zeros({9}, DType::f32),
          Tensor::zeros({8}, DType::f16), Tensor::zeros({1, 8}, DType::f32)}) {
      nn::ConvNorm layer({.in = 4, .out = 8});
      layer.norm.*member = wrong;
      expect_throws<std::invalid_argument>(
          [&] { (void)layer(x); },
          "[nn::ConvNorm] expected the norm's " + name + " of shape (8) and type float32, got " +
              (wrong.defined() ? to_string(wrong.shape()) : "an undefined"));
    }
  };
  refuses(&nn::BatchNorm::scale, "scale");
  refuses(&nn::BatchNorm::bias, "bias");
  refuses(&nn::BatchNorm::mean, "mean");
  refuses(&nn::BatchNorm::variance, "variance");
}

// A kernel of size 1 is a plain product only when each row meets itself.
TEST(ConvNorm, AKernelOfOneStillHasItsGeometry) {
  const SparseTensor x = small_input(4);
  const Tensor rows = Tensor::from<std::int32_t>({0, 1, 1, 1, 0, 50, 0, 0}, {2, 4});
  for (const ConvOptions& options :
       {ConvOptions{.kernel_size = 1}, ConvOptions{.kernel_size = 1, .padding = {1, 0, 0}},
        ConvOptions{.kernel_size = 1, .target = rows},
        ConvOptions{.kernel_size = 1, .support = Support::reachable},
        ConvOptions{.kernel_size = 1,
        .support = Support::reachable,
        .bounds = Bounds{{0, 0, 0}, {4, 4, 4}}}}) {
    nn::ConvNorm layer({.in = 4, .out = 4, .seed = 3}, options, false);
    randomize_norms(layer);
    const SparseTensor expected = layer.norm(conv3d(x, layer.weight, layer.bias, options));
    const SparseTensor y = layer(x);
    EXPECT_EQ(to_coords(y.coords()), to_coords(expected.coords()));
    EXPECT_LE(largest_difference(y, expected), 1e-5);
  }
  const nn::ConvNorm bounded({.in = 4, .out = 4},
                             {.kernel_size = 1, .bounds = Bounds{{0, 0, 0}, {4, 4, 4}}});
  expect_throws<std::invalid_argument>([&] { (void)bounded(x); }, "bounds go with");
}

TEST(ConvNorm, GoesUpWithItsWholeKernel) {
  oracle::Random random(7);
  const SparseTensor coarse =
      random_input(random, {.count = 40, .extent = {5, 5, 5}}, 4, DType::f32, 2).x;
  const CoordinateSet fine = transposed_support(coarse.coords(), {.kernel_size = 3, .stride = 2});
  for (const ConvOptions& options :
       {ConvOptions{.kernel_size = 3, .stride = 2},
        ConvOptions{.kernel_size = 3, .stride = 2, .padding = {1, 0, 1}},
        ConvOptions{.kernel_size = 3, .stride = 2, .dilation = {1, 2, 1}},
        ConvOptions{.kernel_size = 3, .stride = 2, .padding = 1, .origin = Origin::corner}}) {
    nn::ConvNorm layer({.in = 4, .out = 4, .seed = 3}, options, false);
    randomize_norms(layer);
    const SparseTensor expected = conv_transpose3d(coarse, layer.weight, layer.bias,
                                                   {.kernel_size = options.kernel_size,
                                                    .stride = options.stride,
                                                    .padding = options.padding,
                                                    .dilation = options.dilation,
                                                    .target = fine,
                                                    .origin = options.origin});
    EXPECT_LE(largest_difference(layer.forward_up(coarse, fine), layer.norm(expected)), 1e-5);
  }
  const nn::ConvNorm layer({.in = 4, .out = 4}, {.kernel_size = 2, .stride = 2});
  expect_throws<std::invalid_argument>([&] { (void)layer.forward_up(coarse, coarse.coords()); },
                                       "[nn::ConvNorm] the target has stride (2,2,2)");
}

TEST(ConvNorm, KeepsTheLargerBatchCount) {
  const SparseTensor x = small_input(4);
  const SparseTensor wide(x.coords(), x.features(), 5);
  const nn::ConvNorm to_target({.in = 4, .out = 4}, {.target = wide});
  EXPECT_EQ(to_target(x).batch_size(), 5);
  const nn::ConvNorm layer({.in = 4, .out = 4});
  EXPECT_EQ(layer.forward(x, wide).batch_size(), 5);
  EXPECT_EQ(layer(wide).batch_size(), 5);
}

TEST(BasicBlock, AddsItsInput) {
  for (const std::int64_t out : {6, 8}) {
    const SparseTensor x = small_input(6);
    nn::BasicBlock block({.in = 6, .out = out, .seed = 2});
    randomize_norms(block);
    EXPECT_EQ(block.shortcut.has_value(), out != 6);
    const SparseTensor inner =
        block.conv2.norm(subm_conv3d(block.conv1(x), block.conv2.weight, {}));
    const SparseTensor outer = block.shortcut ? block.shortcut->forward(x) : x;
    EXPECT_LE(largest_difference(block(x), relu(add(inner, outer))), 1e-5);
  }
}

TEST(MinkUNet, HasTheKnownNumberOfParameters) {
  nn::MinkUNet net;  // MinkUNet34C, 3 input channels, 20 classes
  std::int64_t expected = 0;
  const auto product = [&](std::int64_t volume, std::int64_t in, std::int64_t out) {
    expected += volume * in * out + 2 * out;  // and a norm's scale and bias
  };
  const auto blocks = [&](std::int64_t in, std::int64_t out, int count) {
    for (int b = 0; b < count; ++b, in = out) {
      product(27, in, out);
      product(27, out, out);
      if (in != out) product(1, in, out);
    }
  };
  product(125, 3, 32);
  product(8, 32, 32), blocks(32, 32, 2);
  product(8, 32, 32), blocks(32, 64, 3);
  product(8, 64, 64), blocks(64, 128, 4);
  product(8, 128, 128), blocks(128, 256, 6);
  product(8, 256, 256), blocks(256 + 128, 256, 2);
  product(8, 256, 128), blocks(128 + 64, 128, 2);
  product(8, 128, 96), blocks(96 + 32, 96, 2);
  product(8, 96, 96), blocks(96 + 32, 96, 2);
  expected += 96 * 20 + 20;
  EXPECT_EQ(trainable_parameters(net), expected);
  EXPECT_NEAR(static_cast<double>(expected), 37.9e6, 0.05e6);
}

TEST(MinkUNet, ReturnsScoresOnTheInputsRows) {
  const SparseTensor x = small_input(3);
  for (const int depth : {14, 18, 34}) {
    const SparseTensor y = nn::MinkUNet(tiny(depth))(x);
    EXPECT_EQ(y.coords(), x.coords());
    EXPECT_EQ(y.features().shape(), (Shape{x.rows(), 5}));
    EXPECT_EQ(y.dtype(), DType::f32);
  }
}

TEST(MinkUNet, TakesNoRowsAndOneRow) {
  const nn::MinkUNet net(tiny());
  const SparseTensor none(CoordinateSet(), Tensor::zeros({0, 3}, DType::f32));
  EXPECT_EQ(net(none).features().shape(), (Shape{0, 5}));
  const std::vector<Coordinate> one = {{0, -7, 3, 1}};
  EXPECT_EQ(net(sparse_tensor(one, Tensor::zeros({1, 3}, DType::f32))).rows(), 1);
}

TEST(MinkUNet, IsTheSameForEverySeedRunAndThreadCount) {
  const SparseTensor x = small_input(3);
  const nn::MinkUNet net(tiny());
  const std::vector<double> expected = to_doubles(net(x).features());
  EXPECT_EQ(to_doubles(nn::MinkUNet(tiny())(x).features()), expected);
  for (const int threads : {1, 3}) {
    with_threads(threads, [&] { EXPECT_EQ(to_doubles(net(x).features()), expected); });
  }
  nn::MinkUNetOptions other = tiny();
  other.seed = 2;
  EXPECT_NE(to_doubles(nn::MinkUNet(other)(x).features()), expected);
}

// Called as the products' parameters are, in either style.
TEST(MinkUNet, NamesTheWorkOfPointceptsStyle) {
  nn::MinkUNetOptions options = tiny(18);
  options.style = nn::UNetStyle::pointcept;
  const nn::MinkUNet net(options);
  std::set<std::string> products, worked;
  for (const auto& [name, tensor] : nn::parameters_of(net)) {
    if (tensor.rank() > 1) products.insert(name);
  }
  for (const nn::LayerWork& layer : net.work(small_input(3).coords())) {
    worked.insert(layer.name + ".weight");
  }
  EXPECT_EQ(worked, products);
}

TEST(MinkUNet, ReportsTheWorkOfEachProduct) {
  const SparseTensor x = small_input(3);
  nn::MinkUNet net(tiny(18));
  const std::vector<nn::LayerWork> work = net.work(x.coords());
  std::size_t products = 0;
  for (const nn::NamedParameter& p : net.named_parameters()) {
    if (p.value->rank() == 1) continue;
    ASSERT_LT(products, work.size());
    EXPECT_EQ(work[products].name + ".weight", p.name);
    const std::int64_t volume = p.value->rank() == 4 ? p.value->dim(0) : 1;
    EXPECT_EQ(volume * work[products].in * work[products].out, p.value->size());
    ++products;
  }
  EXPECT_EQ(products, work.size());
  EXPECT_EQ(work.front().pairs, subm_conv3d_map(x, {.kernel_size = 5}).size());
  EXPECT_EQ(work[1].pairs, conv3d_map(x, {.kernel_size = 2, .stride = 2}).size());
  EXPECT_EQ(work.back().pairs, x.rows());
  EXPECT_EQ(work.back().flops(), 2.0 * static_cast<double>(x.rows()) * 4 * 5);
}

TEST(MinkUNet, RunsInHalfPrecision) {
  const SparseTensor x = small_input(3);
  nn::MinkUNet net(tiny());
  const SparseTensor expected = net(x);
  for (const DType dtype : {DType::f16, DType::bf16}) {
    nn::MinkUNet half(tiny());
    half.to(dtype);
    const SparseTensor y = half(x.with_features(x.features().to(dtype)));
    EXPECT_EQ(y.dtype(), dtype);
    const double scale =
        1.0 + largest_difference(expected, expected.with_features(Tensor::zeros(
                                               expected.features().shape(), DType::f32)));
    EXPECT_LE(largest_difference(y, expected), scale * (dtype == DType::f16 ? 0.02 : 0.15));
  }
}

TEST(MinkUNet, WidthMultipliesTheChannels) {
  nn::MinkUNetOptions options;
  options.depth = 14;
  options.width = 0.5;
  nn::MinkUNet net(options);
  const std::vector<nn::NamedParameter> parameters = net.named_parameters();
  EXPECT_EQ(parameters.front().value->shape(), (Shape{125, 1, 3, 16}));
  expect_throws<std::invalid_argument>([] { nn::MinkUNet({.width = 0}); }, "width");
  expect_throws<std::invalid_argument>([] { nn::MinkUNet({.depth = 50}); }, "14, 18 or 34");
}

}  // namespace
}  // namespace voxloom::test
