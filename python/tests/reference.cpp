// Training steps by the C++ library, for the tests of the Python package: writes the input, the parameters, the
// results and the gradients as safetensors. usage: python_reference FOLDER
#include <cstdio>
#include <exception>
#include <set>

#include "voxloom/models.h"
#include "voxloom/safetensors.h"
#include "voxloom/voxloom.h"

namespace {

using namespace voxloom;

// Every number from one seed, the same on every machine.
struct Random {
  std::uint64_t state = 1;
  std::uint32_t next() {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(state >> 33);
  }
  float uniform() { return static_cast<float>(next()) / 2147483648.0F * 2.0F - 1.0F; }
};

std::vector<Coordinate> make_rows(Random& random) {
  std::vector<Coordinate> rows;
  std::set<std::array<std::int32_t, 4>> seen;
  while (rows.size() < 700) {
    const auto number = [&] { return static_cast<std::int32_t>(random.next() % 14) - 7; };
    const Coordinate c{static_cast<std::int32_t>(random.next() % 2), number(), number(), number()};
    if (seen.insert({c.batch, c.x, c.y, c.z}).second) rows.push_back(c);
  }
  return rows;
}

// One of each module that has a gradient of its own kind.
void build(nn::Sequential& net) {
  net.add<nn::SubmConv3d>(nn::Channels{.in = 4, .out = 8, .seed = 1});
  net.add<nn::BatchNorm>(8);
  net.add<nn::Activate>(Activation::relu);
  net.add<nn::Conv3d>(nn::Channels{.in = 8, .out = 16, .seed = 2},
                      ConvOptions{.kernel_size = 2, .stride = 2});
  net.add<nn::BatchNorm>(16);
  net.add<nn::Activate>(Activation::gelu);
  net.add<nn::ConvTranspose3d>(nn::Channels{.in = 16, .out = 8, .seed = 3}, ConvTransposeOptions{});
  net.add<nn::LayerNorm>(8);
  net.add<nn::Activate>(Activation::silu);
  net.add<nn::NormalizedSubmConv3d>(nn::Channels{.in = 8, .out = 8, .seed = 4}, SubmConvOptions{});
  net.add<nn::GroupNorm>(8, 2);
  net.add<nn::Activate>(Activation::leaky_relu);
  net.add<nn::Pool3d>(PoolOptions{.mode = PoolMode::max, .kernel_size = 3, .stride = 2});
  net.add<nn::TrilinearUpsample3d>(UpsampleOptions{});
  net.add<nn::RmsNorm>(8);
  net.add<nn::Pool3d>(PoolOptions{.mode = PoolMode::avg});
  net.add<nn::PoolTranspose3d>(PoolTransposeOptions{});
  auto& block = net.add<nn::Residual>();
  block.body.add<nn::SubmConv3d>(nn::Channels{.in = 8, .out = 8, .bias = false, .seed = 5},
                                 SubmConvOptions{.kernel_size = 3, .groups = 2});
  block.body.add<nn::BatchNorm>(8);
  block.body.add<nn::Activate>(Activation::tanh);
  net.add<nn::Linear>(nn::Channels{.in = 8, .out = 5, .seed = 6});
}

// A training step of `net` on random voxels.
void run(nn::Module& net, const std::string& path) {
  Random random;
  const std::vector<Coordinate> rows = make_rows(random);
  Tensor features = Tensor::empty({static_cast<std::int64_t>(rows.size()), 4}, DType::f32);
  for (float& value : features.mutable_span<float>()) value = random.uniform();
  const SparseTensor x = sparse_tensor(rows, features);
  TensorMap out = {{"rows", x.coords().to_tensor()}, {"features", features}};
  for (const auto& p : net.named_parameters()) out["parameter." + p.name] = p.value->clone();

  autograd::Tape tape;
  nn::Pass pass(tape);
  const autograd::Variable watched = tape.watch(x);
  const autograd::Variable y = net.run(watched, pass);
  std::vector<std::int32_t> labels;
  for (std::int64_t row = 0; row < y.value().dim(0); ++row)
    labels.push_back(static_cast<std::int32_t>(row % 6) - 1);
  const Tensor l = Tensor::from(labels, {y.value().dim(0)});
  const autograd::Variable scores = y.dense();
  const autograd::Variable loss =
      autograd::plus(autograd::cross_entropy(scores, l, {.label_smoothing = 0.1F}),
                     autograd::lovasz_softmax(scores, l));
  tape.backward(loss);
  out["y"] = y.value();
  out["y.rows"] = y.coords().to_tensor();
  out["loss"] = loss.value();
  out["gradient.features"] = tape.gradient(watched);
  for (const auto& p : net.named_parameters()) {
    if (p.is_trained) out["gradient." + p.name] = pass.gradient(*p.value);
  }
  nn::update_statistics(net, pass, 0.1F);
  for (const auto& p : net.named_parameters()) {
    if (!p.is_trained) out["moved." + p.name] = *p.value;
  }
  out["inference"] = net(x).features();
  write_safetensors(path, out);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::invalid_argument("usage: python_reference FOLDER");
  const std::string folder = argv[1];
  nn::Sequential layers;
  build(layers);
  run(layers, folder + "/layers.safetensors");
  nn::MinkUNet unet({.in_channels = 4, .classes = 5, .depth = 14, .width = 0.25});
  run(unet, folder + "/minkunet.safetensors");
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
