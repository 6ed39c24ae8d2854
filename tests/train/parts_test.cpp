// Optimizers against their formulas, the schedule, metrics and batches, by hand.

#include <gtest/gtest.h>

#include <cmath>

#include "support/oracle_bridge.h"
#include "train/toy_data.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;
using train::Gradients;
using train::Optimizer;

// A layer and the gradients of sum(scale * y) on fixed rows: sums of x times scale.
struct Layer {
  nn::Linear linear{{.in = 2, .out = 1, .seed = 3}};
  Tensor x = Tensor::from<float>({1, 2, 3, 4}, {2, 2});

  void add_gradients(Gradients& to, float factor) const {
    autograd::Tape tape;
    nn::Pass pass(tape);
    tape.backward(autograd::sum(linear.run(x, pass)));
    to.add(pass, factor);
  }
  [[nodiscard]] std::vector<double> values() {
    std::vector<double> all;
    for (const auto& p : linear.named_parameters()) {
      for (const double v : to_doubles(*p.value)) all.push_back(v);
    }
    return all;
  }
};

// dW = (4, 6), db = 2.
const std::vector<double> kGradient = {4, 6, 2};

TEST(Optimizer, AdamWIsItsFormula) {
  Layer layer;
  std::vector<double> p = layer.values(), m(3, 0), v(3, 0);
  Optimizer optimizer(layer.linear, {.weight_decay = 0.1F});
  for (int t = 1; t <= 3; ++t) {
    Gradients gradients(layer.linear);
    const double factor = t == 2 ? -0.5 : 1.0;
    layer.add_gradients(gradients, static_cast<float>(factor));
    optimizer.step(gradients, 0.01F);
    for (std::size_t i = 0; i < 3; ++i) {
      const double g = factor * kGradient[i];
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      if (i < 2) p[i] -= 0.01 * 0.1 * p[i];  // the bias does not decay
      p[i] -= 0.01 * (m[i] / (1 - std::pow(0.9, t))) /
              (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
      EXPECT_NEAR(layer.values()[i], p[i], 2e-6) << t;
    }
  }
  EXPECT_EQ(optimizer.steps(), 3);
}

TEST(Optimizer, SgdIsItsFormula) {
  Layer layer;
  std::vector<double> p = layer.values(), v(3, 0);
  Optimizer optimizer(layer.linear,
                      {.rule = train::Rule::sgd, .momentum = 0.75F, .weight_decay = 0.1F});
  for (int t = 1; t <= 3; ++t) {
    Gradients gradients(layer.linear);
    layer.add_gradients(gradients, 1.0F);
    optimizer.step(gradients, 0.01F);
    for (std::size_t i = 0; i < 3; ++i) {
      v[i] = 0.75 * v[i] + kGradient[i] + (i < 2 ? 0.1 * p[i] : 0.0);
      p[i] -= 0.01 * v[i];
      EXPECT_NEAR(layer.values()[i], p[i], 2e-6) << t;
    }
  }
}

// Sums that somebody else holds, too: they are added to and scaled in place.
TEST(Optimizer, AStepThatIsRefusedChangesNothing) {
  Layer layer;
  const std::vector<double> before = layer.values();
  Optimizer optimizer(layer.linear);
  nn::Linear turned({.in = 1, .out = 2});  // a weight of as many numbers, another bias
  Gradients gradients(turned);
  gradients.set({Tensor::from<float>({3, 4}, {2, 1}), Tensor::from<float>({5, 6}, {2})});
  expect_throws<Invalid>([&] { optimizer.step(gradients, 1.0F); },
                         "the gradient of 'bias' is (2), expected (1)");
  EXPECT_EQ(layer.values(), before);
  EXPECT_EQ(optimizer.steps(), 0);
}

TEST(Optimizer, GradientsThatAreSetAreOnesOwn) {
  Layer layer;
  Gradients gradients(layer.linear);
  const std::vector<Tensor> mine = {Tensor::from<float>({3, 4}, {1, 2}),
                                    Tensor::from<float>({0}, {1})};
  gradients.set(mine);
  EXPECT_EQ(gradients.clip(1), 5);
  layer.add_gradients(gradients, 1.0F);
  EXPECT_EQ(to_doubles(mine[0]), (std::vector<double>{3, 4}));
  EXPECT_EQ(to_doubles(mine[1]), (std::vector<double>{0}));
}

// One weight under two names.
struct Tied final : nn::Module {
  nn::Linear linear{{.in = 2, .out = 1, .seed = 3}};
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return pass.run(linear, x);
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    nn::collect(prefix + "encoder", linear.weight, to);
    nn::collect(prefix + "decoder", linear.weight, to);
    nn::collect(prefix + "bias", linear.bias, to);
  }
};

TEST(Optimizer, TiedWeightsAreFrozenUnderAnyName) {
  for (const char* name : {"encoder", "decoder"}) {
    Tied tied;
    const Gradients gradients(tied, {name});
    ASSERT_EQ(gradients.places().size(), 3U);
    EXPECT_TRUE(gradients.is_frozen(0) && gradients.is_frozen(1)) << name;
    EXPECT_FALSE(gradients.is_frozen(2));
  }
}

TEST(Optimizer, LeavesTensorsOfOthersAlone) {
  Layer layer;
  const Tensor before = layer.linear.weight.tensor();
  const std::vector<double> values = to_doubles(before);
  Optimizer optimizer(layer.linear);
  Gradients gradients(layer.linear);
  layer.add_gradients(gradients, 1.0F);
  optimizer.step(gradients, 0.1F);
  EXPECT_EQ(to_doubles(before), values);
  EXPECT_NE(to_doubles(layer.linear.weight.tensor()), values);
}

// A borrow that became a parameter after the optimizer was made, read-only or not.
TEST(Optimizer, WritesOverNoBorrow) {
  for (const bool is_writable : {true, false}) {
    Layer layer;
    Optimizer optimizer(layer.linear, {.rule = train::Rule::sgd});
    std::vector<float> mine = {1, 2};
    const float* read_only = mine.data();
    layer.linear.weight = is_writable ? Tensor::borrow(mine.data(), {1, 2}, nullptr)
                                      : Tensor::borrow(read_only, {1, 2}, nullptr);
    Gradients gradients(layer.linear);
    layer.add_gradients(gradients, 1.0F);
    optimizer.step(gradients, 0.1F);
    EXPECT_EQ(mine, (std::vector<float>{1, 2}));
    EXPECT_NE(to_doubles(layer.linear.weight.tensor()), (std::vector<double>{1, 2}));
  }
}

TEST(Optimizer, AStateStaysWhatItWas) {
  Layer layer;
  Optimizer optimizer(layer.linear);
  const auto step = [&] {
    Gradients gradients(layer.linear);
    layer.add_gradients(gradients, 1.0F);
    optimizer.step(gradients, 0.1F);
  };
  step();
  const nn::NamedTensors state = optimizer.state();
  const std::vector<double> first = to_doubles(state.at("first.weight"));
  step();
  EXPECT_EQ(to_doubles(state.at("first.weight")), first);
  EXPECT_NE(to_doubles(optimizer.state().at("first.weight")), first);
}

// A state of something else is refused by the name, the shape or the type of its moments, and nothing changes.
TEST(Optimizer, AStateOfSomethingElseIsRefused) {
  Layer layer;
  Optimizer optimizer(layer.linear);
  const nn::NamedTensors good = optimizer.state();
  const auto refused = [&](const char* name, const Tensor& moments) {
    nn::NamedTensors state = good;
    state.erase(name);
    if (moments.defined()) state.emplace(name, moments);
    expect_throws<Invalid>([&] { optimizer.load_state(state, 1); },
                           std::string("the state has no '") + name + "' of shape (1,2)");
  };
  refused("first.weight", {});
  refused("first.weight", Tensor::zeros({2, 1}, DType::f32));
  refused("second.weight", Tensor::zeros({2}, DType::f32));
  refused("second.weight", Tensor::zeros({1, 2}, DType::f16));
  expect_throws<Invalid>([&] { optimizer.load_state(good, -1); }, "-1 steps");
  optimizer.load_state(good, 1);
}

TEST(Gradients, SumsThatAreBorrowedStay) {
  Layer layer;
  Gradients gradients(layer.linear);
  std::vector<float> mine = {30, 40};
  gradients.set({Tensor::borrow(mine.data(), {1, 2}, nullptr), Tensor{}});
  EXPECT_NEAR(gradients.clip(5.0), 50.0, 1e-5);
  layer.add_gradients(gradients, 1.0F);
  EXPECT_EQ(mine, (std::vector<float>{30, 40}));
  EXPECT_EQ(to_doubles(gradients.tensors()[0]), (std::vector<double>{3 + 4, 4 + 6}));
}

// a + b, whose gradients are one tensor.
class TwoSummands : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& /*x*/, nn::Pass& pass) const override {
    return autograd::plus(pass.parameter(a_), pass.parameter(b_));
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    nn::collect(prefix + "a", a_, to);
    nn::collect(prefix + "b", b_, to);
  }

 private:
  nn::Parameter a_{Tensor::full({2}, DType::f32, 1)}, b_{Tensor::full({2}, DType::f32, 2)};
};

TEST(Gradients, ThatAreOneTensorAreAddedUpAndClippedByThemselves) {
  TwoSummands net;
  Gradients gradients(net);
  for (int step = 0; step < 2; ++step) {
    autograd::Tape tape;
    nn::Pass pass(tape);
    tape.backward(autograd::sum(net.run({}, pass)));
    gradients.add(pass, 1.0F);
  }
  const auto expect_all = [&](double value) {
    for (const Tensor& sum : gradients.tensors()) {
      EXPECT_EQ(to_doubles(sum), (std::vector<double>{value, value}));
    }
  };
  expect_all(2);
  EXPECT_EQ(gradients.clip(2.0), 4.0);
  expect_all(1);
}

// Sums of one shape are never added to another.
TEST(Gradients, OfAParameterThatWasReplacedAreRefused) {
  Layer layer;
  Gradients gradients(layer.linear);
  layer.add_gradients(gradients, 1.0F);
  layer.linear.weight = Tensor::zeros({1, 1}, DType::f32);
  layer.x = Tensor::zeros({2, 1}, DType::f32);
  expect_throws<Invalid>([&] { layer.add_gradients(gradients, 1.0F); },
                         "gradient 0 is (1,1), expected (1,2): its parameter was replaced");
}

TEST(Gradients, AddUpAndClip) {
  Layer layer;
  Gradients gradients(layer.linear);
  layer.add_gradients(gradients, 1.0F);
  layer.add_gradients(gradients, 0.5F);
  const double norm = 1.5 * std::sqrt(16 + 36 + 4);
  EXPECT_NEAR(gradients.norm(), norm, 1e-5);
  EXPECT_NEAR(gradients.clip(3.0), norm, 1e-5);
  EXPECT_NEAR(gradients.norm(), 3.0, 1e-5);
  EXPECT_NEAR(gradients.clip(5.0), 3.0, 1e-5);
  EXPECT_NEAR(gradients.norm(), 3.0, 1e-5);  // small ones stay
  gradients.clear();
  EXPECT_EQ(gradients.norm(), 0.0);
  expect_throws<Invalid>([&] { gradients.clip(0); }, "above 0");
}

TEST(Schedule, WarmsUpThenFallsAlongACosine) {
  const train::Schedule schedule{.rate = 1.0F, .warmup = 4, .steps = 24, .last = 0.1F};
  EXPECT_FLOAT_EQ(schedule.at(0), 0.2F);
  EXPECT_FLOAT_EQ(schedule.at(3), 0.8F);
  EXPECT_FLOAT_EQ(schedule.at(4), 1.0F);
  EXPECT_FLOAT_EQ(schedule.at(14), 0.55F);
  EXPECT_FLOAT_EQ(schedule.at(24), 0.1F);
  EXPECT_FLOAT_EQ(schedule.at(99), 0.1F);
}

// Labels 0 0 0 1 1 -, predictions 0 0 1 1 - 0.
TEST(ConfusionMatrix, CountsByHand) {
  train::ConfusionMatrix m(4);
  const std::vector<std::int32_t> labels = {0, 0, 0, 1, 1, -1}, predictions = {0, 0, 1, 1, -1, 0};
  m.add(labels, predictions);
  EXPECT_EQ(m.count(0, 1), 1);
  EXPECT_EQ(m.count(1, -1), 1);
  EXPECT_EQ(m.labelled(1), 2);
  EXPECT_DOUBLE_EQ(*m.iou(0), 2.0 / 3);
  EXPECT_DOUBLE_EQ(*m.iou(1), 1.0 / 3);
  EXPECT_FALSE(m.iou(2));
  EXPECT_DOUBLE_EQ(m.mean_iou(), 0.5);
  EXPECT_DOUBLE_EQ(m.accuracy(), 0.6);
  train::ConfusionMatrix twice = m;
  twice.add(m);
  EXPECT_EQ(twice.count(0, 0), 4);
  EXPECT_DOUBLE_EQ(twice.mean_iou(), 0.5);
  EXPECT_EQ(train::ConfusionMatrix(2).mean_iou(), 0.0);
}

TEST(ConfusionMatrix, RefusesMisuse) {
  train::ConfusionMatrix m(2);
  const std::vector<std::int32_t> one = {1}, two = {2}, none;
  expect_throws<Invalid>([&] { m.add(two, two); }, "row 0 has label 2");
  expect_throws<Invalid>([&] { m.add(two, one); }, "row 0 has label 2 and prediction 1");
  // In the matrix its place would be that of rows without a prediction.
  expect_throws<Invalid>([&] { m.add(one, two); }, "row 0 has label 1 and prediction 2");
  expect_throws<Invalid>([&] { m.add(two, none); }, "1 labels for 0 predictions");
  expect_throws<Invalid>([&] { m.add(train::ConfusionMatrix(3)); }, "classes met");
  expect_throws<Invalid>([] { train::ConfusionMatrix(0); }, "needs 1 to");
}

TEST(LargestScores, TakesTheFirstAmongEquals) {
  const Tensor scores = Tensor::from<float>({1, 3, 3, -1, -2, -1}, {2, 3});
  EXPECT_EQ(train::largest_scores(scores), (std::vector<std::int32_t>{1, 0}));
}

TEST(LargestScores, IsNoneWhereOneIsNoNumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor scores = Tensor::from<float>({1, nan, 3, nan, -2, -1, 5, 6, 2}, {3, 3});
  EXPECT_EQ(train::largest_scores(scores), (std::vector<std::int32_t>{-1, -1, 1}));
}

TEST(Batch, AmongEquallyFrequentLabelsTheLowestIsTaken) {
  const LabelledScan scan{{{0.1F, 0, 0}, {0.2F, 0, 0}, {0.3F, 0, 0}, {0.4F, 0, 0}, {0.5F, 0, 0}},
                          {0, 0, 0, 0, 0},
                          {4, 2, 4, 2, kIgnoreLabel}};
  EXPECT_EQ(train::make_batch({scan}, 1.0).labels.data<std::int32_t>()[0], 2);
}

TEST(Batch, TakesTheMostFrequentLabelOfAVoxel) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  LabelledScan a{{{0.1F, 0, 0}, {0.2F, 0, 0}, {0.3F, 0, 0}, {5, 0, 0}, {nan, 0, 0}},
                 {0.5F, 0.25F, 0, 1, 1},
                 {2, 1, 1, kIgnoreLabel, 0}};
  LabelledScan b{{{0, 30, 8}}, {1}, {4}};
  const train::VoxelBatch batch = train::make_batch({a, b}, 1.0);
  ASSERT_EQ(batch.x.rows(), 3);
  EXPECT_EQ(batch.x.batch_size(), 2);
  EXPECT_EQ(batch.row_of_point, (std::vector<std::int32_t>{0, 0, 0, 1, -1, 2}));
  EXPECT_EQ(batch.x.coords()[2], (Coordinate{1, 0, 30, 8}));
  const auto labels = batch.labels.span<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(labels.begin(), labels.end()),
            (std::vector<std::int32_t>{1, kIgnoreLabel, 4}));
  const std::vector<double> f = to_doubles(batch.x.features());
  EXPECT_NEAR(f[0], 0.25, 1e-6);
  EXPECT_NEAR(f[2], 0.2 / 50, 1e-6);
  EXPECT_NEAR(f[6], 1, 1e-6);
  EXPECT_NEAR(f[7], 2, 1e-6);
  EXPECT_NEAR(f[8], 0.6, 1e-6);
  b.labels.clear();
  expect_throws<Invalid>([&] { static_cast<void>(train::make_batch({b}, 1.0)); }, "0 labels");
  expect_throws<Invalid>([&] { static_cast<void>(train::make_batch({a}, 0)); }, "voxel size");
}

}  // namespace
}  // namespace voxloom::test
