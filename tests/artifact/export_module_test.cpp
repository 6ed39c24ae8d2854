// What a module computes, its bundle computes.

#include "voxloom/export_module.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "artifact/helpers.h"
#include "artifact/random_data.h"
#include "conv/cases.h"
#include "voxloom/graph_builder.h"
#include "voxloom/models.h"

namespace voxloom::test {
namespace {

using artifact::Bundle;
using artifact::export_module;
using artifact::export_on_points;
using artifact::Model;
using Invalid = std::invalid_argument;

SparseTensor input(std::int64_t channels) {
  oracle::Random random(3);
  return random_input(random, {.count = 60, .extent = {8, 8, 8}, .batches = {0, 1}}, channels).x;
}

// Norms that do something.
void randomize_norms(nn::Module& module) {
  oracle::Random random(11);
  for (const nn::NamedParameter& p : module.named_parameters()) {
    if (p.value->rank() != 1) continue;
    const double shift = p.name.ends_with("running_var") ? 1.5 : 0.25;
    for (float& v : p.value->mutable_span<float>()) {
      v = static_cast<float>(random.unit() - 0.5 + shift);
    }
  }
}

TensorMap arrays_of(const SparseTensor& x) {
  return {{"x_coords", x.coords().to_tensor()},
          {"x_features", x.features()},
          {"x_active", Tensor::from<std::int32_t>({static_cast<std::int32_t>(x.rows())}, {1})}};
}

std::vector<double> result_of(const Bundle& bundle, const SparseTensor& x) {
  const auto results = Model::from_bundle(bundle).run(arrays_of(x));
  const auto& output = results.at("output");
  if (const auto* dense = std::get_if<Tensor>(&output)) return to_doubles(*dense);
  return to_doubles(std::get<SparseTensor>(output).features());
}

void expect_close(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  double largest = 1;
  for (const double v : b) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance * largest) << i;
}

void expect_same_network(nn::Module& module) {
  randomize_norms(module);
  const SparseTensor x = input(3);
  const std::vector<double> expected = to_doubles(module(x).features());
  for (const bool fold : {false, true}) {
    const Bundle bundle = export_module(module, {.in_channels = 3, .fold_norms = fold});
    expect_close(result_of(bundle, x), expected, 1e-4);
    EXPECT_EQ(artifact::to_text(bundle.graph).find("batch_norm") == std::string::npos, fold);
  }
}

TEST(ExportModule, ModelsComputeTheSame) {
  nn::MinkUNet unet({.classes = 5, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}});
  expect_same_network(unet);
  nn::ResNet resnet({.in_channels = 3, .classes = 4, .depth = 50, .width = 2});
  expect_same_network(resnet);
  nn::SecondBackbone second({.in_channels = 3, .channels = {4, 6}, .out_channels = 5});
  expect_same_network(second);
  nn::LinkNet linknet({.in_channels = 3, .classes = 4, .depth = 14, .width = 4});
  expect_same_network(linknet);
  nn::MinkUNet spunet({.classes = 5,
                       .depth = 14,
                       .stem = 8,
                       .planes = {8, 8, 8, 8, 8, 8, 8, 8},
                       .style = nn::UNetStyle::pointcept});
  expect_same_network(spunet);
}

TEST(ExportModule, SequencesFoldTheirNorms) {
  nn::Sequential net;
  net.add<nn::Conv3d>(nn::Channels{.in = 3, .out = 6, .seed = 1},
                      ConvOptions{.kernel_size = 2, .stride = 2, .groups = 3});
  net.add<nn::BatchNorm>(6);
  net.add<nn::Activate>(Activation::leaky_relu, ActivationOptions{.alpha = 0.1F});
  net.add<nn::Dropout>(0.5F);
  net.add<nn::Linear>(nn::Channels{.in = 6, .out = 6, .seed = 2});
  net.add<nn::BatchNorm>(6);
  auto& block = net.add<nn::Residual>();
  block.body.add<nn::SubmConv3d>(nn::Channels{.in = 6, .out = 6, .bias = false, .seed = 3});
  block.body.add<nn::BatchNorm>(6);
  net.add<nn::GenerativeConvTranspose3d>(nn::Channels{.in = 6, .out = 4, .seed = 4});
  net.add<nn::BatchNorm>(4);
  expect_same_network(net);
}

TEST(ExportModule, OtherModulesComputeTheSame) {
  nn::Sequential net;
  net.add<nn::LayerNorm>(3);
  net.add<nn::Pool3d>(PoolOptions{.mode = PoolMode::avg});
  net.add<nn::RmsNorm>(3);
  net.add<nn::PoolTranspose3d>();
  net.add<nn::TrilinearUpsample3d>(UpsampleOptions{.stride = 1});
  net.add<nn::ConvTranspose3d>(nn::Channels{.in = 3, .out = 4, .seed = 4},
                               ConvTransposeOptions{.kernel_size = 3, .stride = 1});
  const SparseTensor x = input(3);
  expect_close(result_of(export_module(net, {.in_channels = 3}), x), to_doubles(net(x).features()),
               1e-5);
}

TEST(ExportModule, PacksWeights) {
  nn::MinkUNet net(
      {.classes = 5, .depth = 14, .stem = 32, .planes = {32, 32, 32, 32, 32, 32, 32, 32}});
  const SparseTensor x = input(3);
  const std::vector<double> expected = to_doubles(net(x).features());
  const Bundle packed =
      export_module(net, {.in_channels = 3, .packed = QuantizeOptions{.group_size = 32}});
  EXPECT_TRUE(packed.weights.contains("block1.0.conv1.weight.scales"));
  EXPECT_TRUE(packed.weights.contains("conv0p1s1.weight"));  // 3 channels would be mostly padding
  expect_close(result_of(packed, x), expected, 0.02);
}

// An unfolded bundle's arrays are the module's parameters under their names.
TEST(ExportModule, ParametersComeBack) {
  const auto options = nn::MinkUNetOptions{
      .classes = 5, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}, .seed = 4};
  nn::MinkUNet net(options);
  randomize_norms(net);
  const Bundle bundle = export_module(net, {.in_channels = 3, .fold_norms = false});
  nn::MinkUNetOptions other = options;
  other.seed = 5;
  nn::MinkUNet back(other);
  load_parameters(back, bundle.weights);
  const SparseTensor x = input(3);
  EXPECT_EQ(to_doubles(back(x).features()), to_doubles(net(x).features()));
}

TEST(ExportModule, GoesFromPointsToPoints) {
  nn::MinkUNet net(
      {.in_channels = 2, .classes = 3, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}});
  oracle::Random random(5);
  constexpr std::int64_t kPoints = 50;
  std::vector<double> xyz = oracle::random_values(random, kPoints * 3, 2.0);
  const Tensor points = to_tensor(xyz, {kPoints, 3});
  const Tensor features = to_tensor(oracle::random_values(random, kPoints * 2), {kPoints, 2});
  const Tensor batch = Tensor::zeros({kPoints}, DType::i32);
  const Grid grid{.voxel_size = {0.5, 0.5, 0.5}};
  const auto results = Model::from_bundle(export_on_points(net, grid, {.in_channels = 2}))
                           .run({{"points", points},
                                 {"features", features},
                                 {"batch", batch},
                                 {"active", Tensor::from<std::int32_t>({kPoints}, {1})}});
  const Voxelized v = voxelize(points, features, batch, {.grid = grid});
  const Tensor expected = devoxelize(points, net(v.tensor), batch, {.grid = grid});
  expect_close(to_doubles(std::get<Tensor>(results.at("scores"))), to_doubles(expected), 1e-4);
}

// The network between the points, by itself: plain, and with the same scores.
TEST(WithoutPoints, IsTheNetworkAlone) {
  nn::MinkUNet net(
      {.in_channels = 2, .classes = 3, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}});
  const Bundle whole = export_on_points(net, {.voxel_size = {0.3, 0.3, 0.3}}, {.in_channels = 2});
  const Bundle alone = artifact::without_points(whole);
  EXPECT_TRUE(whole.graph.extensions);
  EXPECT_FALSE(alone.graph.extensions);
  EXPECT_EQ(messages(artifact::portability_of(alone.graph)), "");
  const SparseTensor x = input(2);
  TensorMap inputs;
  add_sparse_input(inputs, "x", x);
  const auto scores = Model::from_bundle(alone).run(inputs).at("scores");
  const Bundle direct = export_module(net, {.in_channels = 2});
  const auto expected = Model::from_bundle(direct).run(inputs).at("output");
  EXPECT_EQ(to_doubles(std::get<SparseTensor>(scores).features()),
            to_doubles(std::get<SparseTensor>(expected).features()));
  EXPECT_TRUE(
      std::ranges::equal(std::get<SparseTensor>(scores).coords().rows(), x.coords().rows()));
}

TEST(WithoutPoints, RefusesWhatHasNone) {
  nn::SubmConv3d net({.in = 2, .out = 3});
  expect_throws<std::invalid_argument>(
      [&] { static_cast<void>(artifact::without_points(export_module(net, {.in_channels = 2}))); },
      "[without_points] expected one operation voxelize, got 0");
}

TEST(WithoutPoints, RefusesANetworkThatLooksAtThem) {
  const auto cut = [](const char* looks) {
    artifact::GraphBuilder b;
    artifact::PointOperands p = declare_points(b, 2);
    const artifact::ValueRef voxels = b.voxelize(p);
    static_cast<void>(b.exp(std::string_view(looks) == "points" ? p.points : p.features));
    p.voxels = voxels;
    b.output("scores", b.devoxelize(p));
    static_cast<void>(artifact::without_points(b.bundle()));
  };
  for (const char* input : {"points", "features"}) {
    expect_throws<std::invalid_argument>([&] { cut(input); },
                                         fmt::format("also takes the input '{}'", input));
  }
}

// Packed where mlx-lattice runs it: not in the way back to a target.
TEST(ExportModule, PacksForAllReaders) {
  nn::MinkUNet net(
      {.in_channels = 2, .classes = 3, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}});
  artifact::ExportOptions options{.in_channels = 2,
                                  .packed = QuantizeOptions{.bits = 8, .group_size = 32},
                                  .packed_channels = 8};
  const Bundle anywhere = export_module(net, options);
  EXPECT_NE(messages(artifact::portability_of(anywhere.graph)), "");
  options.pack_for_all_readers = true;
  const Bundle portable = export_module(net, options);
  EXPECT_EQ(messages(artifact::portability_of(portable.graph)), "");
  EXPECT_TRUE(portable.weights.contains("block1.0.conv1.weight.scales"));
  EXPECT_FALSE(portable.weights.contains("convtr4p16s2.weight.scales"));
}

// A network that nobody wrote an export for: a norm without a word in IR v2, a decoder that returns to
// its encoder's rows, one part that runs twice, parameters of its own.
class Hourglass : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    const nn::Variable fine = autograd::activate(pass.run(stem_, x), Activation::relu);
    const nn::Variable coarse = pass.run(norm_, pass.run(down_, fine));
    const nn::Variable same = pass.run(twice_, pass.run(twice_, coarse));
    const nn::Variable up = up_.run(same, fine, pass);
    const nn::Variable back = inverse_.run(same, fine, pass);
    const nn::Variable sum = autograd::add(up, back);
    const autograd::Affine gain{pass.parameter(gain_), {}};
    return autograd::cat(std::array{autograd::layer_norm(sum, gain), fine});
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    stem_.collect_parameters(prefix + "stem.", to);
    down_.collect_parameters(prefix + "down.", to);
    norm_.collect_parameters(prefix + "norm.", to);
    twice_.collect_parameters(prefix + "twice.", to);
    up_.collect_parameters(prefix + "up.", to);
    inverse_.collect_parameters(prefix + "inverse.", to);
    nn::collect(prefix + "gain", gain_, to);
  }

 private:
  nn::SubmConv3d stem_{{.in = 3, .out = 4, .seed = 1}};
  nn::Conv3d down_{{.in = 4, .out = 6, .seed = 2}, {.kernel_size = 2, .stride = 2}};
  nn::GroupNorm norm_{6, 3};
  nn::SubmConv3d twice_{{.in = 6, .out = 6, .seed = 3}};
  nn::ConvTranspose3d up_{{.in = 6, .out = 4, .seed = 4}};
  nn::InverseConv3d inverse_{{.in = 6, .out = 4, .seed = 5}, {.kernel_size = 2, .stride = 2}};
  nn::Parameter gain_{Tensor::full({4}, DType::f32, 0.5F)};
};

TEST(ExportModule, AModuleOfOnesOwnNeedsNoWordAboutIt) {
  Hourglass net;
  randomize_norms(net);
  const SparseTensor x = input(3);
  const Bundle bundle = export_module(net, {.in_channels = 3});
  expect_close(result_of(bundle, x), to_doubles(net(x).features()), 1e-5);
  for (const char* key : {"stem.weight", "norm.weight", "twice.bias", "inverse.weight", "gain"}) {
    EXPECT_TRUE(bundle.weights.contains(key)) << key;
  }
  const std::string text = artifact::to_text(bundle.graph);
  EXPECT_NE(text.find("voxloom.group_norm"), std::string::npos);
  EXPECT_NE(text.find("voxloom.inverse_conv3d"), std::string::npos);
}

// The kernel of the way back is even: IR v2 has words for all of a U-Net.
TEST(ExportModule, ModelsArePlain) {
  const nn::MinkUNet net(
      {.classes = 5, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}});
  const std::string text = artifact::to_text(export_module(net, {.in_channels = 3}).graph);
  EXPECT_EQ(text.find("voxloom"), std::string::npos) << "other readers must understand it";
}

// One bias in two products, and a norm behind one of them: folding would change the other.
class SharedBias : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return autograd::add(norm_.run(pass.run(conv_, x), pass), pass.run(conv_, x));
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    conv_.collect_parameters(prefix + "conv.", to);
    norm_.collect_parameters(prefix + "norm.", to);
  }

 private:
  nn::SubmConv3d conv_{{.in = 3, .out = 4, .seed = 1}};
  nn::BatchNorm norm_{4};
};

TEST(ExportModule, SharedWeightsAreNotFolded) {
  SharedBias net;
  randomize_norms(net);
  const SparseTensor x = input(3);
  const Bundle bundle = export_module(net, {.in_channels = 3});
  EXPECT_TRUE(bundle.weights.contains("norm.running_var"));
  expect_close(result_of(bundle, x), to_doubles(net(x).features()), 1e-5);
}

// One array in several shapes: whole and in part, as a matrix and as kernels along two axes.
class OneArray : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    const Tensor& all = weight_;
    const nn::Variable part = autograd::linear(x, {.weight = nn::Variable(all.rows(0, 3))});
    const nn::Variable along_x =
        autograd::subm_conv3d(part, {.weight = nn::Variable(all.rows(0, 9).reshape({3, 3, 3}))},
                              {.kernel_size = {3, 1, 1}});
    const nn::Variable along_y =
        autograd::subm_conv3d(along_x, {.weight = nn::Variable(all.rows(0, 9).reshape({3, 3, 3}))},
                              {.kernel_size = {1, 3, 1}});
    return autograd::linear(along_y, {.weight = pass.parameter(all)});
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    nn::collect(prefix + "weight", weight_, to);
  }

 private:
  nn::Parameter weight_{random_tensor({12, 3}, 7)};
};

TEST(ExportModule, AnArrayMayBeReadInSeveralShapes) {
  const OneArray net;
  const SparseTensor x = input(3);
  for (const bool fold : {false, true}) {
    const Bundle bundle = export_module(net, {.in_channels = 3, .fold_norms = fold});
    expect_close(result_of(bundle, x), to_doubles(net(x).features()), 1e-5);
    EXPECT_EQ(bundle.weights.at("weight").shape(), (Shape{12, 3}));  // the name is the whole one's
    EXPECT_EQ(bundle.weights.size(), 4U);
  }
}

// Parameters whose names look like those that the recorder makes up: of an array's second shape, of a constant.
class OddNames : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    nn::Variable y = autograd::linear(x, {.weight = pass.parameter(a_)});
    y = autograd::conv3d(y, {.weight = pass.parameter(a_)}, {.kernel_size = 1});
    y = autograd::linear(y, {.weight = pass.parameter(b_)});
    y = autograd::linear(y, {.weight = nn::Variable(captured_)});
    return autograd::linear(y, {.weight = pass.parameter(c_)});
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    nn::collect(prefix + "w", a_, to);
    nn::collect(prefix + "w_2", b_, to);
    nn::collect(prefix + "constant_3", c_, to);
  }

 private:
  nn::Parameter a_{random_tensor({3, 3}, 1)}, b_{random_tensor({3, 3}, 2)};
  nn::Parameter c_{random_tensor({3, 3}, 3)};
  Tensor captured_ = random_tensor({3, 3}, 4);
};

TEST(ExportModule, NoArrayTakesTheNameOfAnother) {
  OddNames net;
  const SparseTensor x = input(3);
  const std::vector<double> expected = to_doubles(net(x).features());
  const Bundle bundle = export_module(net, {.in_channels = 3});
  EXPECT_EQ(bundle.weights.size(), 5U);
  expect_close(result_of(bundle, x), expected, 1e-5);
  load_parameters(net, bundle.weights, {.allow_unknown = true});  // of the array's other shape, say
  EXPECT_EQ(to_doubles(net(x).features()), expected);
}

TEST(ExportModule, ParametersThatShareComeBack) {
  nn::Sequential net;
  auto& first = net.add<nn::Linear>(nn::Channels{.in = 3, .out = 3, .bias = false, .seed = 1});
  auto& second = net.add<nn::Linear>(nn::Channels{.in = 3, .out = 3, .bias = false, .seed = 2});
  second.weight = first.weight.tensor();
  const SparseTensor x = input(3);
  const std::vector<double> expected = to_doubles(net(x).features());
  const Bundle bundle = export_module(net, {.in_channels = 3});
  EXPECT_EQ(bundle.weights.size(), 1U);
  first.weight = random_tensor({3, 3}, 9);
  second.weight = first.weight.tensor();
  load_parameters(net, bundle.weights);
  EXPECT_EQ(to_doubles(net(x).features()), expected);
}

// An optimizer changes parameters in place.
TEST(ExportModule, ABundleKeepsWhatTheModuleWas) {
  nn::Sequential net;
  net.add<nn::SubmConv3d>(nn::Channels{.in = 3, .out = 4, .seed = 1});
  net.add<nn::BatchNorm>(4);
  net.add<nn::Linear>(nn::Channels{.in = 4, .out = 2, .seed = 2});
  const SparseTensor x = input(3);
  const Bundle bundle = export_module(net, {.in_channels = 3, .fold_norms = false});
  const std::vector<double> before = result_of(bundle, x);
  for (const nn::NamedParameter& p : net.named_parameters()) {
    for (float& v : p.value->mutable_span<float>()) v += 0.5F;
  }
  EXPECT_EQ(result_of(bundle, x), before);
}

// Names a parameter without giving one.
class Empty : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& /*pass*/) const override {
    return x;
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    to.push_back({prefix + "weight", nullptr});
  }
};

// Keeps what it saw.
class Keeping : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& /*pass*/) const override {
    if (seen_.defined()) throw std::runtime_error("midway");
    return seen_ = x;
  }
  [[nodiscard]] const nn::Variable& seen() const { return seen_; }

 private:
  mutable nn::Variable seen_;
};

TEST(ExportModule, ASymbolThatIsKeptIsRefusedAfterwards) {
  const Keeping net;
  static_cast<void>(export_module(net, {.in_channels = 3}));
  expect_throws<Invalid>([&] { return autograd::add(net.seen(), net.seen()); },
                         "whose trace is over");
  expect_throws<Invalid>([&] { return net.seen().dense(); }, "whose trace is over");
  expect_throws<std::runtime_error>([&] { return export_module(net, {.in_channels = 3}); },
                                    "midway");
}

TEST(ExportModule, PackedWeightsKeepTheirNames) {
  nn::Sequential net;
  auto& layer = net.add<nn::SubmConv3d>(nn::Channels{.in = 3, .out = 4, .seed = 1});
  layer.weight = quantize(layer.weight.tensor(), {.group_size = 32});
  const Bundle bundle = export_module(net, {.in_channels = 3});
  EXPECT_TRUE(bundle.weights.contains("0.weight.scales"));
  const SparseTensor x = input(3);
  expect_close(result_of(bundle, x), to_doubles(net(x).features()), 1e-6);
}

// Its steps depend on how many rows there are.
class Counting : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return x.coords().size() > 10 ? pass.run(conv_, x) : x;
  }

 private:
  nn::SubmConv3d conv_{{.in = 3, .out = 3}};
};

class Scaling : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& /*pass*/) const override {
    return autograd::scale(x, 2.0F);
  }
};

TEST(ExportModule, RefusesWhatItCannotSay) {
  nn::Sequential counting;
  counting.add<Counting>();
  expect_throws<Invalid>([&] { (void)export_module(counting, {.in_channels = 3}); },
                         "Counting, in nn::Sequential asked for its coordinates");
  expect_throws<Invalid>([&] { (void)export_module(Empty(), {.in_channels = 3}); },
                         "the parameter 'weight' has no value");
  expect_throws<Invalid>([&] { (void)export_module(Scaling(), {.in_channels = 3}); },
                         "Scaling asked for its elements of a value that is not there");
  const nn::Dropout same(0.5F);
  expect_close(result_of(export_module(same, {.in_channels = 3}), input(3)),
               to_doubles(input(3).features()), 0);
  expect_throws<Invalid>(
      [&] {
        (void)export_on_points(nn::Pool3d(), {.voxel_size = {0.5, 0.5, 0.5}}, {.in_channels = 3});
      },
      "result has stride (2,2,2); points read scores on its input's rows, of stride (1,1,1)");
  expect_throws<Invalid>([&] { (void)export_module(same, artifact::ExportOptions{}); },
                         "in_channels should be at least 1");
}

}  // namespace
}  // namespace voxloom::test
