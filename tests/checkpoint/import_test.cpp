// Published networks as bundles: against what the real spconv computed, our own MinkUNet, and a network
// written out operation by operation.
#include <cstdlib>
#include <map>

#include "artifact/random_data.h"
#include "checkpoint/support.h"
#include "voxloom/algebra.h"
#include "voxloom/artifact.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/import_network.h"
#include "voxloom/models.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

SparseTensor run(const Import& network, const SparseTensor& x) {
  TensorMap inputs;
  add_sparse_input(inputs, "x", x);
  return std::get<SparseTensor>(
      artifact::Model::from_bundle(network.bundle).run(inputs).at("output"));
}

std::string import_error(const Checkpoint& checkpoint, const ImportOptions& options) {
  try {
    static_cast<void>(import_network(checkpoint, options));
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

float largest(const Tensor& tensor) {
  float most = 0;
  for (const float value : tensor.span<float>()) most = std::max(most, std::abs(value));
  return most;
}

// --- what spconv computed: make_spconv_networks.py ---

class Spconv : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("VOXLOOM_SOURCE_DIR") == nullptr) GTEST_SKIP() << "no VOXLOOM_SOURCE_DIR";
  }
  static fs::path file(std::string_view name) {
    return fs::path(std::getenv("VOXLOOM_SOURCE_DIR")) / "tests/checkpoint/data" / name;
  }
  static Checkpoint network(std::string_view name) { return read_checkpoint(file(name)); }
  static TensorMap expected(std::string_view name) {
    return read_checkpoint(file(name), {.entry = "expected"}).tensors;
  }
};

// Rows of (b, c0, c1, c2).
SparseTensor tensor_of(const Tensor& indices, const Tensor& features, Axes axes,
                       const Triple& stride = 1) {
  std::vector<Coordinate> rows;
  for (std::int64_t i = 0; i < indices.dim(0); ++i) {
    const std::int32_t* c = indices.data<std::int32_t>() + 4 * i;
    rows.push_back(axes == Axes::xyz ? Coordinate{c[0], c[1], c[2], c[3]}
                                     : Coordinate{c[0], c[3], c[2], c[1]});
  }
  return sparse_tensor(rows, features, {.stride = stride});
}

void expect_near(const SparseTensor& actual, const SparseTensor& expected, float tolerance) {
  ASSERT_EQ(actual.rows(), expected.rows());
  ASSERT_EQ(actual.channels(), expected.channels());
  const Tensor in_order = reindex(actual, expected.coords()).features();
  const float bound = tolerance * largest(expected.features());
  for (std::int64_t i = 0; i < in_order.size(); ++i) {
    ASSERT_NEAR(in_order.data<float>()[i], expected.features().data<float>()[i], bound) << i;
  }
}

TEST_F(Spconv, Layers) {
  const Checkpoint net = network("spconv_layers.pth");
  const TensorMap e = expected("spconv_layers.pth");
  const auto features = [&](const char* name, Axes axes, const Triple& kernel,
                            PointwiseWeights pointwise = PointwiseWeights::as_run) {
    const SparseTensor x = tensor_of(e.at("x_indices"), e.at("x_features"), axes);
    const Tensor weight =
        to_kernel_major(net.tensors.at(std::string(name) + ".weight"),
                        {.kernel_size = kernel, .axes = axes, .pointwise = pointwise});
    return subm_conv3d(x, weight, {}, {.kernel_size = kernel}).features();
  };
  const auto distance = [&](const char* name, const Tensor& y) {
    float most = 0;
    for (std::int64_t i = 0; i < y.size(); ++i) {
      most = std::max(most, std::abs(y.data<float>()[i] - e.at(name).data<float>()[i]));
    }
    return most;
  };
  EXPECT_LT(distance("subm", features("subm", Axes::xyz, 3)), 1e-5F);
  EXPECT_LT(distance("subm", features("subm", Axes::zyx, 3)), 1e-5F);
  EXPECT_LT(distance("box", features("box", Axes::xyz, {1, 3, 5})), 1e-5F);
  EXPECT_LT(distance("box", features("box", Axes::zyx, {5, 3, 1})), 1e-5F);
  EXPECT_LT(distance("pointwise", features("pointwise", Axes::xyz, 1)), 1e-5F);
  // The library does not compute what its weight's shape says.
  EXPECT_GT(
      distance("pointwise", features("pointwise", Axes::xyz, 1, PointwiseWeights::as_declared)),
      0.1F);
}

TEST_F(Spconv, SpUNet) {
  const Import net = import_network(network("spconv_spunet.pth"), {.network = "spunet"});
  EXPECT_EQ(net.report.library, Library::spconv);
  EXPECT_EQ(net.report.axes, Axes::xyz);
  EXPECT_EQ(net.report.prefix, "backbone.");
  EXPECT_EQ(net.report.unused, std::vector<std::string>{});
  const TensorMap e = expected("spconv_spunet.pth");
  expect_near(run(net, tensor_of(e.at("x_indices"), e.at("x_features"), Axes::xyz)),
              tensor_of(e.at("y_indices"), e.at("y_features"), Axes::xyz), 2e-5F);
}

TEST_F(Spconv, SpUNetsWeightsGoIntoOurModel) {
  const Import imported = import_network(network("spconv_spunet.pth"), {.network = "spunet"});
  nn::MinkUNet net({.in_channels = 2,
                    .classes = 3,
                    .depth = 34,
                    .stem = 3,
                    .planes = {2, 3, 2, 3, 3, 2, 3, 2},
                    .style = nn::UNetStyle::pointcept});
  nn::load_parameters(net, imported.bundle.weights);
  const TensorMap e = expected("spconv_spunet.pth");
  expect_near(net(tensor_of(e.at("x_indices"), e.at("x_features"), Axes::xyz)),
              tensor_of(e.at("y_indices"), e.at("y_features"), Axes::xyz), 2e-5F);
}

TEST_F(Spconv, Second) {
  const ImportOptions options{.network = "voxelbackbone8x",
                              .spatial_shape = std::vector<std::int64_t>{41, 16, 14}};
  const Import net = import_network(network("spconv_second.pth"), options);
  EXPECT_EQ(net.report.axes, Axes::zyx);
  EXPECT_EQ(net.report.prefix, "backbone_3d.");
  const TensorMap e = expected("spconv_second.pth");
  const SparseTensor x = tensor_of(e.at("x_indices"), e.at("x_features"), Axes::zyx);
  const SparseTensor y = tensor_of(e.at("y_indices"), e.at("y_features"), Axes::zyx, {8, 8, 16});
  expect_near(run(net, x), y, 2e-5F);

  // The same under mmdet3d's names.
  Checkpoint renamed;
  for (const auto& [name, tensor] : network("spconv_second.pth").tensors) {
    std::string key = name.substr(std::string("backbone_3d.").size());
    if (key.starts_with("conv") && key[4] >= '1' && key[4] <= '4') {
      key = "encoder_layers.encoder_layer" + key.substr(4);
    }
    renamed.tensors.emplace("pts_middle_encoder." + key, tensor);
  }
  ImportOptions other = options;
  other.network = "sparseencoder";
  expect_near(run(import_network(renamed, other), x), y, 2e-5F);
}

TEST_F(Spconv, WhatItsVersion1Kept) {
  Checkpoint net = network("spconv_second.pth");
  for (auto& [name, tensor] : net.tensors) {
    if (tensor.rank() != 5) continue;
    const Shape s = tensor.shape();
    Tensor turned = Tensor::empty({s[1], s[2], s[3], s[4], s[0]}, DType::f32);
    const std::int64_t block = s[1] * s[2] * s[3] * s[4];
    for (std::int64_t o = 0; o < s[0]; ++o) {
      for (std::int64_t at = 0; at < block; ++at) {
        turned.mutable_data<float>()[at * s[0] + o] = tensor.data<float>()[o * block + at];
      }
    }
    tensor = turned;
  }
  const ImportOptions options{.network = "voxelbackbone8x",
                              .from = Library::spconv1,
                              .spatial_shape = std::vector<std::int64_t>{41, 16, 14}};
  const TensorMap e = expected("spconv_second.pth");
  expect_near(run(import_network(net, options),
                  tensor_of(e.at("x_indices"), e.at("x_features"), Axes::zyx)),
              tensor_of(e.at("y_indices"), e.at("y_features"), Axes::zyx, {8, 8, 16}), 2e-5F);
}

// --- MinkUNet, against our own ---

// (K, 1, C_in, C_out), the last axis fastest, as MinkowskiEngine keeps it.
Tensor first_axis_fastest(const Tensor& weight, std::int64_t n) {
  const std::int64_t in = weight.dim(2), out = weight.dim(3), block = in * out;
  Tensor kernel = Tensor::empty({n * n * n, in, out}, DType::f32);
  for (std::int64_t x = 0; x < n; ++x) {
    for (std::int64_t y = 0; y < n; ++y) {
      for (std::int64_t z = 0; z < n; ++z) {
        std::copy_n(weight.data<float>() + ((x * n + y) * n + z) * block, block,
                    kernel.mutable_data<float>() + ((z * n + y) * n + x) * block);
      }
    }
  }
  return n == 1 ? kernel.reshape({in, out}) : kernel;
}

Tensor transposed(const Tensor& matrix) {
  Tensor result = Tensor::empty({matrix.dim(1), matrix.dim(0)}, DType::f32);
  for (std::int64_t i = 0; i < matrix.dim(0); ++i) {
    for (std::int64_t j = 0; j < matrix.dim(1); ++j) {
      result.mutable_data<float>()[j * matrix.dim(0) + i] =
          matrix.data<float>()[i * matrix.dim(1) + j];
    }
  }
  return result;
}

// Norms that do something.
Tensor varied(const std::string& name, const Tensor& tensor) {
  const auto seed = static_cast<unsigned>(name.size() + static_cast<std::size_t>(name[4]));
  if (name.ends_with("running_var")) return positive_tensor(tensor.shape(), seed);
  if (tensor.rank() == 1) return random_tensor(tensor.shape(), seed);
  return tensor;
}

struct MinkUNet {
  nn::MinkUNet net;
  Checkpoint checkpoint;

  explicit MinkUNet(const nn::MinkUNetOptions& options) : net(options) {
    nn::NamedTensors values;
    for (const auto& [name, tensor] : nn::parameters_of(net)) values[name] = varied(name, tensor);
    nn::load_parameters(net, values);
    for (const auto& [name, tensor] : values) {
      const std::size_t dot = name.rfind('.');
      const std::string module = name.substr(0, dot), leaf = name.substr(dot);
      if (name == "final.weight") {
        checkpoint.tensors["final.kernel"] = transposed(tensor);
      } else if (name == "final.bias") {
        checkpoint.tensors[name] = tensor.reshape({1, tensor.size()});
      } else if (tensor.rank() == 4) {
        const std::int64_t volume = tensor.dim(0);
        const std::int64_t n = volume == 125 ? 5 : volume == 27 ? 3 : volume == 8 ? 2 : 1;
        checkpoint.tensors[module + ".kernel"] = first_axis_fastest(tensor, n);
      } else if (tensor.rank() == 2) {  // a 1x1x1 convolution of ours
        checkpoint.tensors[module + ".kernel"] = transposed(tensor);
      } else {
        checkpoint.tensors[module + ".bn" + leaf] = tensor;
      }
    }
    checkpoint.tensors["bn0.bn.num_batches_tracked"] =
        Tensor::from(std::vector<std::int64_t>{5}, {});
  }
};

nn::MinkUNetOptions small(int depth) {
  return {.in_channels = 3,
          .classes = 7,
          .depth = depth,
          .stem = 4,
          .planes = {4, 6, 8, 8, 8, 6, 6, 4}};
}

TEST(MinkUNet, ComputesWhatOursDoes) {
  const SparseTensor x = random_sparse({.sites = 120, .extent = 12, .channels = 3});
  for (const int depth : {14, 18, 34}) {
    SCOPED_TRACE(depth);
    nn::MinkUNetOptions options = small(depth);
    options.width = 2;  // multiples of 8
    const MinkUNet own(options);
    const Import net =
        import_network(own.checkpoint, {.network = "minkunet" + std::to_string(depth)});
    EXPECT_EQ(net.report.library, Library::minkowski);
    EXPECT_EQ(net.report.statistics, std::vector<std::string>{"bn0.bn.num_batches_tracked"});
    EXPECT_EQ(net.report.unused, std::vector<std::string>{});
    expect_near(run(net, x), own.net(x), 1e-5F);
  }
}

TEST(MinkUNet, ItsWeightsGoIntoOurModel) {
  const MinkUNet own(small(14));
  const Import net = import_network(own.checkpoint, {.network = "minkunet14"});
  nn::MinkUNet other(small(14));
  nn::load_parameters(other, net.bundle.weights);
  const SparseTensor x = random_sparse({.sites = 60, .extent = 8, .channels = 3});
  const Tensor a = own.net(x).features(), b = other(x).features();
  EXPECT_TRUE(std::ranges::equal(a.span<float>(), b.span<float>()));
}

TEST(MinkUNet, LettersSayTheChannels) {
  const MinkUNet own(small(14));
  EXPECT_EQ(import_error(own.checkpoint, {.network = "minkunet14a"}),
            "[import_network] 'block1.0.conv1' makes 4 channels, but minkunet14a has 32 there");
}

// --- SPVNAS's MinkUNet, operation by operation ---

class Torchsparse {
 public:
  explicit Torchsparse(TensorMap& tensors) : tensors_(tensors) {}

  SparseTensor unit(const std::string& conv, const std::string& norm, const SparseTensor& x,
                    std::int64_t out, std::int32_t n, bool relu = true) {
    const Tensor weight = product(conv, x, out, n);
    const SparseTensor y = n == 2 ? conv3d(x, weight, {}, {.kernel_size = 2, .stride = 2})
                                  : subm_conv3d(x, weight, {}, {.kernel_size = n});
    return normed(norm, y, relu);
  }

  SparseTensor up(const std::string& conv, const std::string& norm, const SparseTensor& x,
                  const SparseTensor& fine, std::int64_t out) {
    const Tensor weight = product(conv, x, out, 2);
    return normed(norm, conv_transpose3d(x, weight, {}, {.target = fine}), true);
  }

  SparseTensor block(const std::string& name, const SparseTensor& x, std::int64_t out) {
    const SparseTensor inner = unit(name + "net.0", name + "net.1", x, out, 3);
    const SparseTensor main = unit(name + "net.3", name + "net.4", inner, out, 3, false);
    const SparseTensor side =
        x.channels() == out ? x
                            : unit(name + "downsample.0", name + "downsample.1", x, out, 1, false);
    return activated(add(main, side));
  }

  static SparseTensor activated(const SparseTensor& x) {
    return x.with_features(activate(x.features(), Activation::relu));
  }

 private:
  // Kept as torchsparse does, and given back as we do.
  Tensor product(const std::string& name, const SparseTensor& x, std::int64_t out, std::int32_t n) {
    const Tensor ours = random_tensor({n * n * n, 1, x.channels(), out}, ++seed_);
    Tensor kernel = n % 2 == 0 ? ours.reshape({8, x.channels(), out}) : first_axis_fastest(ours, n);
    tensors_[name + ".kernel"] = kernel;
    return ours.reshape({n * n * n, x.channels(), out});
  }

  SparseTensor normed(const std::string& name, const SparseTensor& x, bool relu) {
    const Shape shape = {x.channels()};
    const BatchNormParameters p{.scale = random_tensor(shape, ++seed_),
                                .bias = random_tensor(shape, ++seed_),
                                .mean = random_tensor(shape, ++seed_),
                                .variance = positive_tensor(shape, ++seed_)};
    tensors_[name + ".weight"] = p.scale;
    tensors_[name + ".bias"] = p.bias;
    tensors_[name + ".running_mean"] = p.mean;
    tensors_[name + ".running_var"] = p.variance;
    const SparseTensor y = x.with_features(batch_norm(x.features(), p));
    return relu ? activated(y) : y;
  }

  TensorMap& tensors_;
  unsigned seed_ = 0;
};

SparseTensor spvnas(const SparseTensor& input, TensorMap& tensors) {
  Torchsparse t(tensors);
  const std::array<std::int64_t, 9> cs = {4, 4, 6, 8, 8, 8, 6, 6, 4};
  SparseTensor x = t.unit("stem.0", "stem.1", input, cs[0], 3);
  x = t.unit("stem.3", "stem.4", x, cs[0], 3);
  std::vector<SparseTensor> skips;
  for (std::size_t s = 1; s <= 4; ++s) {
    skips.push_back(x);
    const std::string stage = "stage" + std::to_string(s) + ".";
    x = t.unit(stage + "0.net.0", stage + "0.net.1", x, cs[s - 1], 2);
    x = t.block(stage + "1.", x, cs[s]);
    x = t.block(stage + "2.", x, cs[s]);
  }
  for (std::size_t s = 1; s <= 4; ++s) {
    const std::string stage = "up" + std::to_string(s) + ".";
    const SparseTensor& skip = skips[4 - s];
    x = t.up(stage + "0.net.0", stage + "0.net.1", x, skip, cs[4 + s]);
    x = cat(std::array{x, skip});
    x = t.block(stage + "1.0.", x, cs[4 + s]);
    x = t.block(stage + "1.1.", x, cs[4 + s]);
  }
  tensors["classifier.0.weight"] = random_tensor({5, cs[8]}, 1000);
  tensors["classifier.0.bias"] = random_tensor({5}, 1001);
  tensors["point_transforms.0.0.weight"] = random_tensor({8, 4}, 1002);
  return x.with_features(
      linear(x.features(), tensors["classifier.0.weight"], tensors["classifier.0.bias"]));
}

TEST(SpvnasMinkUNet, ComputesItsOperations) {
  const SparseTensor x = random_sparse({.sites = 100, .extent = 12, .channels = 4});
  Checkpoint checkpoint;
  const SparseTensor expected = spvnas(x, checkpoint.tensors);
  const Import net = import_network(checkpoint, {.network = "spvnas-minkunet"});
  EXPECT_EQ(net.report.library, Library::torchsparse);
  EXPECT_EQ(net.report.unused, std::vector<std::string>{"point_transforms.0.0.weight"});
  ASSERT_EQ(net.report.notes.size(), 1U);
  EXPECT_REASON(net.report.notes[0], "a checkpoint of SPVCNN has the same names");
  expect_near(run(net, x), expected, 1e-5F);
}

// --- what is refused ---

class Refusals : public testing::Test {
 protected:
  MinkUNet own{small(14)};
  Checkpoint& checkpoint = own.checkpoint;
  ImportOptions options{.network = "minkunet14"};
  std::string error() { return import_error(checkpoint, options); }
};

TEST_F(Refusals, UnknownNetworks) {
  options.network = "minkunet99";
  EXPECT_REASON(error(), "there is no network 'minkunet99'; known are minkunet14, minkunet14a");
  EXPECT_EQ(importable_networks().size(), 15U);
}

TEST_F(Refusals, EveryMissingKeyIsListed) {
  checkpoint.tensors.erase("final.bias");
  checkpoint.tensors.erase("block3.0.conv2.kernel");
  checkpoint.tensors.erase("bn2.bn.running_mean");
  checkpoint.others["final.bias"] = "a tensor of complex64";
  EXPECT_REASON(error(),
                "of minkunet14 as minkowski keeps it: block3.0.conv2.kernel, "
                "bn2.bn.running_mean, final.bias (which is a tensor of complex64)");
}

TEST_F(Refusals, OtherNamesAltogether) {
  Checkpoint other;
  other.tensors["net.weight"] = Tensor::zeros({1}, DType::f32);
  checkpoint = other;
  EXPECT_EQ(error(),
            "[import_network] none of the checkpoint's 1 tensors is called as minkunet14's first "
            "convolution, 'conv0p1s1'; there is 'net.weight', say");
}

TEST_F(Refusals, WhatIsLeftOver) {
  checkpoint.tensors["aux.kernel"] = Tensor::zeros({4, 4}, DType::f32);
  EXPECT_REASON(
      error(),
      "minkunet14 has no use for 1 of the checkpoint's tensors below '', so that it is another "
      "network, or has more parts: aux.kernel");
  options.allow_unused = true;
  EXPECT_EQ(import_network(checkpoint, options).report.unused,
            std::vector<std::string>{"aux.kernel"});
}

TEST_F(Refusals, PrefixesThatAreAsGood) {
  Checkpoint two;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    two.tensors["student." + name] = tensor;
    two.tensors["teacher." + name] = tensor;
  }
  checkpoint = two;
  EXPECT_REASON(error(), "stand behind 'teacher.' and behind 'student.': say which");
  options.prefix = "student.";
  const Import net = import_network(checkpoint, options);
  EXPECT_EQ(net.report.prefix, "student.");
  EXPECT_TRUE(net.report.unused.front().starts_with("teacher."));
  EXPECT_EQ(net.report.unused.size() + 1, two.tensors.size() / 2);  // one counts batches
}

TEST_F(Refusals, OtherLibraries) {
  options.from = Library::spconv;
  EXPECT_REASON(error(), "of minkunet14 as spconv keeps it: block1.0.conv1.weight");
}

TEST_F(Refusals, ShapesThatDoNotFit) {
  checkpoint.tensors["conv0p1s1.kernel"] = Tensor::zeros({27, 3, 8}, DType::f32);
  EXPECT_REASON(error(),
                "'conv0p1s1.kernel': [to_kernel_major] weight (27,3,8) is none of minkowski's "
                "with a kernel of (5,5,5)");
  checkpoint.tensors["conv0p1s1.kernel"] = Tensor::zeros({125, 3, 9}, DType::f32);
  EXPECT_REASON(error(), "the norm 'bn0.bn' has 4 channels, and what it norms 9");
  checkpoint.tensors["conv0p1s1.kernel"] = Tensor::zeros({125, 3, 8}, DType::i32);
  EXPECT_REASON(error(), "'conv0p1s1.kernel' should hold real numbers, got int32");
}

TEST_F(Refusals, Blocks) {
  checkpoint.tensors["block1.0.conv1.kernel"] = Tensor::zeros({27, 9, 8}, DType::f32);
  EXPECT_REASON(error(), "'block1.0.conv1' takes 9 channels, but gets 4");
  checkpoint = MinkUNet(small(14)).checkpoint;
  for (const char* key :
       {"0.kernel", "1.bn.weight", "1.bn.bias", "1.bn.running_mean", "1.bn.running_var"}) {
    checkpoint.tensors.erase(std::string("block5.0.downsample.") + key);
  }
  EXPECT_REASON(error(), "in 'block5.0.conv1', but there is no shortcut 'block5.0.downsample.0'");
}

TEST_F(Refusals, Grids) {
  options.spatial_shape = std::vector<std::int64_t>{4, 4, 4};
  EXPECT_REASON(error(), "minkunet14 cuts nothing off, so a spatial shape means nothing to it");
}

TEST_F(Spconv, SecondNeedsItsGrid) {
  const Checkpoint net = network("spconv_second.pth");
  const auto error = [&](const std::optional<std::vector<std::int64_t>>& shape) {
    return import_error(net, {.network = "voxelbackbone8x", .spatial_shape = shape});
  };
  EXPECT_REASON(error({}), "give its spatial shape (sparse_shape in its configuration)");
  EXPECT_REASON(error({{41, 16}}), "a spatial shape should have 3 sizes, got 2");
  EXPECT_REASON(error({{41, 0, 16}}), "should have sizes from 1 on, got (41,0,16)");
  EXPECT_REASON(error({{8, 16, 14}}),
                "the grid is too small for 'conv4.0.0': 2 cells along its axis 0");
}

TEST_F(Refusals, DoublesAreRounded) {
  Tensor& bias = checkpoint.tensors["final.bias"];
  std::vector<double> values;
  for (const float value : bias.span<float>()) values.push_back(static_cast<double>(value));
  bias = Tensor::from(values, bias.shape());
  const Import net = import_network(checkpoint, options);
  EXPECT_EQ(net.report.notes,
            std::vector<std::string>{"1 tensors of float64 were rounded to float32"});
}

}  // namespace
}  // namespace voxloom::test
