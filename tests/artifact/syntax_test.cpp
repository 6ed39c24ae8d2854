// What the text form leaves free, and what our writer makes of it.
#include <algorithm>
#include <bit>
#include <limits>

#include "artifact/sample.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {
namespace {

using artifact::parse_graph;
using artifact::to_text;

std::string all_replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// The canonical text of the sample, and of a variant that must mean the same.
void expect_same_meaning(const std::string& variant) {
  EXPECT_EQ(to_text(parse_graph(variant)), to_text(parse_graph(sample_text())));
}

TEST(Syntax, BlanksAndLineBreaksAreFree) {
  std::string text = sample_text();
  for (const char* mark : {"<", ">", ",", "=", "{", "}", "(", ")"}) {
    text = all_replaced(text, mark, std::string("\n\t ") + mark + " \r\n");
  }
  // The arrow was torn apart with its '>'.
  text = all_replaced(text, "-\n\t > \r\n", " -> ");
  expect_same_meaning(text);
  expect_same_meaning(all_replaced(sample_text(), "tensor<?x4xf32>", "tensor< ? x 4 x f32 >"));
  expect_same_meaning(all_replaced(sample_text(), "?x4xf32", "?\nx\n4xf32 // channels\n"));
}

TEST(Syntax, NothingButOneBlankIsNeeded) {
  std::string text = sample_text();
  text.erase(0, text.find("module"));  // the comment
  for (const char* mark : {"<", ">", ",", "=", "{", "}", "(", ")", ":"}) {
    text = all_replaced(text, std::string(" ") + mark, mark);
    text = all_replaced(text, std::string(mark) + " ", mark);
  }
  expect_same_meaning(all_replaced(text, "\n", " "));
}

TEST(Syntax, CommentsAreSkipped) {
  expect_same_meaning(all_replaced(sample_text(), "\n", " // %x = { \"\n// another\n"));
}

TEST(Syntax, SomePartsMayBeLeftOutOrWritten) {
  expect_same_meaning(replaced(sample_text(), "batch_size = 2", "batch_size = 2 : i64"));
  expect_same_meaning(replaced(sample_text(), "batch_size = 2", "batch_size = 2 : i32"));
  expect_same_meaning(replaced(sample_text(), "batch_size = 2", "batch_size = 0x2"));
  expect_same_meaning(replaced(sample_text(), "%hw {} :", "%hw :"));
  expect_same_meaning(replaced(sample_text(), "ir_version = 2,", "ir_version = 2 : i64,"));
  expect_same_meaning(replaced(sample_text(), "module attributes", "module @model attributes"));
  expect_same_meaning(replaced(sample_text(), "func.func @", "func.func public @"));
  expect_same_meaning(replaced(sample_text(), "return %o", "func.return %o"));
  expect_same_meaning(replaced(sample_text(), "-> tensor<?x2xf32> {", "-> (tensor<?x2xf32>) {"));
  expect_same_meaning(replaced(sample_text(), "@hw {", "@\"hw\" {"));
}

// MLIR's printer leaves out the name of a type that the operation implies.
TEST(Syntax, ImpliedTypesMayBeBare) {
  const std::string sparse = "!lattice.sparse_tensor<rank";
  std::string text = sample_text();
  const std::size_t decompose = text.find(sparse, text.find("lattice.sparse.decompose"));
  text.replace(decompose, sparse.size(), "<rank");
  expect_same_meaning(text);
  expect_same_meaning(all_replaced(sample_text(), "} : !lattice.weight<", "} : <"));
}

// Some writers call a sparse result a tensor: the type counts, with a warning, and the writer says it right.
TEST(Syntax, ASparseOutputMayHaveTheRoleOfATensor) {
  artifact::GraphBuilder b;
  b.output("y", b.pool3d(b.sparse_input("x", {.channels = 2})));
  artifact::Bundle bundle = b.bundle();
  const std::string right = to_text(bundle.graph);
  bundle.graph = parse_graph(replaced(right, "[\"sparse_tensor\"]", "[\"tensor\"]"));
  const artifact::Diagnostics found = artifact::verify_bundle(bundle);
  EXPECT_FALSE(artifact::has_errors(found));
  EXPECT_NE(messages(found).find("warning: output 'y' has the role tensor, but is a sparse tensor"),
            std::string::npos)
      << messages(found);
  EXPECT_EQ(to_text(bundle.graph), right);
}

TEST(Syntax, SeveralResultsMayHaveOneName) {
  std::string text = replaced(sample_text(), "%yc, %yf, %ya =", "%p:3 =");
  std::string written = to_text(parse_graph(replaced(text, "activation %yf", "activation %p#1")));
  written = all_replaced(all_replaced(written, "%p_0", "%yc"), "%p_1", "%yf");
  EXPECT_EQ(all_replaced(written, "%p_2", "%ya"), to_text(parse_graph(sample_text())));
  text = replaced(sample_text(), "%x = lattice.sparse.make", "%x:1 = lattice.sparse.make");
  EXPECT_NO_THROW((void)parse_graph(text));
  text = replaced(sample_text(), "lattice.conv3d %x,", "lattice.conv3d %x#0,");
  EXPECT_NO_THROW((void)parse_graph(text));
}

TEST(Syntax, FloatsHaveManySpellings) {
  for (const char* spelling : {"0.01 : f32", "1.0e-02 : f32", "1.E-2:f32", "00.010 : f32",
                               "10.0e-3 : f32", "0x3C23D70A : f32"}) {
    expect_same_meaning(replaced(sample_text(), "0.01 : f32", spelling));
  }
}

TEST(Syntax, FloatsComeBackToTheBit) {
  artifact::GraphBuilder b;
  const auto x = b.sparse_input("x", {.channels = 1});
  std::vector<float> fills = {0.0F,
                              -0.0F,
                              1.0F / 3,
                              1e-45F,
                              3.4028235e38F,
                              1e-8F,
                              16777216.0F,
                              std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity(),
                              std::bit_cast<float>(0x7fc12345U)};
  auto y = x;
  for (const float fill : fills) y = b.reindex(y, x, fill);
  b.output("y", y);
  const artifact::Graph graph = parse_graph(to_text(b.bundle().graph));
  std::size_t next = 0;
  for (const auto& op : graph.ops) {
    if (op.name != "lattice.sparse.reindex") continue;
    const float back = std::get<float>(op.attributes.at("fill").value);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(back), std::bit_cast<std::uint32_t>(fills[next++]));
  }
  EXPECT_EQ(next, fills.size());
}

TEST(Syntax, DoublesComeBackToTheBit) {
  artifact::GraphBuilder b;
  const auto p = b.tensor_input("p", {{artifact::kDynamic, 3}, artifact::ElementType::f32});
  const auto f = b.tensor_input("f", {{artifact::kDynamic, 1}, artifact::ElementType::f32});
  const auto i = b.tensor_input("i", {{artifact::kDynamic}, artifact::ElementType::i32});
  const auto a = b.tensor_input("a", {{1}, artifact::ElementType::i32});
  const Grid grid{.voxel_size = {0.1, 1e-300, 1e300}, .origin = {-1.0 / 3, -0.0, 5e-324}};
  b.output("v", b.voxelize({.points = p, .batch = i, .active = a, .features = f}, {.grid = grid}));
  const artifact::Graph graph = parse_graph(to_text(b.bundle().graph));
  const auto& op = graph.ops.back();
  const auto& size = std::get<std::vector<double>>(op.attributes.at("voxel_size").value);
  const auto& origin = std::get<std::vector<double>>(op.attributes.at("origin").value);
  EXPECT_TRUE(std::equal(size.begin(), size.end(), grid.voxel_size.begin()));
  for (std::size_t axis = 0; axis < 3; ++axis) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(origin[axis]),
              std::bit_cast<std::uint64_t>(grid.origin[axis]));
  }
}

TEST(Syntax, StrangeNamesSurvive) {
  artifact::GraphBuilder b;
  const std::string name = "an \"input\"\n\t\\ \x01 \xc3\xa9";
  const auto x = b.named("7 up!").tensor_input(name, {{4}, artifact::ElementType::f32});
  const auto w =
      b.weight("a/b c", artifact::WeightFamily::channel, Tensor::full({1}, DType::f32, 1));
  (void)w;
  b.output("y z", b.named("7 up!").exp(x));
  const artifact::Graph graph = parse_graph(to_text(b.bundle().graph));
  EXPECT_EQ(graph.inputs[0].name, name);
  EXPECT_EQ(graph.outputs[0].name, "y z");
  EXPECT_EQ(std::get<std::string>(graph.ops[0].attributes.at("storage_key").value), "a/b c");
  EXPECT_EQ(to_text(graph), to_text(b.bundle().graph));
}

TEST(Syntax, TheWriterIsStable) {
  const std::string text = to_text(parse_graph(sample_text()));
  EXPECT_EQ(to_text(parse_graph(text)), text);
  EXPECT_EQ(text.substr(0, 20), "module attributes {\n");
}

TEST(Syntax, PositionsCountLinesAndBytes) {
  const std::string message =
      message_of<FormatError>([] { (void)parse_graph("module\r\n\t // x\n  attributes {\n  $"); });
  EXPECT_NE(message.find("graph.mlir:4:3: unexpected '$'"), std::string::npos) << message;
}

TEST(Syntax, AnEndlessListOfProblemsIsCutShort) {
  std::string attributes;
  for (int i = 0; i < 100000; ++i) attributes += "a = 1, ";
  const std::string found =
      problems_of(replaced(sample_text(), "batch_size = 2", attributes + "batch_size = 2"));
  EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 1001);
  EXPECT_NE(found.find("and more: the rest is not listed"), std::string::npos);
  const std::string name(100000, 'n');
  EXPECT_LT(problems_of(replaced(sample_text(), "lattice.conv3d", "lattice." + name)).size(),
            9000U);
}

TEST(Syntax, OversizedTextIsRefused) {
  const std::string text((std::size_t{16} << 20U) + 1, ' ');
  EXPECT_NE(message_of<FormatError>([&] { (void)parse_graph(text); }).find("at most 16777216"),
            std::string::npos);
}

}  // namespace
}  // namespace voxloom::test
