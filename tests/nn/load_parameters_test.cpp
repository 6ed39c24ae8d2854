// Parameters by name from other layouts and types: each means the same network, or is refused.

#include "conv/cases.h"
#include "support/same_bits.h"
#include "voxloom/models.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;
using nn::NamedTensors;

SparseTensor input(std::int64_t channels) {
  oracle::Random random(3);
  return random_input(random, {.count = 60, .extent = {8, 8, 8}, .batches = {0, 1}}, channels).x;
}

Tensor counted(Shape shape) {
  Tensor tensor = Tensor::empty(std::move(shape), DType::f32);
  float next = 1;
  for (float& value : tensor.mutable_span<float>()) value = next++;
  return tensor;
}

// (K, G, in, out) with its kernel outermost as (G * out, Kx, Ky, Kz, in).
Tensor output_major(const Tensor& w, Triple size) {
  const std::int64_t volume = w.dim(0), groups = w.dim(1), in = w.dim(2), out = w.dim(3);
  Tensor turned = Tensor::empty({groups * out, size.x, size.y, size.z, in}, DType::f32);
  const auto from = w.span<float>();
  const auto to = turned.mutable_span<float>();
  for (std::int64_t k = 0; k < volume; ++k) {
    for (std::int64_t g = 0; g < groups; ++g) {
      for (std::int64_t i = 0; i < in; ++i) {
        for (std::int64_t o = 0; o < out; ++o) {
          to[static_cast<std::size_t>(((g * out + o) * volume + k) * in + i)] =
              from[static_cast<std::size_t>(((k * groups + g) * in + i) * out + o)];
        }
      }
    }
  }
  return turned;
}

Tensor transposed(const Tensor& w) {
  Tensor turned = Tensor::empty({w.dim(1), w.dim(0)}, DType::f32);
  for (std::int64_t i = 0; i < w.dim(0); ++i) {
    for (std::int64_t o = 0; o < w.dim(1); ++o) {
      turned.mutable_span<float>()[static_cast<std::size_t>(o * w.dim(0) + i)] =
          w.span<float>()[static_cast<std::size_t>(i * w.dim(1) + o)];
    }
  }
  return turned;
}

TEST(LoadParameters, AnyLayoutIsKeptInTheModulesOwn) {
  nn::Conv3d layer({.in = 4, .out = 6, .bias = false}, {.kernel_size = {3, 1, 2}, .groups = 2});
  const Tensor weight = counted({6, 2, 2, 3});
  load_parameters(layer, {{"weight", output_major(weight, {3, 1, 2})}});
  EXPECT_EQ(layer.weight.tensor().shape(), weight.shape());
  EXPECT_TRUE(same_bits(layer.weight.tensor(), weight));
  // Its own layout after another was loaded.
  const nn::Conv3d other({.in = 4, .out = 6, .bias = false, .seed = 7}, layer.options);
  load_parameters(layer, parameters_of(other));
  EXPECT_TRUE(same_bits(layer.weight.tensor(), other.weight.tensor()));
}

TEST(LoadParameters, AKernelIsCheckedAxisByAxis) {
  nn::Conv3d layer({.in = 2, .out = 3, .bias = false}, {.kernel_size = {3, 1, 2}});
  const Tensor before = layer.weight.tensor();
  expect_throws<Invalid>(
      [&] {
        load_parameters(layer, {{"weight", counted({3, 1, 3, 2, 2})}});
      },
      "'weight' is (3,1,3,2,2), expected (6,1,2,3)");
  EXPECT_TRUE(same_bits(layer.weight.tensor(), before));
}

// The sizes of its axes would pass for those of another order.
TEST(LoadParameters, AKernelOfEqualSizesIsCheckedToo) {
  nn::Conv3d layer({.in = 3, .out = 3, .bias = false}, {.kernel_size = {1, 3, 1}});
  expect_throws<Invalid>(
      [&] {
        load_parameters(layer, {{"weight", counted({3, 3, 1, 1, 3})}});
      },
      "'weight' is (3,3,1,1,3), expected (3,1,3,3)");
}

// All numbers of one order would pass for the other: the layout alone tells.
TEST(LoadParameters, TheMatrixOfAPointIsOutIn) {
  for (const std::int64_t out : {3, 5}) {
    nn::Conv3d layer({.in = 3, .out = out, .bias = false}, {.kernel_size = 1});
    const SparseTensor x = input(3);
    const Tensor matrix = counted({out, 3});
    const Tensor expected = conv3d(x, matrix, {}, {.kernel_size = 1}).features();
    load_parameters(layer, {{"weight", matrix}});
    EXPECT_EQ(to_doubles(layer(x).features()), to_doubles(expected));
    const Tensor turned = transposed(matrix);
    load_parameters(layer, {{"weight", turned.reshape({1, 3, out})}});  // kernel-major
    EXPECT_EQ(to_doubles(layer(x).features()), to_doubles(expected));
    load_parameters(layer, {{"weight", turned}}, {.matrices_are_in_out = true});
    EXPECT_EQ(to_doubles(layer(x).features()), to_doubles(expected));
    load_parameters(layer, {{"weight", matrix.reshape({out, 1, 1, 1, 3})}});
    EXPECT_EQ(to_doubles(layer(x).features()), to_doubles(expected));
  }
}

TEST(LoadParameters, AMatrixOfTheOtherOrderIsRefused) {
  nn::Conv3d layer({.in = 3, .out = 5, .bias = false}, {.kernel_size = 1});
  expect_throws<Invalid>(
      [&] {
        load_parameters(layer, {{"weight", counted({3, 5})}});
      },
      "'weight' is (3,5), expected (1,1,3,5), or (C_out,C_in); "
      "LoadOptions::matrices_are_in_out turns it");
}

// The input channels fit, so that only the outputs tell.
TEST(LoadParameters, AWeightOfOtherOutputChannelsIsRefused) {
  const auto refused = [](nn::Module& layer, const Shape& shape) {
    expect_throws<Invalid>(
        [&] {
          load_parameters(layer, {{"weight", counted(shape)}});
        },
        "'weight' is " + to_string(shape) + ", expected");
  };
  nn::SubmConv3d conv({.in = 2, .out = 3, .bias = false});
  refused(conv, {27, 2, 4});
  refused(conv, {27, 1, 2, 2});
  refused(conv, {4, 3, 3, 3, 2});
  nn::Conv3d point({.in = 3, .out = 5, .bias = false}, {.kernel_size = 1});
  refused(point, {4, 3});
  nn::Linear linear({.in = 3, .out = 5, .bias = false});
  refused(linear, {6, 3});
}

TEST(LoadParameters, LinearKeepsOutIn) {
  for (const std::int64_t out : {3, 5}) {
    nn::Linear layer({.in = 3, .out = out, .bias = false});
    const Tensor matrix = counted({out, 3});
    load_parameters(layer, {{"weight", transposed(matrix).reshape({1, 3, out})}});
    EXPECT_EQ(layer.weight.tensor().shape(), matrix.shape());
    EXPECT_TRUE(same_bits(layer.weight.tensor(), matrix));
    // Those of a linear layer are (C_out, C_in) whatever those of convolutions are.
    load_parameters(layer, {{"weight", matrix}}, {.matrices_are_in_out = true});
    EXPECT_TRUE(same_bits(layer.weight.tensor(), matrix));
  }
}

TEST(LoadParameters, DepthwiseByRank) {
  nn::SubmConv3d layer({.in = 4, .out = 4, .bias = false}, {.kernel_size = 3, .groups = 4});
  const Tensor weight = counted({27, 4});
  load_parameters(layer, {{"weight", weight}});
  EXPECT_TRUE(same_bits(layer.weight.tensor(), weight.reshape({27, 4, 1, 1})));
}

TEST(LoadParameters, HalvesAreWidened) {
  for (const DType half : {DType::f16, DType::bf16}) {
    nn::SubmConv3d layer({.in = 2, .out = 3});
    const nn::SubmConv3d from({.in = 2, .out = 3, .seed = 4});
    const Tensor weight = from.weight.tensor().to(half), bias = from.bias.tensor().to(half);
    load_parameters(layer, {{"weight", weight}, {"bias", bias}});
    EXPECT_TRUE(same_bits(layer.weight.tensor(), weight.to(DType::f32)));
    EXPECT_TRUE(same_bits(layer.bias.tensor(), bias.to(DType::f32)));
  }
}

TEST(LoadParameters, NothingIsRoundedInSilence) {
  nn::MinkUNet net({.classes = 3, .depth = 14, .stem = 4, .planes = {4, 4, 4, 4, 4, 4, 4, 4}});
  const NamedTensors full = parameters_of(net);
  net.to(DType::f16);
  expect_throws<Invalid>([&] { load_parameters(net, full); }, "expected");
  nn::SubmConv3d layer({.in = 2, .out = 3, .bias = false});
  expect_throws<Invalid>(
      [&] {
        load_parameters(layer, {{"weight", Tensor::zeros({27, 2, 3}, DType::f64)}});
      },
      "expected");
}

TEST(LoadParameters, CountsOfBatchesArePassedOver) {
  nn::BatchNorm norm(2);
  NamedTensors tensors = parameters_of(norm);
  tensors["num_batches_tracked"] = Tensor::from(std::vector<std::int64_t>{5}, {});
  load_parameters(norm, tensors);
  // Where there is no norm it is a name like any other.
  nn::SubmConv3d layer({.in = 2, .out = 3});
  tensors = parameters_of(layer);
  tensors["num_batches_tracked"] = Tensor::from(std::vector<std::int64_t>{5}, {});
  expect_throws<Invalid>([&] { load_parameters(layer, tensors); },
                         "there is no parameter 'num_batches_tracked'");
}

// One weight under two names, as an encoder and a decoder share it.
class Tied final : public nn::Module {
 public:
  Tied() : Tied(nn::SubmConv3d({.in = 2, .out = 2, .bias = false})) {}
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return pass.run(layer, x);
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    layer.collect_parameters(prefix + "encoder.", to);
    layer.collect_parameters(prefix + "decoder.", to);
  }

  nn::SubmConv3d layer;

 private:
  explicit Tied(nn::SubmConv3d first) : layer(std::move(first)) {}
};

TEST(LoadParameters, TiedWeightsNeedOneOfTheirNames) {
  const Tensor weight = counted({27, 1, 2, 2});
  for (const char* name : {"encoder.weight", "decoder.weight"}) {
    Tied tied;
    load_parameters(tied, {{name, weight}});
    EXPECT_TRUE(same_bits(tied.layer.weight.tensor(), weight)) << name;
  }
  Tied tied;
  // As files keep them that have a tensor for each name; another layout of it is the same.
  load_parameters(
      tied, {{"encoder.weight", weight}, {"decoder.weight", output_major(weight, {3, 3, 3})}});
  EXPECT_TRUE(same_bits(tied.layer.weight.tensor(), weight));
  Tensor other = weight.clone();
  other.mutable_span<float>()[5] = 0;
  expect_throws<Invalid>(
      [&] {
        load_parameters(tied, {{"encoder.weight", weight}, {"decoder.weight", other}});
      },
      "'encoder.weight' and 'decoder.weight' are one parameter, but their tensors differ");
  expect_throws<Invalid>([&] { load_parameters(tied, {}); }, "there is no tensor 'encoder.weight'");
}

// Two parameters with the same elements: files have them once (ExportModule.ParametersThatShareComeBack).
TEST(LoadParameters, ParametersThatShareTheirElementsGoOnSharing) {
  nn::Sequential net;
  auto& first = net.add<nn::Linear>(nn::Channels{.in = 2, .out = 2, .bias = false, .seed = 1});
  auto& second = net.add<nn::Linear>(nn::Channels{.in = 2, .out = 2, .bias = false, .seed = 2});
  expect_throws<Invalid>(
      [&] {
        load_parameters(net, {{"0.weight", counted({2, 2})}});
      },
      "there is no tensor '1.weight'");
  for (const char* name : {"0.weight", "1.weight"}) {
    second.weight = first.weight.tensor();
    load_parameters(net, {{name, counted({2, 2})}});
    EXPECT_TRUE(same_bits(first.weight.tensor(), counted({2, 2}))) << name;
    EXPECT_EQ(first.weight.tensor().raw(), second.weight.tensor().raw()) << name;
  }
  load_parameters(net,
                  {{"0.weight", counted({2, 2})}, {"1.weight", Tensor::zeros({2, 2}, DType::f32)}});
  EXPECT_TRUE(same_bits(second.weight.tensor(), Tensor::zeros({2, 2}, DType::f32)));
}

TEST(LoadParameters, TheCallersTensorsAreNotShared) {
  nn::SubmConv3d layer({.in = 2, .out = 3, .bias = false});
  Tensor weight = counted({27, 1, 2, 3});
  load_parameters(layer, {{"weight", weight}});
  weight.mutable_span<float>()[0] = 99;
  EXPECT_EQ(layer.weight.tensor().span<float>()[0], 1);
}

}  // namespace
}  // namespace voxloom::test
