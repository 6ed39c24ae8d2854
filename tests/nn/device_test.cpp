// Every module on a second backend: inference and a step of training give the same bits, and nothing reaches
// around the engine.

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>

#include "conv/cases.h"
#include "engine/every_problem.h"
#include "support/same_bits.h"
#include "voxloom/models.h"
#include "voxloom/nn.h"

namespace voxloom::test {
namespace {

// Modules that do not take one tensor alone, in a network that gives them what they take.
class DownAndBack : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return back_.run(down_.run(x, pass), x, pass);
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    down_.collect_parameters(prefix + "down.", to);
    back_.collect_parameters(prefix + "back.", to);
  }

 private:
  ConvOptions options_{.kernel_size = 2, .stride = 2};
  nn::Conv3d down_{{.in = 4, .out = 6, .seed = 1}, options_};
  nn::InverseConv3d back_{{.in = 6, .out = 3, .seed = 2}, options_};
};

class DownAndUp : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    const nn::Variable around = around_.run(x, x, pass);
    return up_.run_up(down_.run(around, pass), around, pass);
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    around_.collect_parameters(prefix + "around.", to);
    down_.collect_parameters(prefix + "down.", to);
    up_.collect_parameters(prefix + "up.", to);
  }

 private:
  ConvOptions options_{.kernel_size = 2, .stride = 2};
  nn::ConvNorm around_{{.in = 4, .out = 4, .bias = false, .seed = 1}};
  nn::ConvNorm down_{{.in = 4, .out = 6, .bias = false, .seed = 2}, options_};
  nn::ConvNorm up_{{.in = 6, .out = 3, .bias = false, .seed = 3}, options_};
};

struct ModuleCase {
  std::string name;  // of the module's class
  std::function<void(nn::Sequential&)> add;
};
void PrintTo(const ModuleCase& c, std::ostream* out) { *out << c.name; }

template <typename M, typename... Args>
ModuleCase of(std::string name, Args... args) {
  return {std::move(name), [=](nn::Sequential& net) { net.add<M>(args...); }};
}

// On four channels and a lattice of stride 2.
std::vector<ModuleCase> module_cases() {
  using namespace nn;
  const Channels channels{.in = 4, .out = 6, .seed = 5};
  const MinkUNetOptions unet{
      .in_channels = 4, .classes = 3, .depth = 14, .stem = 8, .planes = {8, 8, 8, 8, 8, 8, 8, 8}};
  return {
      of<Conv3d>("Conv3d", channels, ConvOptions{.kernel_size = 2, .stride = 2, .groups = 2}),
      of<SubmConv3d>("SubmConv3d", channels),
      of<ConvTranspose3d>("ConvTranspose3d", channels),
      of<GenerativeConvTranspose3d>("GenerativeConvTranspose3d", channels),
      of<DownAndBack>("InverseConv3d"),
      of<NormalizedSubmConv3d>("NormalizedSubmConv3d", channels),
      of<NormalizedConvTranspose3d>("NormalizedConvTranspose3d", channels),
      of<NormalizedGenerativeConvTranspose3d>("NormalizedGenerativeConvTranspose3d", channels),
      of<Linear>("Linear", channels),
      of<BatchNorm>("BatchNorm", std::int64_t{4}),
      of<LayerNorm>("LayerNorm", std::int64_t{4}),
      of<RmsNorm>("RmsNorm", std::int64_t{4}),
      of<GroupNorm>("GroupNorm", std::int64_t{4}, std::int64_t{2}),
      of<InstanceNorm>("InstanceNorm", std::int64_t{4}),
      of<Dropout>("Dropout", 0.4F),
      of<Activate>("Activate", Activation::gelu),
      of<Pool3d>("Pool3d", PoolOptions{.mode = PoolMode::max}),
      of<PoolTranspose3d>("PoolTranspose3d"),
      of<TrilinearUpsample3d>("TrilinearUpsample3d"),
      {"Sequential",
       [](Sequential& net) {
         auto& inner = net.add<Sequential>();
         inner.add<SubmConv3d>(Channels{.in = 4, .out = 4, .seed = 1});
         inner.add<BatchNorm>(4);
       }},
      {"Residual",
       [](Sequential& net) {
         auto& block = net.add<Residual>();
         block.body.add<SubmConv3d>(Channels{.in = 4, .out = 6, .seed = 1});
         block.shortcut.add<Linear>(Channels{.in = 4, .out = 6, .seed = 2});
       }},
      of<DownAndUp>("ConvNorm"),
      of<BasicBlock>("BasicBlock", channels),
      of<Bottleneck>("Bottleneck", channels, std::int64_t{4}),
      of<MinkUNet>("MinkUNet", unet),
      of<ResNet>("ResNet", ResNetOptions{.in_channels = 4, .classes = 3, .depth = 50, .width = 2}),
      of<LinkNet>("LinkNet",
                  LinkNetOptions{.in_channels = 4, .classes = 3, .depth = 14, .width = 4}),
      of<SecondBackbone>("SecondBackbone",
                         SecondOptions{.in_channels = 4, .channels = {4, 6}, .out_channels = 5}),
  };
}

// Scores of inference; value, gradients and statistics of a pass in training.
std::vector<Tensor> results_on(const ModuleCase& c, Device device) {
  nn::Sequential net;
  net.add<nn::Linear>(nn::Channels{.in = 4, .out = 4, .seed = 9});  // something to learn in each
  c.add(net);
  for (const nn::NamedParameter& p : net.named_parameters()) *p.value = p.value->to(device);
  oracle::Random random(3);
  const SparseTensor here =
      random_input(random, {.count = 60, .extent = {6, 6, 6}, .batches = {0, 1}}, 4, DType::f32, 2)
          .x;
  const SparseTensor x = here.with_features(here.features().to(device));
  std::vector<Tensor> results = {net(x).features()};

  autograd::Tape tape(5);
  nn::Pass pass(tape);
  const nn::Variable y = net.run(x, pass);
  results.push_back(y.value());
  tape.backward(autograd::sum(autograd::mul(y, y)));
  for (const nn::NamedParameter& p : net.named_parameters()) {
    const Tensor result = p.is_trained ? pass.gradient(*p.value) : pass.statistic(*p.value);
    EXPECT_TRUE(result.defined()) << p.name;
    results.push_back(result);
  }
  for (Tensor& result : results) {
    EXPECT_EQ(result.device(), device);
    result = result.to(Device{});
  }
  return results;
}

class ModuleOnADevice : public testing::TestWithParam<ModuleCase> {};

TEST_P(ModuleOnADevice, GivesTheSameBits) {
  const std::vector<Tensor> expected = results_on(GetParam(), Device{});
  CheckingDevice device;
  offer_every_problem(device);
  const std::vector<Tensor> actual = results_on(GetParam(), kChecked);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_TRUE(same_bits(actual[i], expected[i])) << "result " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Modules, ModuleOnADevice, testing::ValuesIn(module_cases()),
                         [](const auto& test) { return test.param.name; });

TEST(ModulesOnADevice, GlobalPoolGivesTheSameBits) {
  oracle::Random random(3);
  const SparseTensor x = random_input(random, {.count = 60, .batches = {0, 1}}, 4).x;
  const Tensor expected = nn::GlobalPool()(x);
  CheckingDevice device;
  offer_every_problem(device);
  const Tensor actual = nn::GlobalPool()(x.with_features(x.features().to(kChecked)));
  EXPECT_TRUE(same_bits(actual.to(Device{}), expected));
}

// A module that is declared and has no case above may reach around the engine unseen.
TEST(ModulesOnADevice, EachOneIsAmongTheCases) {
  std::set<std::string> tested;
  for (const ModuleCase& c : module_cases()) tested.insert(c.name);
  const std::regex declared(R"re(\nclass (\w+) : public (\w+) \{)re");
  std::size_t count = 0;
  for (const char* header : {"nn", "models"}) {
    const char* folder = std::getenv("VOXLOOM_SOURCE_DIR");
    std::ifstream in(std::string(folder == nullptr ? "." : folder) + "/include/voxloom/" + header +
                     ".h");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::sregex_iterator found(text.begin(), text.end(), declared), end; found != end;
         ++found) {
      if ((*found)[1] == "ConvolutionBase") continue;
      ++count;
      EXPECT_TRUE(tested.contains((*found)[1])) << (*found)[1];
    }
  }
  EXPECT_EQ(count, tested.size());
}

}  // namespace
}  // namespace voxloom::test
