// Any graph that the builder makes survives being saved and loaded: same text, same results.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "artifact/helpers.h"
#include "artifact/random_data.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {
namespace {

using artifact::GraphBuilder;
using artifact::ValueRef;
using artifact::WeightFamily;

constexpr std::int64_t kChannels = 3;

// Grows a graph by one operation at a time; every value has kChannels channels and lives at stride 1
// or 2, so that any two of one stride fit together.
class RandomGraph {
 public:
  RandomGraph() {
    fine_.push_back(b_.sparse_input("x", {.channels = kChannels}));
    fine_.push_back(b_.sparse_input("y", {.channels = kChannels}));
  }

  void grow() {
    switch (*rc::gen::inRange(0, 10)) {
      case 0: return add(b_.subm_conv3d(any(), {.weight = weight(3)}, {.kernel_size = 3}));
      case 1:
        return add(
            b_.subm_conv3d(any(), {.weight = weight(1, 3)}, {.kernel_size = 1, .groups = 3}));
      case 2: return down();
      case 3: return up();
      case 4: return join();
      case 5: return row_wise();
      case 6: return norm();
      case 7: return add(b_.reindex(any(), last_, fill()));
      case 8: return add(b_.crop(any(), *rc::gen::inRange(-4, 0), *rc::gen::inRange(0, 4)));
      default: return linear();
    }
  }

  artifact::Bundle finish() {
    b_.output("sparse", last_);
    b_.output("pooled", b_.global_pool(any(), PoolMode::sum, 2));
    return b_.bundle();
  }

 private:
  // A value of one of the strides; the others of this step must have the same.
  ValueRef any() {
    const bool coarse = !coarse_.empty() && *rc::gen::arbitrary<bool>();
    last_stride_ = coarse ? 2 : 1;
    last_ = *rc::gen::elementOf(coarse ? coarse_ : fine_);
    return last_;
  }
  void add(ValueRef value) {
    (last_stride_ == 2 ? coarse_ : fine_).push_back(value);
    last_ = value;
  }
  std::string key() { return "weight." + std::to_string(next_key_++); }
  unsigned seed() { return *rc::gen::arbitrary<unsigned>(); }
  float fill() { return *rc::gen::elementOf(std::vector{0.0F, -0.1F, 1e-20F, 3.5e37F}); }

  ValueRef weight(int size, std::int32_t groups = 1) {
    return b_.conv_weight(key(),
                          random_tensor({kChannels, size, size, size, kChannels / groups}, seed()),
                          size, groups);
  }
  ValueRef channel() {
    return b_.weight(key(), WeightFamily::channel, positive_tensor({kChannels}, seed()));
  }
  ValueRef bias() {
    return b_.weight(key(), WeightFamily::bias, random_tensor({kChannels}, seed()));
  }

  void down() {
    const ValueRef from = *rc::gen::elementOf(fine_);
    last_stride_ = 2;
    if (*rc::gen::arbitrary<bool>()) {
      return add(b_.pool3d(from, {.mode = *rc::gen::element(PoolMode::sum, PoolMode::max)}));
    }
    add(b_.conv3d(from, {.weight = weight(2), .bias = bias()}, {.kernel_size = 2, .stride = 2}));
  }
  void up() {
    if (coarse_.empty()) return down();
    const ValueRef from = *rc::gen::elementOf(coarse_);
    const ValueRef target = *rc::gen::elementOf(fine_);
    last_stride_ = 1;
    add(b_.conv_transpose3d(from, {.weight = weight(2), .target = target}));
  }
  void join() {
    const ValueRef lhs = any();
    const ValueRef rhs = *rc::gen::elementOf(last_stride_ == 2 ? coarse_ : fine_);
    const auto how = *rc::gen::element(Join::inner, Join::left, Join::right, Join::outer);
    add(b_.binary(*rc::gen::element(BinaryOp::add, BinaryOp::mul, BinaryOp::maximum), lhs, rhs,
                  {.join = how, .lhs_fill = fill(), .rhs_fill = fill()}));
  }
  void row_wise() {
    const ValueRef x = any();
    const auto kind = *rc::gen::element(Activation::relu, Activation::gelu, Activation::tanh,
                                        Activation::leaky_relu);
    add(b_.with_features(x, b_.activate(b_.features(x), kind, {.alpha = 0.3F})));
  }
  void norm() {
    const ValueRef x = any();
    add(b_.with_features(
        x, b_.batch_norm(
               b_.features(x),
               {.scale = channel(), .bias = bias(), .mean = channel(), .variance = channel()})));
  }
  void linear() {
    const ValueRef x = any();
    const Tensor matrix = random_tensor({kChannels, kChannels}, seed());
    const bool packed = *rc::gen::arbitrary<bool>();
    const Weight stored =
        packed ? Weight(quantize(matrix, {.bits = 4, .group_size = 32})) : Weight(matrix);
    add(b_.with_features(
        x, b_.linear(b_.features(x), b_.weight(key(), WeightFamily::linear, stored), bias())));
  }

  GraphBuilder b_;
  std::vector<ValueRef> fine_, coarse_;
  ValueRef last_;
  int last_stride_ = 1, next_key_ = 0;
};

TensorMap random_inputs() {
  TensorMap inputs;
  for (const char* name : {"x", "y"}) {
    add_sparse_input(inputs, name,
                     random_sparse({.sites = *rc::gen::inRange<std::size_t>(1, 30),
                                    .extent = 4,
                                    .channels = kChannels,
                                    .seed = *rc::gen::arbitrary<unsigned>()}));
  }
  return inputs;
}

RC_GTEST_PROP(SaveLoadRun, IsTheIdentity, ()) {
  RandomGraph graph;
  const int steps = *rc::gen::inRange(1, 12);
  for (int i = 0; i < steps; ++i) graph.grow();
  const artifact::Bundle bundle = graph.finish();
  const TemporaryFolder folder;
  artifact::write_bundle(folder / "x.lattice", bundle);
  const artifact::Bundle back = artifact::read_bundle(folder / "x.lattice");
  RC_ASSERT(artifact::to_text(back.graph) == artifact::to_text(bundle.graph));
  const TensorMap inputs = random_inputs();
  const TensorMap before = artifact::to_tensors(artifact::Model::from_bundle(bundle).run(inputs));
  const TensorMap after = artifact::to_tensors(artifact::Model::from_bundle(back).run(inputs));
  expect_identical(after, before);
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace voxloom::test
