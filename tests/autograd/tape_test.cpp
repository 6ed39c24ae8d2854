// What a tape keeps, lets go and refuses.

#include <gtest/gtest.h>

#include "autograd/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Variables = std::vector<Variable>;

Tensor random_tensor(std::uint64_t seed, Shape shape) {
  oracle::Random random(seed);
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  return to_tensor(oracle::random_values(random, size), std::move(shape));
}

// Two products with a rectifier and a dropout between them.
Variable small_net(Tape& tape, const Variable& x, const Variable& w1, const Variable& w2) {
  const Variable hidden = activate(autograd::subm_conv3d(x, {w1}), Activation::relu);
  return autograd::subm_conv3d(autograd::dropout(hidden, 0.5F, tape.next_seed()), {w2});
}

struct Net {
  CaseSet s = case_set(41, 60, {5, 5, 5});
  Tensor x = random_tensor(1, {s.set.size(), 4});
  Tensor w1 = random_tensor(2, {27, 4, 8}), w2 = random_tensor(3, {27, 8, 3});

  // The gradients of all three, one after another.
  [[nodiscard]] std::vector<Tensor> gradients(bool is_checkpointed) const {
    Tape tape(9);
    const Variable vx(tape.watch(x), s.set), a = tape.watch(w1), b = tape.watch(w2);
    const Variable y =
        is_checkpointed
            ? tape.checkpoint([&](const Variables& in) { return small_net(tape, in[0], a, b); },
                              {vx})
            : small_net(tape, vx, a, b);
    tape.backward(autograd::sum(autograd::mul(y, y)));
    return {tape.gradient(vx), tape.gradient(a), tape.gradient(b)};
  }
};

TEST(Tape, CheckpointsGiveTheSameBitsForLessMemory) {
  const Net net;
  const auto kept = net.gradients(false), redone = net.gradients(true);
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(same_bits(kept[i], redone[i])) << i;

  Tape tape;
  const Variable x(tape.watch(net.x), net.s.set), a = tape.watch(net.w1), b = tape.watch(net.w2);
  static_cast<void>(small_net(tape, x, a, b));
  const std::size_t whole = tape.saved_bytes();
  Tape other;
  const Variable x2(other.watch(net.x), net.s.set), a2 = other.watch(net.w1),
                                                    b2 = other.watch(net.w2);
  static_cast<void>(
      other.checkpoint([&](const Variables& in) { return small_net(other, in[0], a2, b2); }, {x2}));
  EXPECT_EQ(other.saved_bytes(), net.x.bytes());
  EXPECT_GT(whole, 3 * other.saved_bytes());
}

// What was told of a gradient on the way is what stands at the end, checkpoint or not; what is watched last
// comes first.
TEST(Tape, TellsWhenAGradientIsWhole) {
  const Net net;
  for (const bool is_checkpointed : {false, true}) {
    Tape tape;
    std::vector<std::size_t> order;
    std::vector<Tensor> told(3);
    Variables watched(3);
    const auto watch = [&](std::size_t i, const Tensor& value) {
      watched[i] = tape.watch(value, [&, i] {
        order.push_back(i);
        const Tensor gradient = tape.gradient(watched[i]);
        if (gradient.defined()) told[i] = gradient.clone();
      });
    };
    watch(0, net.w1);
    watch(1, net.w2);
    watch(2, net.w1);  // has no part
    // Both weights are used twice.
    const auto run = [&](const Variables& in) {
      return Variable(autograd::plus(small_net(tape, in[0], watched[0], watched[1]),
                                     small_net(tape, in[0], watched[0], watched[1])),
                      net.s.set);
    };
    const Variable x(net.x), sparse(x, net.s.set);
    const Variable y = is_checkpointed ? tape.checkpoint(run, {sparse}) : run({sparse});
    tape.backward(autograd::sum(autograd::mul(y, y)));
    EXPECT_EQ(order, (std::vector<std::size_t>{2, 1, 0}));
    EXPECT_FALSE(told[2].defined());
    for (const std::size_t i : {0U, 1U}) {
      EXPECT_TRUE(same_bits(told[i], tape.gradient(watched[i]))) << i;
    }
  }
}

// The gradient of the first result would be read as if it were of the second.
TEST(Tape, ACheckpointThatGivesAnotherShapeIsRefused) {
  Tape tape;
  const Variable x = tape.watch(random_tensor(5, {4, 2}));
  int runs = 0;
  const Variable y = tape.checkpoint(
      [&](const Variables& in) { return ++runs == 1 ? autograd::sum(in[0]) : in[0]; }, {x});
  expect_throws<std::invalid_argument>([&] { tape.backward(y); },
                                       "the function gave (1) at first, (4,2) when it ran again");
}

TEST(Tape, NestsCheckpoints) {
  Tape tape;
  const Variable x = tape.watch(random_tensor(5, {6, 3})), w = tape.watch(random_tensor(6, {3, 3}));
  const auto layer = [&](const Variables& in) {
    return activate(autograd::linear(in[0], {w}), Activation::tanh);
  };
  const auto twice = [&](const Variables& in) {
    return tape.checkpoint(layer, {tape.checkpoint(layer, in)});
  };
  tape.backward(autograd::sum(tape.checkpoint(twice, {x})));
  const Tensor dx = tape.gradient(x), dw = tape.gradient(w);
  Tape plain;
  const Variable x2 = plain.watch(x.value()), w2 = plain.watch(w.value());
  Variable y = x2;
  for (int i = 0; i < 2; ++i) y = activate(autograd::linear(y, {w2}), Activation::tanh);
  plain.backward(autograd::sum(y));
  EXPECT_TRUE(same_bits(dx, plain.gradient(x2)));
  EXPECT_TRUE(same_bits(dw, plain.gradient(w2)));
}

TEST(Tape, HasTheSameBitsAtEveryThreadCount) {
  const Net net;
  for (std::size_t i = 0; i < 3; ++i) {
    expect_same_bits_at_every_thread_count([&] { return net.gradients(false)[i]; },
                                           "gradient " + std::to_string(i));
  }
}

TEST(Tape, LetsGoOfWhatItPassed) {
  Tape tape;
  const Variable x = tape.watch(random_tensor(5, {6, 3}));
  Variable y = x;
  for (int i = 0; i < 4; ++i) y = activate(y, Activation::silu);
  EXPECT_EQ(tape.saved_bytes(), 4U * 6 * 3 * sizeof(float));
  EXPECT_EQ(tape.operations().size(), 4U);
  tape.backward(autograd::sum(y));
  EXPECT_EQ(tape.saved_bytes(), 0U);
  EXPECT_TRUE(tape.operations().empty());
  expect_throws<std::invalid_argument>([&] { static_cast<void>(autograd::sum(y)); },
                                       "walked back past this variable");
}

TEST(Tape, ConstantsCostNothing) {
  Tape tape;
  const Variable w = tape.watch(random_tensor(5, {3, 3}));
  const Variable x(random_tensor(6, {8, 3}));
  static_cast<void>(autograd::exp(autograd::softmax(x)));
  EXPECT_TRUE(tape.operations().empty());
  const Variable y = autograd::linear(x, {w});
  EXPECT_EQ(tape.operations(), std::vector<std::string_view>{"linear"});
  tape.backward(autograd::sum(y));
  EXPECT_FALSE(tape.gradient(w).shape().empty());
}

TEST(Tape, SumsOverSeveralWalks) {
  Tape tape;
  const Variable x = tape.watch(random_tensor(5, {4, 2}));
  tape.backward(autograd::sum(autograd::scale(x, 2)));
  tape.backward(autograd::sum(autograd::scale(x, 3)));
  EXPECT_EQ(to_doubles(tape.gradient(x)), std::vector<double>(8, 5.0));
}

TEST(Tape, RefusesMisuse) {
  using Invalid = std::invalid_argument;
  Tape tape, other;
  const Variable x = tape.watch(random_tensor(5, {4, 2}));
  const Variable z = other.watch(random_tensor(5, {4, 2}));
  const CaseSet s = case_set(1, 4);
  expect_throws<Invalid>([&] { tape.backward(x); }, "backward starts from one element, got (4,2)");
  expect_throws<Invalid>([&] { tape.backward(autograd::sum(z)); }, "stands on this tape");
  expect_throws<Invalid>(
      [&] {
        tape.backward(x, random_tensor(1, {4, 3}));
      },
      "the gradient is (4,3), the value (4,2)");
  expect_throws<Invalid>([&] { static_cast<void>(tape.watch(Tensor::zeros({2}, DType::f16))); },
                         "variables on a tape are float32, got float16");
  expect_throws<Invalid>([&] { static_cast<void>(x.tensor()); }, "expected a sparse variable");
  expect_throws<Invalid>(
      [&] { static_cast<void>(tape.gradient(Variable(Tensor::zeros({2}, DType::f32)))); },
      "asked for that of a constant");
  expect_throws<Invalid>([&] { static_cast<void>(tape.take_gradient(Variable())); },
                         "asked for that of a constant");
  expect_throws<Invalid>([&] { static_cast<void>(tape.gradient(autograd::scale(x, 2))); },
                         "asked for that of an operation's result");
  expect_throws<Invalid>(
      [&] { static_cast<void>(autograd::add(Variable(x, s.set), Variable(z, s.set))); },
      "variables of two tapes");
  expect_throws<Invalid>([] { static_cast<void>(autograd::scale(Variable(), 2)); },
                         "[scale] expected a variable with a value");
  expect_throws<Invalid>([&] { static_cast<void>(autograd::dropout(x, 1.0F, 0)); },
                         "[dropout] the probability");
  expect_throws<Invalid>(
      [&] { static_cast<void>(autograd::cross_entropy(x, Tensor::zeros({4}, DType::i64))); },
      "expected labels of shape (4) and type int32, got (4) int64");
  expect_throws<Invalid>(
      [&] {
        static_cast<void>(
            autograd::cross_entropy(x, Tensor::from<std::int32_t>({0, 1, 2, 0}, {4})));
      },
      "row 2 has label 2, there are 2 classes");
  const Tensor targets = Tensor::zeros({4, 2}, DType::f32);
  expect_throws<Invalid>(
      [&] {
        static_cast<void>(autograd::squared_error(x, Tensor::zeros({4, 3}, DType::f32)));
      },
      "[squared_error] expected targets of shape (4,2) and type float32, got (4,3) float32");
  expect_throws<Invalid>(
      [&] {
        static_cast<void>(
            autograd::squared_error(x, targets, Tensor::from<float>({1, -1, 1, 1}, {4})));
      },
      "a row weight is -1");
  expect_throws<Invalid>([&] { static_cast<void>(autograd::smooth_l1(x, targets, 0.0F)); },
                         "[smooth_l1] beta should be above 0, got 0");
  expect_throws<Invalid>(
      [&] { static_cast<void>(autograd::binary_cross_entropy(x, targets, -2.0F)); },
      "[binary_cross_entropy] the weight of positives should be above 0, got -2");
  const Tensor wide = Tensor::from<float>({0, 1, 0.5F, 255, 0, 0, 0, 0}, {4, 2});
  expect_throws<Invalid>([&] { static_cast<void>(autograd::binary_cross_entropy(x, wide)); },
                         "[binary_cross_entropy] the target of row 1, channel 1 is 255, expected 0 "
                         "to 1");
  // A row without weight has no targets.
  EXPECT_NO_THROW(static_cast<void>(
      autograd::binary_cross_entropy(x, wide, 1.0F, Tensor::from<float>({1, 0, 1, 1}, {4}))));
  const Variable ones = Tensor::full({2}, DType::f32, 1.0F);
  expect_throws<Invalid>([&] { static_cast<void>(autograd::instance_norm(x, {ones})); },
                         "[instance_norm] needs a sparse tensor");
}

// Far from 0 the loss is linear, and right where its exponentials are not.
TEST(Losses, BinaryCrossEntropyTakesLargeScores) {
  Tape tape;
  const Variable x = tape.watch(Tensor::from<float>({1e4F, -1e4F, 1e4F, -1e4F}, {2, 2}));
  const Variable loss =
      autograd::binary_cross_entropy(x, Tensor::from<float>({1, 0, 0, 1}, {2, 2}));
  EXPECT_EQ(to_doubles(loss.value()), std::vector<double>{5e3});
  tape.backward(loss);
  EXPECT_EQ(to_doubles(tape.gradient(x)), (std::vector<double>{0, 0, 0.25, -0.25}));
}

// A row without weight counts for nothing, even where there is no target.
TEST(Losses, PassOverRowsWithoutWeight) {
  Tape tape;
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  const Variable x = tape.watch(Tensor::from<float>({3, 7}, {2, 1}));
  const Tensor targets = Tensor::from<float>({1, nothing}, {2, 1});
  const Variable loss = autograd::squared_error(x, targets, Tensor::from<float>({0.5F, 0}, {2}));
  EXPECT_EQ(to_doubles(loss.value()), std::vector<double>{4});
  tape.backward(loss);
  EXPECT_EQ(to_doubles(tape.gradient(x)), (std::vector<double>{4, 0}));
  const Variable none = autograd::squared_error(x, targets, Tensor::zeros({2}, DType::f32));
  EXPECT_EQ(to_doubles(none.value()), std::vector<double>{0});
}

TEST(Losses, OfNothingAreZero) {
  Tape tape;
  const Variable x = tape.watch(random_tensor(5, {2, 3}));
  const Tensor ignored = Tensor::from<std::int32_t>({-1, -1}, {2});
  const Variable entropy = autograd::cross_entropy(x, ignored);
  const Variable jaccard = autograd::lovasz_softmax(x, ignored);
  EXPECT_EQ(to_doubles(entropy.value()), std::vector<double>{0.0});
  EXPECT_EQ(to_doubles(jaccard.value()), std::vector<double>{0.0});
  tape.backward(entropy);
  EXPECT_EQ(to_doubles(tape.gradient(x)), std::vector<double>(6, 0.0));
}

// y = x^3, with a gradient that a caller wrote.
Variable cube(const Variable& x) {
  Tensor y = x.value().clone();
  for (float& v : y.mutable_span<float>()) v = v * v * v;
  const auto gradient = [x = x.value()](const Tensor& dy) {
    Tensor dx = x.clone();
    const auto g = dy.span<float>();
    std::size_t i = 0;
    for (float& v : dx.mutable_span<float>()) v = 3.0F * v * v * g[i++];
    return std::vector{dx};
  };
  return autograd::record_operation("cube", Variable(y), {x}, gradient, {x.value()});
}

TEST(OwnOperation, StandsOnTheTapeLikeAnyOther) {
  autograd::Tape tape;
  const Variable x = tape.watch(Tensor::from<float>({1, -2, 3}, {3, 1}));
  const Variable y = autograd::scale(cube(autograd::scale(x, 2.0F)), 0.5F);
  EXPECT_EQ(tape.operations(), (std::vector<std::string_view>{"scale", "cube", "scale"}));
  EXPECT_EQ(tape.saved_bytes(), 3 * sizeof(float));
  tape.backward(autograd::sum(y));
  // d/dx 0.5 (2x)^3 = 12 x^2
  EXPECT_EQ(to_doubles(tape.gradient(x)), (std::vector<double>{12, 48, 108}));
  EXPECT_FALSE(cube(Variable(Tensor::full({1}, DType::f32, 2.0F))).needs_gradient());
}

TEST(OwnOperation, ItsNameStaysAsLongAsTheTape) {
  autograd::Tape tape;
  const Variable x = tape.watch(Tensor::from<float>({1, 2}, {2, 1}));
  Variable y = cube(x);
  const std::vector<std::string_view> names = tape.operations();
  for (int i = 0; i < 100; ++i) y = autograd::scale(y, 1.0F);
  tape.backward(autograd::sum(y));
  EXPECT_EQ(names, (std::vector<std::string_view>{"cube"}));
}

// What was summed up on the way to an error is some of it, and would be summed up once more.
TEST(OwnOperation, ATapeWhoseWalkFailedIsOver) {
  autograd::Tape tape;
  const Variable x = tape.watch(Tensor::from<float>({1, 2}, {2, 1}));
  const Variable y = autograd::scale(x, 2.0F);
  const Variable failing = autograd::record_operation(
      "mine", Variable(y.value()), {y},
      [](const Tensor&) -> std::vector<Tensor> { throw std::runtime_error("no gradient today"); });
  expect_throws<std::runtime_error>(
      [&] { tape.backward(autograd::sum(autograd::plus(y, failing))); }, "no gradient today");
  constexpr const char* kOver = "a walk back over this tape failed on its way";
  expect_throws<std::invalid_argument>([&] { tape.backward(autograd::sum(y)); }, kOver);
  expect_throws<std::invalid_argument>([&] { return tape.gradient(x); }, kOver);
  expect_throws<std::invalid_argument>([&] { return tape.take_gradient(x); }, kOver);
}

TEST(OwnOperation, ItsGradientsAreChecked) {
  const auto wrong = [](std::vector<Tensor> gradients) {
    autograd::Tape tape;
    const Variable x = tape.watch(Tensor::from<float>({1, 2}, {2, 1}));
    const Variable y =
        autograd::record_operation("mine", Variable(x.value().clone()), {x},
                                   [gradients](const Tensor& /*dy*/) { return gradients; });
    tape.backward(autograd::sum(y));
  };
  expect_throws<std::invalid_argument>([&] { wrong({}); }, "[mine] its gradient function gave 0");
  expect_throws<std::invalid_argument>(
      [&] {
        wrong({Tensor::zeros({3, 1}, DType::f32)});
      },
      "[mine] the gradient of input 0 should be float32 of shape (2,1), got float32 (3,1)");
}

}  // namespace
}  // namespace voxloom::test
