// Modules do what their op does with the parameters they show.

#include "conv/cases.h"
#include "voxloom/models.h"
#include "voxloom/nn.h"

namespace voxloom::test {
namespace {

SparseTensor strided_input(std::int64_t channels, Triple stride = 1) {
  oracle::Random random(3);
  return random_input(random, {.count = 40, .extent = {5, 5, 5}}, channels, DType::f32, stride).x;
}

void expect_same(const SparseTensor& a, const SparseTensor& b) {
  EXPECT_EQ(to_coords(a.coords()), to_coords(b.coords()));
  EXPECT_EQ(to_doubles(a.features()), to_doubles(b.features()));
}

TEST(Modules, ConvolutionsCallTheirOp) {
  const SparseTensor x = strided_input(4, 2);
  const nn::Channels channels{.in = 4, .out = 6, .seed = 5};
  const nn::Conv3d conv(channels, {.kernel_size = 2, .stride = 2, .groups = 2});
  expect_same(conv(x), conv3d(x, conv.weight, conv.bias, conv.options));
  const nn::SubmConv3d subm(channels, {.kernel_size = {3, 1, 3}});
  expect_same(subm(x), subm_conv3d(x, subm.weight, subm.bias, subm.options));
  const nn::ConvTranspose3d up(channels);
  expect_same(up(x), conv_transpose3d(x, up.weight, up.bias));
  const nn::GenerativeConvTranspose3d generate(channels, {.kernel_size = 3});
  expect_same(generate(x),
              generative_conv_transpose3d(x, generate.weight, generate.bias, {.kernel_size = 3}));
  const nn::NormalizedSubmConv3d normalized(channels);
  expect_same(normalized(x), normalized_subm_conv3d(x, normalized.weight, normalized.bias));
  const nn::NormalizedConvTranspose3d normalized_up(channels);
  expect_same(normalized_up(x),
              normalized_conv_transpose3d(x, normalized_up.weight, normalized_up.bias));
  const nn::NormalizedGenerativeConvTranspose3d normalized_generate(channels);
  expect_same(normalized_generate(x), normalized_generative_conv_transpose3d(
                                          x, normalized_generate.weight, normalized_generate.bias));
}

TEST(Modules, DecoderReturnsToTheEncodersRows) {
  const SparseTensor x = strided_input(4);
  const nn::Conv3d down({.in = 4, .out = 8}, {.kernel_size = 2, .stride = 2});
  const nn::ConvTranspose3d up({.in = 8, .out = 4});
  const SparseTensor y = up.forward(down(x), x.coords());
  EXPECT_EQ(y.coords(), x.coords());
  const nn::InverseConv3d inverse({.in = 8, .out = 4}, 8);
  EXPECT_EQ(inverse.forward(down(x), conv3d_map(x, down.options)).coords(), x.coords());
  expect_throws<std::invalid_argument>([&] { (void)inverse(x); }, "forward(x, map)");
}

TEST(Modules, InverseNeedsTheForwardInput) {
  const SparseTensor x = sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}, {0, 1, 2, 3}},
                                       Tensor::full({2, 4}, DType::f32, 1.0F));
  const ConvOptions forward{.kernel_size = 2, .stride = 2};
  const nn::InverseConv3d inverse({.in = 4, .out = 3, .seed = 1}, forward);
  const SparseTensor coarse = nn::Conv3d({.in = 4, .out = 4, .seed = 2}, forward)(x);
  nn::Pass pass;
  EXPECT_EQ(inverse.run(coarse, x, pass).coords(), x.coords());
  expect_throws<std::invalid_argument>(
      [&] { return inverse.run(coarse, coarse, pass); },
      "forward convolution of the reference has stride (4,4,4), the input (2,2,2)");
}

TEST(Modules, RowwiseModulesCallTheirOp) {
  const SparseTensor x = strided_input(6);
  const nn::Linear dense({.in = 6, .out = 3});
  expect_same(dense(x), x.with_features(linear(x.features(), dense.weight, dense.bias)));
  nn::BatchNorm norm(6);
  norm.mean = Tensor::full({6}, DType::f32, 0.25F);
  expect_same(norm(x), x.with_features(batch_norm(x.features(), norm.parameters())));
  const nn::LayerNorm layer(6);
  expect_same(layer(x), x.with_features(layer_norm(x.features(), layer.scale, layer.bias)));
  const nn::RmsNorm rms(6);
  expect_same(rms(x), x.with_features(rms_norm(x.features(), rms.scale)));
  const nn::Activate gelu(Activation::gelu, {.approximate = GeluApprox::fast});
  expect_same(gelu(x), x.with_features(activate(x.features(), gelu.kind, gelu.options)));
}

TEST(Modules, PoolsCallTheirOp) {
  const SparseTensor x = strided_input(6, 2);
  expect_same(nn::Pool3d({.mode = PoolMode::avg})(x), pool3d(x, {.mode = PoolMode::avg}));
  expect_same(nn::PoolTranspose3d()(x), pool_transpose3d(x));
  expect_same(nn::TrilinearUpsample3d()(x), trilinear_upsample3d(x));
  EXPECT_EQ(to_doubles(nn::GlobalPool(PoolMode::max)(x)),
            to_doubles(global_pool(x, PoolMode::max)));
}

TEST(Modules, SequentialNamesItsParameters) {
  nn::Sequential net;
  net.add<nn::SubmConv3d>(nn::Channels{.in = 4, .out = 8, .bias = false});
  net.add<nn::BatchNorm>(8);
  net.add<nn::Activate>(Activation::relu);
  nn::Sequential& block = net.add<nn::Sequential>();
  block.add<nn::Linear>(nn::Channels{.in = 8, .out = 2});
  std::vector<std::string> names;
  for (const nn::NamedParameter& p : net.named_parameters()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.weight", "1.weight", "1.bias", "1.running_mean",
                                             "1.running_var", "3.0.weight", "3.0.bias"}));
  EXPECT_EQ(net(strided_input(4)).channels(), 2);
}

TEST(Modules, ASeedGivesTheSameParametersAndAnotherOneDoesNot) {
  const nn::Conv3d a({.in = 3, .out = 5, .seed = 1});
  const nn::Conv3d b({.in = 3, .out = 5, .seed = 1});
  const nn::Conv3d c({.in = 3, .out = 5, .seed = 2});
  const auto values = [](const nn::Conv3d& m) { return to_doubles(m.weight.tensor()); };
  EXPECT_EQ(values(a), values(b));
  EXPECT_NE(values(a), values(c));
  for (const double value : values(a)) EXPECT_LE(std::abs(value), 1.0 / std::sqrt(81.0));
}

TEST(Modules, CopiesAreNetworksOfTheirOwn) {
  nn::Sequential net;
  net.add<nn::SubmConv3d>(nn::Channels{.in = 4, .out = 4, .seed = 1});
  net.add<nn::BatchNorm>(4);
  net.add<nn::Residual>().body.add<nn::Linear>(nn::Channels{.in = 4, .out = 4, .seed = 2});
  const nn::MinkUNet unet(
      {.in_channels = 4, .classes = 3, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}});
  const nn::ResNet resnet({.in_channels = 4, .classes = 3, .depth = 14, .width = 2});
  const nn::SecondBackbone second({.in_channels = 4, .channels = {4, 6}, .out_channels = 5});
  const nn::LinkNet linknet({.in_channels = 4, .classes = 3, .depth = 50, .width = 2});
  const SparseTensor x = strided_input(4);
  for (const nn::Module* module :
       {static_cast<const nn::Module*>(&net), static_cast<const nn::Module*>(&unet),
        static_cast<const nn::Module*>(&resnet), static_cast<const nn::Module*>(&second),
        static_cast<const nn::Module*>(&linknet)}) {
    const std::vector<double> before = to_doubles((*module)(x).features());
    const std::unique_ptr<nn::Module> copy = module->clone();
    EXPECT_EQ(to_doubles((*copy)(x).features()), before);
    for (const nn::NamedParameter& p : copy->named_parameters()) {
      for (float& v : p.value->mutable_span<float>()) v += 1.0F;
    }
    EXPECT_NE(to_doubles((*copy)(x).features()), before);
    EXPECT_EQ(to_doubles((*module)(x).features()), before);
  }
}

class Plain : public nn::Module {
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& /*pass*/) const override {
    return x;
  }
};

TEST(Modules, OnesThatDoNotSayHowAreNotCloned) {
  expect_throws<std::invalid_argument>([] { (void)Plain().clone(); },
                                       "Plain does not say how it is copied: override clone()");
}

class Rectified : public nn::SubmConv3d {
 public:
  Rectified() : SubmConv3d({.in = 4, .out = 4, .seed = 1}) {}
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return activate(SubmConv3d::run(x, pass), Activation::relu);
  }
};

class Copied : public Rectified {
  [[nodiscard]] std::unique_ptr<nn::Module> clone() const override { return cloned(*this); }
};

// What it inherits would copy the part that it inherits.
TEST(Modules, OnesThatAreDerivedSayThemselvesHowTheyAreCloned) {
  nn::Sequential net;
  net.add<Rectified>();
  expect_throws<std::invalid_argument>([&] { nn::Sequential copy(net); },
                                       "Rectified does not say how it is copied");
  nn::Sequential other;
  other.add<Copied>();
  expect_same(nn::Sequential(other)(strided_input(4)), net(strided_input(4)));
}

// Whoever holds a parameter holds its place: of a module that is gone, too.
TEST(Modules, ParametersOutliveTheirModule) {
  std::vector<nn::NamedParameter> parameters;
  {
    const nn::Linear layer({.in = 2, .out = 3, .seed = 1});
    parameters = layer.named_parameters();
    *parameters[0].value = Tensor::full({3, 2}, DType::f32, 2.0F);
    EXPECT_EQ(layer.weight.tensor().span<float>()[5], 2.0F);
  }
  EXPECT_EQ(parameters[0].value->shape(), (Shape{3, 2}));
  EXPECT_EQ(parameters[0].value->span<float>()[0], 2.0F);
}

TEST(Modules, OnesThatWereMovedFromHaveNoParameters) {
  nn::SubmConv3d from({.in = 2, .out = 3});
  const nn::SubmConv3d to = std::move(from);
  EXPECT_EQ(to.named_parameters().size(), 2U);
  EXPECT_FALSE(from.weight.defined());
  EXPECT_EQ(from.weight.place(), nullptr);
  EXPECT_TRUE(from.named_parameters().empty());
  expect_throws<std::invalid_argument>([&] { static_cast<void>(from(strided_input(2))); },
                                       "weight");
  from = to;
  EXPECT_EQ(from.named_parameters().size(), 2U);
}

// Two layers under one prefix.
class OneName : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return pass.run(b_, pass.run(a_, x));
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    a_.collect_parameters(prefix + "layer.", to);
    b_.collect_parameters(prefix + "layer.", to);
  }

 private:
  nn::Linear a_{{.in = 2, .out = 2}}, b_{{.in = 2, .out = 2}};
};

TEST(Modules, TwoParametersOfOneNameAreRefused) {
  expect_throws<std::invalid_argument>([] { static_cast<void>(parameters_of(OneName())); },
                                       "OneName are named 'layer.bias'");
}

TEST(Modules, RefuseImpossibleKernels) {
  const nn::Channels channels{.in = 4, .out = 4};
  for (const Triple& size : {Triple(0), Triple(-1), Triple(3, -2, 3), Triple(-3, -3, 3)}) {
    const auto refused = [&](const auto& make, const std::string& op) {
      expect_throws<std::invalid_argument>(
          make, "[" + op + "] kernel_size must be at least 1, got " + to_string(size));
    };
    refused([&] { nn::Conv3d(channels, {.kernel_size = size}); }, "nn::Conv3d");
    refused([&] { nn::SubmConv3d(channels, {.kernel_size = size}); }, "nn::SubmConv3d");
    refused([&] { nn::ConvTranspose3d(channels, {.kernel_size = size}); }, "nn::ConvTranspose3d");
    refused([&] { nn::GenerativeConvTranspose3d(channels, {.kernel_size = size}); },
            "nn::GenerativeConvTranspose3d");
    refused([&] { nn::ConvNorm(channels, {.kernel_size = size}); }, "nn::ConvNorm");
    refused([&] { (void)KernelSpec{.kernel_size = size}.volume(); }, "kernel");
  }
  for (const std::int64_t volume : {0, -1}) {
    expect_throws<std::invalid_argument>([&] { nn::InverseConv3d(channels, volume); },
                                         "the kernel volume must be at least 1");
  }
  expect_throws<std::invalid_argument>(
      [&] { nn::Conv3d(channels, {.origin = static_cast<Origin>(7)}); },
      "[nn::Conv3d] unknown origin number 7");
}

// What a module holds can be packed as it is.
TEST(Modules, TakeTheirOwnWeightPacked) {
  const SparseTensor x = strided_input(4);
  nn::SubmConv3d module({.in = 4, .out = 6});
  const SparseTensor dense = module(x);
  module.weight = quantize(module.weight.tensor(), {.scale_dtype = DType::f32});
  const auto expected = to_doubles(dense.features());
  const auto y = to_doubles(module(x).features());
  // Half a step of 8-bit codes over weights below 0.1 and features below 1, 27 * 4 products.
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 0.05);
}

TEST(Modules, RefuseImpossibleChannels) {
  expect_throws<std::invalid_argument>([] { nn::Conv3d({.in = 0, .out = 4}); },
                                       "at least one channel");
  expect_throws<std::invalid_argument>([] { nn::Conv3d({.in = 4, .out = 6}, {.groups = 4}); },
                                       "do not split into 4 groups");
}

}  // namespace
}  // namespace voxloom::test
