// Our operations in the words of IR v2, and where other readers would stop.
#include "artifact/random_data.h"
#include "artifact/sample.h"
#include "support/oracle_bridge.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {
namespace {

using artifact::Bundle;
using artifact::Graph;
using artifact::GraphBuilder;
using artifact::Model;
using artifact::parse_graph;
using artifact::portability_of;
using artifact::to_plain;
using artifact::to_tensors;
using artifact::to_text;
using artifact::ValueRef;

constexpr const char* kAllowed = "  lattice.ir_version = 2,\n  voxloom.extensions = 1,";

// The sample with its convolution as our own operation, and `attributes` beside those that it has.
std::string ours(const std::string& attributes = "") {
  std::string text = replaced(sample_text(), "  lattice.ir_version = 2,", kAllowed);
  text = replaced(text, "lattice.conv3d", "voxloom.conv3d");
  return replaced(text, "kernel_size = array<i64: 2, 1, 1>",
                  attributes + "kernel_size = array<i64: 2, 1, 1>");
}

TensorMap results_of(const Graph& graph) {
  return to_tensors(Model::from_bundle({graph, sample_weights()}).run(sample_inputs()));
}

TEST(ToPlain, SaysAnEvenConvolutionInTheFormatsWords) {
  const Graph plain = parse_graph(sample_text());
  // Along an axis of even size both origins are the same; of sizes 2, 1 and 1 none moves the padding.
  const Graph corner = parse_graph(ours("origin = #voxloom.origin<corner>, "));
  EXPECT_EQ(to_text(to_plain(corner)), to_text(plain));
  EXPECT_FALSE(to_plain(corner).extensions);
  EXPECT_EQ(to_doubles(results_of(to_plain(corner)).at("output")),
            to_doubles(results_of(corner).at("output")));
}

TEST(ToPlain, KeepsTheResults) {
  for (const char* attributes : {"", "origin = #voxloom.origin<centered>, "}) {
    const Graph graph = parse_graph(ours(attributes));
    const Graph plain = to_plain(graph);
    EXPECT_EQ(to_doubles(results_of(plain).at("output")),
              to_doubles(results_of(graph).at("output")))
        << to_text(plain);
  }
}

TEST(ToPlain, LeavesWhatTheFormatCannotSay) {
  const Graph graph = parse_graph(ours("support = #voxloom.support<reachable>, "));
  EXPECT_EQ(to_text(to_plain(graph)), to_text(graph));
  EXPECT_TRUE(to_plain(graph).extensions);
}

TEST(Portability, PlainGraphsTravel) {
  EXPECT_EQ(messages(portability_of(parse_graph(sample_text()))), "");
}

TEST(Portability, NamesExtensionsAndTheirPlainForm) {
  const std::string found =
      messages(portability_of(parse_graph(ours("origin = #voxloom.origin<corner>, "))));
  EXPECT_NE(found.find("voxloom.conv3d is an extension; lattice.conv3d says the same"),
            std::string::npos)
      << found;
}

TEST(Portability, NamesWhatHasNoOtherForm) {
  GraphBuilder b;
  const ValueRef x = b.tensor_input("x", {{artifact::kDynamic, 4}, artifact::ElementType::f32});
  const ValueRef scale =
      b.weight("s", artifact::WeightFamily::channel, Tensor::full({4}, DType::f32, 1));
  const ValueRef bias = b.weight("b", artifact::WeightFamily::bias, Tensor::zeros({4}, DType::f32));
  b.output("y",
           b.call("group_norm", {{"input", x}, {"scale", scale}, {"bias", bias}}, {{"groups", 2}})
               .at(0));
  const std::string found = messages(portability_of(b.bundle().graph));
  EXPECT_NE(found.find("voxloom.group_norm is an extension"), std::string::npos) << found;
  EXPECT_EQ(found.find("says the same"), std::string::npos) << found;
}

TEST(Portability, NamesActivationsOfOtherRanks) {
  GraphBuilder b;
  const ValueRef x = b.tensor_input("x", {{4}, artifact::ElementType::f32});
  b.output("y", b.op("lattice.softmax", {x})[0]);
  const std::string found = messages(portability_of(b.bundle().graph));
  EXPECT_NE(found.find("tensors of rank 2 alone, not 1"), std::string::npos) << found;
}

TEST(ToPlain, ActivationsAreOfMatricesAlone) {
  GraphBuilder b;
  const auto input = [&](const char* name, Shape shape) {
    return b.tensor_input(name, {std::move(shape), artifact::ElementType::f32});
  };
  b.output("v", b.activate(input("x", {4}), Activation::relu));
  b.output("m", b.activate(input("z", {4, 2}), Activation::relu));
  const Graph graph = b.bundle().graph;
  EXPECT_EQ(graph.ops[0].name, "voxloom.activation");
  EXPECT_EQ(graph.ops[1].name, "lattice.activation");
  EXPECT_EQ(to_text(to_plain(graph)), to_text(graph));
}

// IR v2's form divides where the dilation is not 1; the library's never does.
TEST(ToPlain, AKernelOfOneIsNotDivided) {
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 3});
  const Tensor weight = random_tensor({4, 3}, 5), bias = random_tensor({4}, 6);
  const artifact::ConvOperands operands = {
      .weight = b.conv_weight("w", weight, 1),
      .bias = b.weight("b", artifact::WeightFamily::bias, bias)};
  b.output("ours", b.normalized_subm_conv3d(x, operands, {.kernel_size = 1, .dilation = 2}, 0.5F));
  const auto theirs = [&](int dilation) {
    return b.op("lattice.normalized_subm_conv3d", {x, operands.weight, operands.bias},
                {{"kernel_size", Triple(1)}, {"dilation", Triple(dilation)}, {"eps", 0.5F}})[0];
  };
  b.output("skipped", theirs(1));
  b.output("divided", theirs(2));
  const Bundle bundle = b.bundle();
  EXPECT_FALSE(bundle.graph.extensions);
  const SparseTensor data = random_sparse({.channels = 3});
  TensorMap inputs;
  add_sparse_input(inputs, "x", data);
  const auto results = Model::from_bundle(bundle).run(inputs);
  const auto features = [&](const char* name) {
    return std::get<SparseTensor>(results.at(name)).features();
  };
  const Tensor product = conv3d(data, weight, bias, {.kernel_size = 1}).features();
  EXPECT_EQ(to_doubles(features("ours")), to_doubles(product));
  EXPECT_EQ(to_doubles(features("skipped")), to_doubles(product));
  const std::vector<double> sums =
      to_doubles(conv3d(data, weight, {}, {.kernel_size = 1}).features());
  const std::vector<double> divided = to_doubles(features("divided"));
  const std::vector<double> w = to_doubles(weight), shift = to_doubles(bias);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t o = i % 4;
    const double norm =
        0.5 + w[3 * o] * w[3 * o] + w[3 * o + 1] * w[3 * o + 1] + w[3 * o + 2] * w[3 * o + 2];
    EXPECT_NEAR(divided[i], sums[i] / std::sqrt(norm) + shift[o], 1e-5);
  }
}

TEST(Portability, NamesBfloat16) {
  GraphBuilder b;
  b.output("y", b.sparse_input("x", {.channels = 4, .dtype = DType::bf16}));
  const std::string found = messages(portability_of(b.bundle().graph));
  EXPECT_NE(found.find("bfloat16 is an extension"), std::string::npos) << found;
}

}  // namespace
}  // namespace voxloom::test
