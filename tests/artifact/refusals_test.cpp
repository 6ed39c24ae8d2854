// Every way to be wrong has its own words and its place.
#include <fmt/format.h>

#include <limits>

#include "artifact/sample.h"
#include "support/oracle_bridge.h"
#include "voxloom/graph_builder.h"
#include "voxloom/weight.h"

namespace voxloom::test {
namespace {

TEST(Refusals, TheSampleItselfIsRight) {
  EXPECT_EQ(problems_of(sample_text()), "");
  const artifact::Model model =
      artifact::Model::from_bundle({artifact::parse_graph(sample_text()), sample_weights()});
  const TensorMap results = artifact::to_tensors(model.run(sample_inputs()));
  EXPECT_EQ(results.at("output").shape(), (Shape{2, 2}));
}

struct Spoiled {
  std::string name, what, with, fragment;
};

void PrintTo(const Spoiled& spoiled, std::ostream* out) { *out << spoiled.with; }

class Refusals : public testing::TestWithParam<Spoiled> {};

TEST_P(Refusals, SayWhereAndWhy) {
  const Spoiled& c = GetParam();
  const std::string found = problems_of(replaced(sample_text(), c.what, c.with));
  EXPECT_NE(found.find(c.fragment), std::string::npos) << found;
  EXPECT_NE(found.find("graph.mlir:"), std::string::npos) << found;
}

std::string name_of_case(const testing::TestParamInfo<Spoiled>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Syntax, Refusals,
    testing::Values(
        Spoiled{"NoModule", "module", "modul", "expected 'module', got 'modul'"},
        Spoiled{"OpenString", "\"coords\",", "\"coords,", "expected"},
        Spoiled{"StringOverTheLine", "weights.safetensors\"\n", "weights\n", "not closed"},
        Spoiled{"BadEscape", "\"coords\"", "\"\\q\"", "a string knows the escapes"},
        Spoiled{"StrangeCharacter", "%x =", "%x = ;", "unexpected ';'"},
        Spoiled{"MissingArrow", "%a: tensor<1xi32>) ->", "%a: tensor<1xi32>)", "expected '{'"},
        Spoiled{"MissingReturn", "return %o : tensor<?x2xf32>", "", "expected 'return'"},
        Spoiled{"AfterReturn", "return %o : tensor<?x2xf32>",
                "return %o : tensor<?x2xf32>\n return %o : tensor<?x2xf32>",
                "expected '}' after 'return'"},
        Spoiled{"BlockLabel", "%x =", "^bb0:\n %x =", "exactly one block"},
        Spoiled{"SecondFunction", "  }\n}", "  }\n func.func @g() {return}\n}",
                "a second function"},
        Spoiled{"AfterModule", "  }\n}", "  }\n}\nmodule", "nothing after the module"},
        Spoiled{"NumberTooLarge", "batch_size = 2", "batch_size = 9223372036854775808",
                "does not fit a 64-bit integer"},
        Spoiled{"DimensionTooLarge", "tensor<?x3xf32>", "tensor<?x99999999999999999999xf32>",
                "does not fit 63 bits"},
        Spoiled{"FloatTooLarge", "0.01 : f32", "1.0e39 : f32", "does not fit a 32-bit float"},
        Spoiled{"IntegerForFloat", "0.01 : f32", "1 : f32", "write 1.0"},
        Spoiled{"NoType", "-> tensor<?x2xf32> {", "-> memref<2xf32> {", "expected a type"},
        Spoiled{"PackTooLarge", "%x =", "%x:9 =", "1 to 8 are read"},
        Spoiled{"TooManyParameters", "rank = 3",
                "a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, rank = 3",
                "more than 16 parameters"},
        Spoiled{"UnitAttribute", "batch_size = 2", "batch_size", "expected '='"},
        Spoiled{"ArrayOfI32", "array<i64: 2, 1, 1>", "array<i32: 2, 1, 1>",
                "arrays are of i64 or f64"},
        Spoiled{"EndOfText", "batch_size = 2}", "batch_size = 2", "expected i64 or f32, got '('"}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Module, Refusals,
    testing::Values(
        Spoiled{"IrVersion", "ir_version = 2", "ir_version = 1", "must be 2, got 1"},
        Spoiled{"NoIrVersion", "lattice.ir_version = 2,", "", "'lattice.ir_version' is missing"},
        Spoiled{"IrVersionText", "ir_version = 2", "ir_version = \"2\"", "ir_version must be 2"},
        Spoiled{"Digest", "1380f1e8", "2380f1e8", "schema_digest must be 1380f1e8"},
        Spoiled{"WeightFile", "= \"weights.safetensors\"", "= \"other.safetensors\"",
                "must be weights.safetensors, got other.safetensors"},
        Spoiled{"UnknownAttribute", "lattice.ir_version = 2,",
                "lattice.ir_version = 2, lattice.author = \"x\",",
                "unknown module attribute 'lattice.author'"},
        Spoiled{"AttributeTwice", "lattice.ir_version = 2,",
                "lattice.ir_version = 2, lattice.ir_version = 2,",
                "the attribute 'lattice.ir_version' twice"},
        Spoiled{"ExtensionsVersion", "lattice.ir_version = 2,",
                "lattice.ir_version = 2, voxloom.extensions = 2,",
                "voxloom.extensions must be 1, got 2"},
        Spoiled{"TooFewNames", "[\"coords\", \"features\", \"active\"]",
                "[\"coords\", \"features\"]", "input_names has 2 entries for 3 arguments"},
        Spoiled{"NamesNotStrings", "[\"coords\", \"features\", \"active\"]", "3",
                "input_names must be an array of strings"},
        Spoiled{"SameNameTwice", "[\"coords\", \"features\"", "[\"coords\", \"coords\"",
                "two inputs are named 'coords'"},
        Spoiled{"EmptyName", "[\"output\"]", "[\"\"]", "an output has no name"},
        Spoiled{"UnknownRole", "\"sparse_active\"", "\"sparse_count\"",
                "unknown input role 'sparse_count'"},
        Spoiled{"RoleOfAnotherType", "[\"sparse_coords\", \"sparse_features\"",
                "[\"sparse_features\", \"sparse_coords\"",
                "input 'coords' of role sparse_features cannot be tensor<?x4xi32>"},
        Spoiled{"OutputRole", "[\"tensor\"]", "[\"sparse_tensor\"]",
                "output 'output' of role sparse_tensor cannot be tensor<?x2xf32>"},
        Spoiled{"FunctionName", "@forward", "@predict", "the function must be @forward"},
        Spoiled{"NothingReturned", "return %o : tensor<?x2xf32>", "return",
                "must return at least one value"},
        Spoiled{"ReturnedType", "return %o : tensor<?x2xf32>", "return %o : tensor<?x3xf32>",
                "%o is tensor<?x2xf32>, written here as tensor<?x3xf32>"},
        Spoiled{"AnnouncedType", "-> tensor<?x2xf32> {", "-> tensor<?x2xf16> {",
                "%o is tensor<?x2xf32>, written here as tensor<?x2xf16>"}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Operations, Refusals,
    testing::Values(
        Spoiled{"UnknownOp", "lattice.conv3d", "lattice.conv4d",
                "unknown operation 'lattice.conv4d'"},
        Spoiled{"OtherDialect", "lattice.conv3d", "arith.addf", "unknown operation 'arith.addf'"},
        Spoiled{"ExtensionUnasked", "lattice.conv3d", "voxloom.conv3d",
                "voxloom.conv3d needs the module attribute voxloom.extensions = 1"},
        Spoiled{"BfloatUnasked", "%f: tensor<?x3xf32>", "%f: tensor<?x3xbf16>",
                "bfloat16 needs the module attribute"},
        Spoiled{"MissingAttribute", "padding = array<i64: 0, 0, 0>, ", "",
                "lattice.conv3d: the attribute 'padding' is missing"},
        Spoiled{"UnknownAttributeOfOp", "batch_size = 2", "batch_size = 2, groups = 1",
                "lattice.global_pool: unknown attribute 'groups'"},
        Spoiled{"AttributeTwiceInOp", "batch_size = 2", "batch_size = 2, batch_size = 2",
                "lattice.global_pool has the attribute 'batch_size' twice"},
        Spoiled{"UnknownEnum", "pool_mode<avg>", "pool_mode<median>",
                "mode must be sum, max, avg, got 'median'"},
        Spoiled{"OtherEnum", "#lattice.pool_mode<avg>", "#lattice.join<inner>",
                "mode must be #lattice.pool_mode<...>, got #lattice.join<...>"},
        Spoiled{"EnumWithParameters", "pool_mode<avg>", "pool_mode<avg, fast = 1>",
                "takes one name"},
        Spoiled{"EnumWanted", "#lattice.pool_mode<avg>", "\"avg\"", "mode must be #KIND<value>"},
        Spoiled{"Accumulation", "canonical_f32", "fast", "accumulation must be canonical_f32"},
        Spoiled{"FloatWithoutType", "alpha = 0.01 : f32", "alpha = 0.01",
                "alpha must be an f32 float, written like 1.0 : f32"},
        Spoiled{"FloatOfF64", "alpha = 0.01 : f32", "alpha = 0.01 : f64", "must be an f32 float"},
        Spoiled{"IntegerOfI16", "batch_size = 2", "batch_size = 2 : i16",
                "numbers are i64, i32, f32 or f64, not i16"},
        Spoiled{"IntegerBeyondI32", "batch_size = 2", "batch_size = 2147483648 : i32",
                "2147483648 does not fit a 32-bit integer"},
        Spoiled{"BareTypeOfAnArgument", "%c: tensor<?x4xi32>", "%c: <?x4xi32>", "expected a type"},
        Spoiled{"NegativeAlpha", "alpha = 0.01", "alpha = -0.01", "alpha must be at least 0"},
        Spoiled{"ZeroBeta", "beta = 1.0", "beta = 0.0", "beta must be above 0"},
        Spoiled{"InfiniteBeta", "beta = 1.0 : f32", "beta = 0x7F800000 : f32",
                "beta must be above 0, got inf"},
        Spoiled{"BatchSize", "batch_size = 2", "batch_size = -2", "batch_size must be at least -1"},
        Spoiled{"ZeroStride", "stride = array<i64: 2, 1, 1>", "stride = array<i64: 2, 0, 1>",
                "stride must be above 0, got 0"},
        Spoiled{"NegativePadding", "array<i64: 0, 0, 0>", "array<i64: 0, -1, 0>",
                "padding must be at least 0, got -1"},
        Spoiled{"TwoNumbers", "stride = array<i64: 2, 1, 1>", "stride = array<i64: 2, 1>",
                "stride must hold three numbers, got 2"},
        Spoiled{"HugeStride", "stride = array<i64: 2, 1, 1>",
                "stride = array<i64: 4294967296, 1, 1>", "does not fit 32 bits"},
        Spoiled{"FloatTriple", "stride = array<i64: 2, 1, 1>", "stride = array<f64: 2.0, 1.0, 1.0>",
                "stride must be array<i64: x, y, z>"},
        Spoiled{"HugeKernel", "kernel_size = array<i64: 2, 1, 1>",
                "kernel_size = array<i64: 2000, 2000, 2000>", "too many offsets"},
        Spoiled{"MissingOperand", "lattice.conv3d %x, %w, %b", "lattice.conv3d %x",
                "lattice.conv3d: 1 operands, but 3 operand types"},
        Spoiled{
            "KindOfOperand", "lattice.linear %g, %hw {} : (tensor<?x4xf32>, ",
            "lattice.linear %z, %hw {} : (" + kSparse + ", ",
            "takes (input: tensor, weight: weight, bias?: weight), got (sparse tensor, weight)"},
        Spoiled{
            "WrittenType",
            "global_pool %z {mode = #lattice.pool_mode<avg>, batch_size = 2} : (" + kSparse + ")",
            "global_pool %z {mode = #lattice.pool_mode<avg>, batch_size = 2} : (tensor<1xi32>)",
            "%z is !lattice.sparse_tensor"},
        Spoiled{"UseBeforeDefinition", "with_features %y", "with_features %zz",
                "%zz is not defined before its use"},
        Spoiled{"Redefinition", "%z =", "%y =", "%y is defined a second time; first at line 15"},
        Spoiled{"ResultCount", "%yc, %yf, %ya =", "%yc, %yf =", "2 results, but 3 result types"},
        Spoiled{"ResultKind",
                "{} : (tensor<?x4xf32>, !lattice.weight<linear, i8>) -> tensor<?x2xf32>",
                "{} : (tensor<?x4xf32>, !lattice.weight<linear, i8>) -> " + kSparse,
                "result 1 is a tensor"},
        Spoiled{"ResultChannels", "-> tensor<?x2xf32>\n    return %o : tensor<?x2xf32>",
                "-> tensor<?x5xf32>\n    return %o : tensor<?x5xf32>",
                "%o is tensor<2x2xf32>, written as tensor<?x5xf32>"},
        Spoiled{"SparseRank", "rank = 3", "rank = 2", "rank must be 3, got 2"},
        Spoiled{"SparseDtypeMissing", ", dtype = f32>", ">", "'dtype' is missing"},
        Spoiled{"SparseParameter", "dtype = f32>", "dtype = f32, order = z>",
                "unknown parameter 'order'"},
        Spoiled{"ElementType", "tensor<1xi32>", "tensor<1xi31>", "unknown element type 'i31'"},
        Spoiled{"WeightFamily", "!lattice.weight<bias, f32>", "!lattice.weight<biases, f32>",
                "unknown weight family 'biases'"},
        Spoiled{"WrongFamily", "lattice.conv3d %x, %w, %b", "lattice.conv3d %x, %b, %b",
                "weight must be a weight of family conv3d, got %b of family bias"},
        Spoiled{"Layout", "weight_layout<bias_c>", "weight_layout<channel_c>",
                "the layout of family bias is #lattice.weight_layout<bias_c>"},
        Spoiled{"UnknownPacking", "packing<dense>", "packing<int2>", "unknown packing 'int2'"},
        Spoiled{"PackingWithoutGroups", "group_size = 32, ", "", "needs group_size"},
        Spoiled{"PackingGroups", "group_size = 32", "group_size = 48",
                "cannot have group_size = 48"},
        Spoiled{"PackingMode", "mode = affine", "mode = symmetric", "cannot have mode = symmetric"},
        Spoiled{"PackedBias",
                "layout = #lattice.weight_layout<bias_c>, packing = "
                "#lattice.packing<dense>",
                "layout = #lattice.weight_layout<bias_c>, packing = #lattice.packing<int4, "
                "group_size = 32, scale_dtype = f16, mode = affine>",
                "a bias weight is never packed"}),
    name_of_case);

TEST(Refusals, ADenseWeightHoldsFloats) {
  const std::string text =
      replaced(replaced(sample_text(), "packing<dense>} : !lattice.weight<bias, f32>",
                        "packing<dense>} : !lattice.weight<bias, i8>"),
               "!lattice.weight<bias, f32>) ->", "!lattice.weight<bias, i8>) ->");
  EXPECT_NE(problems_of(text).find("a dense weight cannot have elements of type i8"),
            std::string::npos);
}

struct SpoiledArray {
  std::string name;
  std::string key;
  Tensor array;  // undefined: taken out
  std::string fragment;
};

class ArrayRefusals : public testing::TestWithParam<SpoiledArray> {};

TEST_P(ArrayRefusals, NameTheArray) {
  const SpoiledArray& c = GetParam();
  TensorMap weights = sample_weights();
  weights.erase(c.key);
  if (c.array.defined()) weights[c.key] = c.array;
  const std::string found = problems_of(sample_text(), weights);
  EXPECT_NE(found.find(c.fragment), std::string::npos) << found;
}

INSTANTIATE_TEST_SUITE_P(
    , ArrayRefusals,
    testing::Values(
        SpoiledArray{
            "Missing", "conv.bias", {}, "weights.safetensors: error: array 'conv.bias' is missing"},
        SpoiledArray{"PackedMissing", "head.weight.scales", {}, "'head.weight.scales' is missing"},
        SpoiledArray{"Dtype", "conv.bias", Tensor::zeros({4}, DType::f16),
                     "'conv.bias' must be float32, got float16"},
        SpoiledArray{"Rank", "conv.weight", Tensor::zeros({2, 3, 4}, DType::f32),
                     "of 3 dimensions instead of 5"},
        SpoiledArray{"Empty", "conv.bias", Tensor::zeros({0}, DType::f32), "holds nothing"},
        SpoiledArray{"BiasLength", "conv.bias", Tensor::zeros({5}, DType::f32),
                     "bias has 5 values for 4 channels"},
        SpoiledArray{"KernelSize", "conv.weight", Tensor::zeros({4, 1, 2, 1, 3}, DType::f32),
                     "weight (4,1,2,1,3) does not match kernel_size (2,1,1)"},
        SpoiledArray{"Channels", "conv.weight", Tensor::zeros({4, 2, 1, 1, 5}, DType::f32),
                     "does not match kernel_size (2,1,1), 3 input channels"},
        SpoiledArray{"OutChannels", "conv.weight", Tensor::zeros({6, 2, 1, 1, 3}, DType::f32),
                     "%yf is tensor<?x6xf32>, written as tensor<?x4xf32>"},
        SpoiledArray{"CodesDtype", "head.weight.weight", Tensor::zeros({1, 2, 8}, DType::i32),
                     "'head.weight.weight' must be uint32, got int32"},
        SpoiledArray{"ScalesDtype", "head.weight.scales", Tensor::zeros({1, 2, 1}, DType::f32),
                     "'head.weight.scales' must be float16, got float32"},
        SpoiledArray{"CodesRank", "head.weight.weight", Tensor::zeros({2, 8}, DType::u32),
                     "codes have three dimensions"},
        SpoiledArray{"CodesLength", "head.weight.weight", Tensor::zeros({1, 2, 7}, DType::u32),
                     "7 words for each output"},
        SpoiledArray{"CodesTooLong", "head.weight.weight", Tensor::zeros({1, 2, 16}, DType::u32),
                     "'head.weight.scales' has shape (1,2,1), the codes (1,2,16) need (1,2,2)"},
        SpoiledArray{"CodesVolume", "head.weight.weight", Tensor::zeros({2, 8, 2}, DType::u32),
                     "'head.weight.scales' has shape (1,2,1), the codes (2,8,2) need (2,1,2)"},
        SpoiledArray{"Unused", "extra", Tensor::zeros({1}, DType::f32),
                     "weights.safetensors: warning: array 'extra' belongs to no weight"}),
    [](const auto& test) { return test.param.name; });

TEST(Refusals, AllGroupsTooLongAreFoundByTheConsumer) {
  TensorMap weights = sample_weights();
  weights["head.weight.weight"] = Tensor::zeros({1, 2, 16}, DType::u32);
  weights["head.weight.scales"] = Tensor::zeros({1, 2, 2}, DType::f16);
  weights["head.weight.biases"] = Tensor::zeros({1, 2, 2}, DType::f16);
  EXPECT_NE(problems_of(sample_text(), weights)
                .find("has 2 groups of 32 channels, but the input has 4 channels"),
            std::string::npos);
}

// --- numbers at the ends of 64 bits: told apart from small ones, whatever is worked out with them ---

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();

// A convolution over a list of offsets, in groups, as text; its weights as they should be.
artifact::Bundle grouped_offsets() {
  artifact::GraphBuilder b;
  const artifact::ValueRef x = b.sparse_input("x", {.channels = 4});
  const artifact::ValueRef weight =
      b.weight("w", artifact::WeightFamily::kernel, Tensor::full({3, 2, 2, 3}, DType::f32, 1));
  b.output("y", b.conv3d(x, {.weight = weight},
                         {.groups = 2, .offsets = {{0, 0, 0}, {1, 0, 0}, {0, -1, 0}}}));
  return b.bundle();
}

std::string problems_of_offsets(const std::string& what, const std::string& with) {
  const artifact::Bundle bundle = grouped_offsets();
  return problems_of(replaced(artifact::to_text(bundle.graph), what, with), bundle.weights);
}

TEST(Refusals, OffsetsFit32Bits) {
  EXPECT_EQ(problems_of_offsets("offsets", "offsets"), "");
  for (const char* beyond : {"2147483648", "-2147483649", "4294967296", "9223372036854775807"}) {
    const std::string found = problems_of_offsets(
        "array<i64: 0, 0, 0, 1,", std::string("array<i64: 0, 0, 0, ") + beyond + ",");
    EXPECT_NE(found.find(std::string("offsets holds ") + beyond + ", which does not fit 32 bits"),
              std::string::npos)
        << found;
  }
}

TEST(Refusals, CountsFit32Bits) {
  for (const std::int64_t groups : {std::int64_t{1} << 31, kHuge / 2 + 1, kHuge}) {
    const std::string found = problems_of_offsets("groups = 2", fmt::format("groups = {}", groups));
    EXPECT_NE(found.find(fmt::format("groups is {}, which does not fit 32 bits", groups)),
              std::string::npos)
        << found;
  }
  const std::string batches =
      problems_of(replaced(sample_text(), "batch_size = 2", "batch_size = 9223372036854775807"));
  EXPECT_NE(batches.find("batch_size is 9223372036854775807, which does not fit 32 bits"),
            std::string::npos)
      << batches;
}

// A graph whose input says that it has so many channels.
template <typename Net>
std::string problems_with_channels(std::int64_t channels, const Net& net) {
  artifact::GraphBuilder b;
  const auto t = b.tensor_input("t", {{artifact::kDynamic, 4}, artifact::ElementType::f32});
  net(b, b.sparse_input("x", {.channels = 4}), t);
  const artifact::Bundle bundle = b.bundle();
  std::string text = artifact::to_text(bundle.graph);
  for (std::size_t at = 0; (at = text.find("<?x4xf32>", at)) != std::string::npos;) {
    text.replace(at, 9, fmt::format("<?x{}xf32>", channels));
  }
  return problems_of(text, bundle.weights);
}

// A reader reports operands that a text does not define; nobody does for a graph made in C++.
TEST(Refusals, AnOperandThatIsNoValue) {
  artifact::GraphBuilder b;
  b.output("y", b.exp(b.tensor_input("t", {{artifact::kDynamic, 4}, artifact::ElementType::f32})));
  artifact::Bundle bundle = b.bundle();
  bundle.graph.ops.at(0).operands.at(0) = -1;
  EXPECT_TRUE(artifact::has_errors(artifact::verify_bundle(bundle)));
  EXPECT_THROW(static_cast<void>(artifact::to_text(bundle.graph)), std::invalid_argument);
}

TEST(Refusals, AValueOfTwoOperations) {
  artifact::GraphBuilder b;
  b.output("y", b.exp(b.tensor_input("t", {{artifact::kDynamic, 4}, artifact::ElementType::f32})));
  artifact::Bundle bundle = b.bundle();
  bundle.graph.ops.push_back(bundle.graph.ops.at(0));
  const std::string found = messages(artifact::verify_bundle(bundle));
  EXPECT_NE(found.find("is defined twice"), std::string::npos) << found;
}

TEST(Refusals, SubmanifoldKernelsAreOddAlongEachAxis) {
  for (const Triple size : {Triple(2, 3, 3), Triple(3, 4, 1), Triple(1, 3, 2)}) {
    artifact::GraphBuilder b;
    const auto x = b.sparse_input("x", {.channels = 1});
    const Tensor ones = Tensor::full({1, size.x, size.y, size.z, 1}, DType::f32, 1);
    const auto w = b.conv_weight("w", ones, size);
    expect_throws<std::invalid_argument>(
        [&] {
          static_cast<void>(b.op("lattice.subm_conv3d", {x, w}, {{"kernel_size", size}}));
        },
        "a submanifold kernel must be odd");
  }
}

TEST(Refusals, ChannelsThatDoNotFitTogether) {
  const auto cat = [](artifact::GraphBuilder& b, artifact::ValueRef x, artifact::ValueRef) {
    b.output("y", b.cat({x, x}));
  };
  EXPECT_EQ(problems_with_channels(kHuge / 2, cat),
            "graph.mlir:11:5: warning: input 't' is never used\n");
  EXPECT_NE(problems_with_channels(kHuge / 2 + 1, cat).find("side by side do not fit 64 bits"),
            std::string::npos);
  const auto list = [](artifact::GraphBuilder& b, artifact::ValueRef x, artifact::ValueRef) {
    b.output("y", b.op("voxloom.sparse.cat", {x, x, x}, {})[0]);
  };
  EXPECT_NE(problems_with_channels(kHuge / 2, list).find("side by side do not fit 64 bits"),
            std::string::npos);
}

TEST(Refusals, ChannelsBeyondAWeightsGroups) {
  const auto packed_linear = [](artifact::GraphBuilder& b, artifact::ValueRef,
                                artifact::ValueRef t) {
    const QuantizedWeight weight =
        quantize(Tensor::full({2, 4}, DType::f32, 1), {.bits = 8, .group_size = 32});
    b.output("y", b.linear(t, b.weight("w", artifact::WeightFamily::linear, weight)));
  };
  const auto packed_conv = [](artifact::GraphBuilder& b, artifact::ValueRef x, artifact::ValueRef) {
    const QuantizedWeight weight =
        quantize(Tensor::full({2, 3, 3, 3, 4}, DType::f32, 1), {.bits = 8, .group_size = 32});
    b.output("y", b.subm_conv3d(x, {.weight = b.conv_weight("w", weight, 3)}));
  };
  const std::string expected =
      fmt::format("has 1 groups of 32 channels, but the input has {} channels", kHuge);
  EXPECT_NE(problems_with_channels(kHuge, packed_linear).find(expected), std::string::npos);
  EXPECT_NE(problems_with_channels(kHuge, packed_conv).find(expected), std::string::npos);
}

TEST(Refusals, DimensionsBelowZero) {
  artifact::Bundle bundle = grouped_offsets();
  auto& type = std::get<artifact::TensorType>(bundle.graph.values[0].type);
  type.dims[0] = -7;
  const std::string message =
      message_of<std::invalid_argument>([&] { (void)artifact::Model::from_bundle(bundle); });
  EXPECT_NE(message.find("there are no dimensions below 0"), std::string::npos) << message;
}

TEST(Refusals, EveryProblemIsFoundInOrder) {
  std::string text = replaced(sample_text(), "ir_version = 2", "ir_version = 7");
  text = replaced(text, "pool_mode<avg>", "pool_mode<odd>");
  text = replaced(text, "alpha = 0.01 : f32, ", "");
  text = replaced(text, "coord<batch_x_y_z>", "coord<z_y_x>");
  TensorMap weights = sample_weights();
  weights.erase("conv.bias");
  EXPECT_EQ(problems_of(text, weights),
            "graph.mlir:3:24: error: lattice.ir_version must be 2, got 7\n"
            "graph.mlir:12:86: error: lattice.sparse.make: coord_order must be batch_x_y_z, got "
            "'z_y_x'\n"
            "graph.mlir:17:10: error: lattice.activation: the attribute 'alpha' is missing\n"
            "graph.mlir:19:41: error: lattice.global_pool: mode must be sum, max, avg, got 'odd'\n"
            "weights.safetensors: error: array 'conv.bias' is missing\n");
}

TEST(Refusals, ReadingTellsTheFirstProblemAndTheirNumber) {
  const TemporaryFolder folder;
  std::string text = replaced(sample_text(), "ir_version = 2", "ir_version = 7");
  write_sample(folder / "x.lattice", replaced(text, "<avg>", "<odd>"), sample_weights());
  const std::string message =
      message_of<FormatError>([&] { (void)artifact::read_bundle(folder / "x.lattice"); });
  EXPECT_NE(message.find("graph.mlir:3:24: lattice.ir_version must be 2, got 7 (the first of 2 "
                         "problems)"),
            std::string::npos)
      << message;
}

TEST(Refusals, WhatIsNoBundleIsNamed) {
  const TemporaryFolder folder;
  const auto found = [&](const std::string& name) {
    return messages(artifact::verify_bundle(folder / name));
  };
  EXPECT_NE(found("absent").find("is not a folder"), std::string::npos);
  fs::create_directory(folder / "empty");
  EXPECT_NE(found("empty").find("graph.mlir: error: cannot be read: No such file"),
            std::string::npos);
  EXPECT_NE(found("empty").find("weights.safetensors: error: No such file"), std::string::npos);
}

}  // namespace
}  // namespace voxloom::test
