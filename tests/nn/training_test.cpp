// Modules in training: the same numbers as the operations they stand for, gradients for every
// parameter, running statistics, checkpoints, parameters by name.

#include "conv/cases.h"
#include "oracle/dense.h"
#include "support/same_bits.h"
#include "voxloom/models.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Invalid = std::invalid_argument;

SparseTensor cube_input(std::int64_t channels, std::int64_t count = 60, std::int64_t side = 8) {
  oracle::Random random(3);
  return random_input(random, {.count = count, .extent = {side, side, side}, .batches = {0, 1}},
                      channels)
      .x;
}

nn::MinkUNetOptions tiny_net() {
  nn::MinkUNetOptions options;
  options.classes = 5;
  options.depth = 14;
  options.stem = 8;
  options.planes = {8, 8, 8, 8, 8, 8, 8, 8};
  return options;
}

// The gradients of sum(y * y) for the trained parameters of one pass, in order.
struct Step {
  std::vector<Tensor> gradients;
  std::vector<Tensor> statistics;
  std::size_t saved = 0;
};
Step step(nn::Module& net, const SparseTensor& x, const nn::PassOptions& options) {
  Tape tape(5);
  nn::Pass pass(tape, options);
  const nn::Variable y = net.run(x, pass);
  const nn::Variable loss = autograd::sum(autograd::mul(y, y));
  Step result;
  result.saved = tape.saved_bytes();
  tape.backward(loss);
  for (const nn::NamedParameter& p : net.named_parameters()) {
    (p.is_trained ? result.gradients : result.statistics)
        .push_back(p.is_trained ? pass.gradient(*p.value) : pass.statistic(*p.value));
  }
  return result;
}

void expect_all_trained(nn::Module& net, const SparseTensor& x) {
  const Step s = step(net, x, {});
  for (const Tensor& gradient : s.gradients) EXPECT_TRUE(gradient.defined());
  for (const Tensor& statistic : s.statistics) EXPECT_TRUE(statistic.defined());
}

TEST(Training, EveryParameterOfEveryModelHasAGradient) {
  nn::MinkUNet unet(tiny_net());
  expect_all_trained(unet, cube_input(3));
  nn::ResNet resnet({.in_channels = 3, .classes = 4, .depth = 14, .width = 4});
  expect_all_trained(resnet, cube_input(3));
  nn::ResNet bottlenecks({.in_channels = 3, .classes = 4, .depth = 50, .width = 2});
  expect_all_trained(bottlenecks, cube_input(3));
  nn::SecondBackbone second({.in_channels = 3, .channels = {4, 6}, .out_channels = 5});
  expect_all_trained(second, cube_input(3));
  for (const int depth : {14, 50}) {
    nn::LinkNet linknet({.in_channels = 3, .classes = 4, .depth = depth, .width = 2});
    expect_all_trained(linknet, cube_input(3));
  }
  nn::MinkUNetOptions options = tiny_net();
  options.style = nn::UNetStyle::pointcept;
  nn::MinkUNet spunet(options);
  expect_all_trained(spunet, cube_input(3));
}

// One parameter moved a little, everything else as it was. Wide enough that the coarsest level still
// has rows to take statistics of.
TEST(Training, AWholeNetworksGradientIsItsSlope) {
  const SparseTensor x = cube_input(3, 400, 48);
  nn::ResNet net({.in_channels = 3, .classes = 4, .depth = 14, .width = 4});
  const Step s = step(net, x, {});
  const auto loss = [&] {
    Tape tape;
    nn::Pass pass(tape);
    const nn::Variable y = net.run(x, pass);
    double total = 0;
    for (const double v : to_doubles(y.value())) total += v * v;
    return total;
  };
  std::size_t i = 0;
  for (const nn::NamedParameter& p : net.named_parameters()) {
    if (!p.is_trained) continue;
    const Tensor gradient = s.gradients[i++];
    if (p.name != "fc.weight" && p.name != "layer4.0.norm2.weight" && p.name != "bn1.bias")
      continue;
    const Tensor before = *p.value;
    *p.value = before.clone();
    float& element = p.value->mutable_span<float>()[1];
    constexpr float kStep = 4e-3F;
    element += kStep;
    const double above = loss();
    element -= 2 * kStep;
    const double below = loss();
    *p.value = before;
    const double slope = (above - below) / (2 * static_cast<double>(kStep));
    const auto expected = static_cast<double>(gradient.span<float>()[1]);
    EXPECT_NEAR(slope, expected, 0.02 * std::abs(expected) + 1e-3) << p.name;
  }
}

TEST(Training, CheckpointedBlocksGiveTheSameBitsForLessMemory) {
  const SparseTensor x = cube_input(3);
  nn::MinkUNet net(tiny_net());
  const Step kept = step(net, x, {});
  const Step redone = step(net, x, {.checkpoint_blocks = true});
  for (std::size_t i = 0; i < kept.gradients.size(); ++i) {
    EXPECT_TRUE(same_bits(kept.gradients[i], redone.gradients[i])) << i;
  }
  for (std::size_t i = 0; i < kept.statistics.size(); ++i) {
    EXPECT_TRUE(same_bits(kept.statistics[i], redone.statistics[i])) << i;
  }
  EXPECT_LT(2 * redone.saved, kept.saved + redone.saved);
}

TEST(Training, BatchNormAveragesWhatItSaw) {
  const SparseTensor x = cube_input(3);
  nn::BatchNorm norm(3);
  for (int repeat = 0; repeat < 2; ++repeat) {
    Tape tape;
    nn::Pass pass(tape);
    static_cast<void>(norm.run(x, pass));
    nn::update_statistics(norm, pass, 0.25F);
  }
  const oracle::Features f = to_features(x.features());
  for (std::int64_t c = 0; c < 3; ++c) {
    const oracle::Moments m = oracle::moments(oracle::column_values(f, c));
    const auto rows = static_cast<double>(x.rows());
    EXPECT_NEAR(norm.mean.tensor().span<float>()[c], 0.4375 * m.mean, 1e-6);
    EXPECT_NEAR(norm.variance.tensor().span<float>()[c],
                0.5625 + 0.4375 * m.var * rows / (rows - 1), 1e-6);
  }
}

TEST(Training, AResidualLivesOnTheNormsRows) {
  const SparseTensor x = cube_input(3);
  std::vector<Coordinate> rows(x.coords().rows().begin(), x.coords().rows().end());
  const SparseTensor same = sparse_tensor(rows, x.features());
  for (Coordinate& c : rows) c.x += 100;
  const SparseTensor elsewhere = sparse_tensor(rows, x.features());
  const nn::BatchNorm norm(3);
  for (const bool is_training : {false, true}) {
    Tape tape;
    nn::Pass pass(tape, {.is_training = is_training});
    const auto run = [&](const nn::Variable& of, const nn::Variable& residual) {
      return to_doubles(norm.run(of, {.residual = residual}, pass).value());
    };
    const std::vector<double> expected = run(x, x);
    EXPECT_EQ(run(x, same), expected);
    EXPECT_EQ(run(x.features(), x.features()), expected);
    expect_throws<Invalid>([&] { run(x, elsewhere); }, "does not live on the rows of (60,3)");
  }
}

// A pass knows parameters by their places: another tensor there would be taken for the first.
TEST(Training, APassRefusesATensorInAnothersPlace) {
  const SparseTensor x = cube_input(3);
  nn::Linear layer({.in = 3, .out = 2, .seed = 1});
  Tape tape;
  nn::Pass pass(tape);
  static_cast<void>(layer.run(x, pass));
  static_cast<void>(layer.run(x, pass));
  layer.weight = layer.weight.tensor().clone();
  expect_throws<Invalid>([&] { static_cast<void>(layer.run(x, pass)); },
                         "[nn::Pass] a parameter of shape (2,3) was replaced within a pass");
}

// With frozen statistics a network gives what it gives in inference.
TEST(Training, WithoutBatchStatisticsItIsInference) {
  const SparseTensor x = cube_input(3);
  const nn::MinkUNet net(tiny_net());
  Tape tape;
  nn::Pass pass(tape, {.is_training = false});
  const std::vector<double> y = to_doubles(net.run(x, pass).value());
  const std::vector<double> expected = to_doubles(net(x).features());
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], expected[i], 1e-4);
}

TEST(Training, DropoutDropsInTrainingOnly) {
  const SparseTensor x = cube_input(3, 200).with_features(Tensor::full({200, 3}, DType::f32, 1.0F));
  const nn::Dropout dropout(0.25F);
  EXPECT_EQ(to_doubles(dropout(x).features()), to_doubles(x.features()));
  Tape tape(1);
  nn::Pass pass(tape);
  const std::vector<double> first = to_doubles(dropout.run(x, pass).value());
  EXPECT_NE(first, to_doubles(dropout.run(x, pass).value()));  // a new mask each time
  const auto zeros = std::count(first.begin(), first.end(), 0.0);
  EXPECT_NEAR(static_cast<double>(zeros) / 600, 0.25, 0.06);
  expect_throws<Invalid>([] { nn::Dropout(1.0F); }, "[nn::Dropout]");
}

TEST(Training, ResidualAddsItsShortcut) {
  const SparseTensor x = cube_input(4);
  nn::Residual block;
  block.body.add<nn::SubmConv3d>(nn::Channels{.in = 4, .out = 4, .seed = 1});
  block.body.add<nn::GroupNorm>(4, 2);
  const SparseTensor y = block(x);
  const SparseTensor sum = add(block.body(x), x);
  EXPECT_EQ(to_doubles(y.features()), to_doubles(activate(sum.features(), Activation::relu)));
  block.shortcut.add<nn::Linear>(nn::Channels{.in = 4, .out = 4, .seed = 2});
  EXPECT_NE(to_doubles(block(x).features()), to_doubles(y.features()));
  std::vector<std::string> names;
  for (const auto& p : block.named_parameters()) names.push_back(p.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"body.0.weight", "body.0.bias", "body.1.weight",
                                      "body.1.bias", "shortcut.0.weight", "shortcut.0.bias"}));
}

// Each batch and channel has mean 0 and variance 1, however far the batches lie apart.
TEST(Training, InstanceNormIsOfEachBatch) {
  SparseTensor x = cube_input(3);
  Tensor far = x.features().clone();
  for (std::int64_t row = 0; row < x.rows(); ++row) {
    if (x.coords()[row].batch == 0) continue;
    for (std::int64_t c = 0; c < 3; ++c) far.mutable_span<float>()[row * 3 + c] += 100;
  }
  x = x.with_features(far);
  nn::InstanceNorm norm(3, 1e-9F);
  const SparseTensor y = norm(x);
  for (const std::int32_t batch : {0, 1}) {
    for (std::int64_t c = 0; c < 3; ++c) {
      std::vector<double> values;
      for (std::int64_t row = 0; row < y.rows(); ++row) {
        if (y.coords()[row].batch != batch) continue;
        values.push_back(static_cast<double>(y.features().span<float>()[row * 3 + c]));
      }
      const oracle::Moments m = oracle::moments(values);
      EXPECT_NEAR(m.mean, 0, 1e-4);
      EXPECT_NEAR(m.var, 1, 1e-3);
    }
  }
  expect_all_trained(norm, x);
}

// One stray batch number of 2^31 - 1 would take more memory than machines have.
TEST(Training, InstanceNormKeepsNothingOfBatchesWithoutRows) {
  const SparseTensor x = cube_input(3);
  std::vector<Coordinate> rows(x.coords().rows().begin(), x.coords().rows().end());
  for (Coordinate& c : rows) c.batch *= 1'000'000;
  const SparseTensor apart = sparse_tensor(rows, x.features());
  const nn::InstanceNorm norm(3);
  Tape tape, other;
  nn::Pass pass(tape), other_pass(other);
  const nn::Variable y = norm.run(x, pass), z = norm.run(apart, other_pass);
  EXPECT_TRUE(same_bits(z.value(), y.value()));
  EXPECT_EQ(other.saved_bytes(), tape.saved_bytes());
  tape.backward(autograd::sum(autograd::mul(y, y)));
  other.backward(autograd::sum(autograd::mul(z, z)));
  EXPECT_TRUE(same_bits(other_pass.gradient(norm.scale), pass.gradient(norm.scale)));
}

TEST(Training, ResNetGivesOneRowPerBatch) {
  const nn::ResNet net({.in_channels = 3, .classes = 7, .depth = 14, .width = 4});
  const SparseTensor y = net(cube_input(3));
  EXPECT_EQ(y.features().shape(), (Shape{2, 7}));
  EXPECT_EQ(y.coords()[1], (Coordinate{.batch = 1}));
  expect_throws<Invalid>([] { nn::ResNet({.depth = 15}); }, "depth should be 14, 18, 34 or 50");
}

// Written out, with norms as they are at first: y = x / sqrt(1 + eps).
class LinkNetByHand {
 public:
  explicit LinkNetByHand(const nn::Module& net) : values_(nn::parameters_of(net)) {}

  SparseTensor operator()(const SparseTensor& x) const {
    SparseTensor y = relu(conv(x, "conv1", {.kernel_size = 5}));
    std::vector<SparseTensor> levels;
    for (const std::string stage : {"layer1", "layer2", "layer3", "layer4"}) {
      levels.push_back(y);
      y = relu(conv(y, stage + ".down.conv", {.kernel_size = 2, .stride = 2}));
      y = block(y, stage + ".0.");
    }
    for (const std::string level : {"4", "3", "2", "1"}) {
      const SparseTensor fine = normed(
          conv_transpose3d(y, values_.at("up" + level + ".conv.weight"), {},
                           {.kernel_size = 2, .stride = 2, .target = levels.back().coords()}));
      y = relu(subm(relu(add(fine, levels.back())), "fuse" + level + ".conv"));
      levels.pop_back();
    }
    return y.with_features(
        linear(y.features(), values_.at("head.weight"), values_.at("head.bias")));
  }

 private:
  static SparseTensor normed(const SparseTensor& x) {
    Tensor y = x.features().clone();
    for (float& v : y.mutable_span<float>()) v /= std::sqrt(1.0F + 1e-5F);
    return x.with_features(y);
  }
  SparseTensor conv(const SparseTensor& x, const std::string& name,
                    const ConvOptions& options) const {
    return normed(conv3d(x, values_.at(name + ".weight"), {}, options));
  }
  SparseTensor subm(const SparseTensor& x, const std::string& name) const {
    return normed(subm_conv3d(x, values_.at(name + ".weight"), {}, {}));
  }
  SparseTensor block(const SparseTensor& x, const std::string& name) const {
    const SparseTensor inner = subm(relu(subm(x, name + "conv1")), name + "conv2");
    const bool changes = values_.contains(name + "downsample.0.weight");
    return relu(add(inner, changes ? conv(x, name + "downsample.0", {.kernel_size = 1}) : x));
  }

  nn::NamedTensors values_;
};

TEST(Training, LinkNetAddsTheEncodersFeatures) {
  const SparseTensor x = cube_input(3, 300, 32);
  const nn::LinkNet net({.in_channels = 3, .classes = 5, .depth = 14, .width = 4, .seed = 3});
  const SparseTensor y = net(x);
  const SparseTensor expected = LinkNetByHand(net)(x);
  ASSERT_EQ(y.coords(), x.coords());
  ASSERT_EQ(y.channels(), 5);
  const std::vector<double> a = to_doubles(y.features()), b = to_doubles(expected.features());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5) << i;
  expect_throws<Invalid>([] { nn::LinkNet({.depth = 15}); },
                         "[nn::LinkNet] depth should be 14, 18, 34 or 50");
}

TEST(Training, SecondGivesAMapSeenFromAbove) {
  const nn::SecondBackbone net({.in_channels = 3, .channels = {4, 6, 8}, .out_channels = 5});
  const SparseTensor y = net(cube_input(3));
  EXPECT_EQ(y.stride(), (Triple{4, 4, 8}));
  const nn::Variable map = nn::bird_eye_view(y, {0, 0, 0}, {2, 3, 1});
  EXPECT_EQ(map.value().shape(), (Shape{2, 3, 4, 2 * 5}));
  const Tensor grid = to_dense(y, {0, 0, 0}, {2, 3, 1});
  EXPECT_EQ(to_doubles(map.value()), to_doubles(grid));
}

TEST(Training, LoadsParametersByName) {
  nn::MinkUNet from(tiny_net());
  nn::MinkUNetOptions other = tiny_net();
  other.seed = 99;
  nn::MinkUNet to(other);
  const SparseTensor x = cube_input(3);
  EXPECT_NE(to_doubles(to(x).features()), to_doubles(from(x).features()));
  nn::NamedTensors tensors = parameters_of(from);
  load_parameters(to, tensors);
  EXPECT_EQ(to_doubles(to(x).features()), to_doubles(from(x).features()));

  // As other frameworks keep them: without the axis of groups.
  tensors["conv0p1s1.weight"] = tensors["conv0p1s1.weight"].reshape({125, 3, 8});
  load_parameters(to, tensors);
  expect_throws<Invalid>([&] { load_parameters(to, tensors, {.prefix = "net."}); },
                         "there is no tensor 'net.conv0p1s1.weight'");
  tensors["stray"] = Tensor::zeros({1}, DType::f32);
  expect_throws<Invalid>([&] { load_parameters(to, tensors); }, "there is no parameter 'stray'");
  load_parameters(to, tensors, {.allow_unknown = true});
  tensors["final.bias"] = Tensor::zeros({4}, DType::f32);
  expect_throws<Invalid>([&] { load_parameters(to, tensors, {.allow_unknown = true}); },
                         "'final.bias' is (4), expected (5)");
}

}  // namespace
}  // namespace voxloom::test
