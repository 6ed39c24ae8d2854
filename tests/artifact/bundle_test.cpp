// Bundles appear whole or not at all.
#include "artifact/sample.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {
namespace {

using artifact::Bundle;
using artifact::read_bundle;
using artifact::write_bundle;

Bundle sample() { return {artifact::parse_graph(sample_text()), sample_weights()}; }

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(Bundles, AreReplacedWhole) {
  const TemporaryFolder folder;
  const fs::path place = folder / "x.lattice";
  write_bundle(place, sample());
  Bundle other = sample();
  other.weights["conv.bias"] = Tensor::full({4}, DType::f32, 9);
  write_bundle(folder / "x.lattice/", other);  // the same folder, written with a slash
  EXPECT_EQ(as_floats(read_bundle(place).weights.at("conv.bias"))[0], 9);
  EXPECT_EQ(entries(folder.path()), 1U) << "no temporary folder remains";
  EXPECT_EQ(entries(place), 2U);
}

TEST(Bundles, NeverTouchOtherPeoplesFiles) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "home");
  std::ofstream(folder / "home/letter.txt") << "dear";
  const std::string message =
      message_of<std::invalid_argument>([&] { write_bundle(folder / "home", sample()); });
  EXPECT_NE(message.find("holds 'letter.txt', which is not part of a bundle"), std::string::npos);
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(write_bundle(folder / "file", sample()), std::invalid_argument);
  EXPECT_THROW(write_bundle(folder / "no/such/place.lattice", sample()), std::system_error);
  EXPECT_EQ(entries(folder.path()), 2U);
  EXPECT_EQ(entries(folder / "home"), 1U);
}

TEST(Bundles, WrongOnesAreNotWritten) {
  const TemporaryFolder folder;
  Bundle bundle = sample();
  bundle.weights.erase("conv.bias");
  const std::string message =
      message_of<std::invalid_argument>([&] { write_bundle(folder / "x", bundle); });
  EXPECT_NE(message.find("array 'conv.bias' is missing"), std::string::npos) << message;
  EXPECT_EQ(entries(folder.path()), 0U);
  EXPECT_THROW((void)artifact::to_text(artifact::Graph{}), std::invalid_argument);
}

TEST(Bundles, ArraysThatNoWeightNamesAreLeftOut) {
  const TemporaryFolder folder;
  Bundle bundle = sample();
  bundle.weights["extra"] = Tensor::zeros({3}, DType::f32);
  write_bundle(folder / "x", bundle);
  expect_identical(read_bundle(folder / "x").weights, sample_weights());
  EXPECT_EQ(artifact::Model::from_bundle(bundle).weights().size(), sample_weights().size());
}

TEST(Builder, SaysWhatIsWrongAtOnce) {
  using artifact::GraphBuilder;
  using artifact::ValueRef;
  using artifact::WeightFamily;
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 4});
  const ValueRef w = b.conv_weight("w", Tensor::zeros({2, 3, 3, 3, 4}, DType::f32), 3);
  const auto expect = [&](const std::string& fragment, const auto& body) {
    const std::string message = message_of<std::invalid_argument>(body);
    EXPECT_NE(message.find(fragment), std::string::npos) << message;
  };
  expect("does not match kernel_size (1,3,3)", [&] {
    (void)b.conv3d(x, {.weight = w}, {.kernel_size = {1, 3, 3}});
  });
  expect("must be odd", [&] { (void)b.subm_conv3d(x, {.weight = w}, {.kernel_size = 2}); });
  expect("takes (input: sparse tensor, target?: sparse tensor, weight: weight, bias?: weight)",
         [&] { (void)b.conv3d(x, {}); });
  expect("is not a value of this graph", [&] { b.output("y", {}); });
  expect("does not divide",
         [&] { (void)b.conv_transpose3d(x, {.weight = w}, {.kernel_size = 3}); });
  expect("there is no operation 'lattice.conv9d'", [&] { (void)b.op("lattice.conv9d", {x}); });
  expect("unknown attribute 'speed'", [&] { (void)b.op("lattice.pool3d", {x}, {{"speed", 2}}); });
  expect("must be array<i64: x, y, z>", [&] {
    (void)b.op("lattice.pool3d", {x}, {{"stride", 2}});
  });
  expect("there is an array 'w' already", [&] {
    (void)b.weight("w", WeightFamily::linear, Tensor::zeros({1, 1}, DType::f32));
  });
  expect("instead of 1", [&] {
    (void)b.weight("v", WeightFamily::bias, Tensor::zeros({1, 1}, DType::f32));
  });
  expect("two inputs are named 'x_coords'", [&] { (void)b.sparse_input("x", {.channels = 1}); });
  expect("a graph's target is a value",
         [&] { (void)b.conv3d(x, {.weight = w}, {.target = CoordinateSet()}); });
  expect("is a weight", [&] { b.output("w", w); });
  expect("has no output", [&] { (void)b.bundle(); });
  EXPECT_EQ(b.channels(x), 4);
  b.output("x", x);  // all refused steps left no trace
  EXPECT_EQ(b.bundle().graph.ops.size(), 2U);
}

TEST(Builder, EveryLayoutOfAConvolutionWeightIsTheSameWeight) {
  // W[k][i][o] = 100 k + 10 i + o, in each layout that can say it.
  const Triple size{2, 1, 3};
  const std::int64_t volume = 6, in = 2, out = 4;
  Tensor kernel_major = Tensor::empty({volume, in, out}, DType::f32);
  Tensor box = Tensor::empty({out, 2, 1, 3, in}, DType::f32);
  for (std::int64_t k = 0; k < volume; ++k) {
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t o = 0; o < out; ++o) {
        const auto value = static_cast<float>(100 * k + 10 * i + o);
        kernel_major.mutable_data<float>()[(k * in + i) * out + o] = value;
        box.mutable_data<float>()[(o * volume + k) * in + i] = value;
      }
    }
  }
  for (const Tensor& layout : {kernel_major, kernel_major.reshape({volume, 1, in, out}), box}) {
    artifact::GraphBuilder b;
    (void)b.conv_weight("w", layout, size);
    const auto x = b.sparse_input("x", {.channels = in});
    b.output("x", x);
    expect_identical({{"w", b.bundle().weights.at("w")}}, {{"w", box}});
  }
}

}  // namespace
}  // namespace voxloom::test
