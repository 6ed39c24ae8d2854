// Running: binding, buffers longer than their content, memory, identity, threads.
#include <limits>
#include <thread>

#include "artifact/models.h"
#include "artifact/sample.h"

namespace voxloom::test {
namespace {

using artifact::Coordinates;
using artifact::GraphBuilder;
using artifact::Model;
using artifact::ModelOptions;
using artifact::to_tensors;
using artifact::ValueRef;
using artifact::WeightFamily;

constexpr auto kUnknown = artifact::kDynamic;

const CoordinateSet& output_set(const artifact::Results& results) {
  return std::get<SparseTensor>(results.at("output")).coords();
}

TEST(Model, ASecondRunTakesNoNewBytes) {
  const Model model = Model::from_bundle(unet());
  (void)model.run(unet_inputs());
  const std::size_t once = model.pool().system_bytes();
  EXPECT_GT(once, 0U);
  (void)model.run(unet_inputs());
  (void)model.run(unet_inputs());
  EXPECT_EQ(model.pool().system_bytes(), once);
}

// A part of a scan has no more rows on any level.
TensorMap part_of(TensorMap inputs, std::int32_t sites) {
  inputs["x_active"] = Tensor::from(std::vector{sites}, {1});
  return inputs;
}

TEST(Model, AScanThatIsNoLargerTakesNoNewBytes) {
  const TensorMap largest = unet_inputs(1, 1500);
  const std::int32_t sites = largest.at("x_active").data<std::int32_t>()[0];
  const Model model = Model::from_bundle(unet(), {.remembered_sets = 0});
  (void)model.run(part_of(largest, sites / 3));  // it may grow first
  (void)model.run(largest);
  const std::size_t once = model.pool().system_bytes();
  for (const int percent : {100, 97, 83, 64, 50, 31, 11, 3, 100, 42}) {
    const TensorMap inputs = part_of(largest, sites * percent / 100);
    const Model fresh = Model::from_bundle(unet());
    expect_identical(to_tensors(model.run(inputs)), to_tensors(fresh.run(inputs)));
    EXPECT_EQ(model.pool().system_bytes(), once) << percent;
  }
  EXPECT_GT(once, largest.at("x_features").bytes());
  model.release_memory();
  EXPECT_EQ(model.pool().idle_bytes(), 0U);
}

// Each thread that runs has a workspace. Which scans one sees depends on who comes first; none takes
// more than one that sees them all and has to grow each time.
TEST(Model, ThreadsShareAModelWithAWorkspaceEach) {
  const TensorMap largest = unet_inputs(1, 1500);
  const std::int32_t sites = largest.at("x_active").data<std::int32_t>()[0];
  const Model alone = Model::from_bundle(unet(), {.remembered_sets = 0});
  for (const int percent : {10, 35, 55, 70, 90, 100}) {
    (void)alone.run(part_of(largest, sites * percent / 100));
  }
  const Model model = Model::from_bundle(unet(), {.remembered_sets = 0});
  constexpr std::size_t kThreads = 4;
  const std::vector<int> percents = {100, 70, 35, 90, 10, 100, 55};
  std::vector<std::vector<TensorMap>> results(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (const int percent : percents) {
        results[t].push_back(to_tensors(model.run(part_of(largest, sites * percent / 100))));
        Tensor& features = results[t].back().at("output.features");
        features = features.clone();  // gives the workspace its block back
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(model.pool().system_bytes(), kThreads * alone.pool().system_bytes());
  for (std::size_t i = 0; i < percents.size(); ++i) {
    const TensorMap expected = to_tensors(alone.run(part_of(largest, sites * percents[i] / 100)));
    for (const auto& of_thread : results) expect_identical(of_thread[i], expected);
  }
}

TEST(Model, ValuesGoAfterTheirLastUse) {
  // A chain of many layers needs memory for a few, not for all.
  const auto chain_bytes = [](int layers) {
    GraphBuilder b;
    ValueRef features = b.tensor_input("x", {{kUnknown, 64}, artifact::ElementType::f32});
    for (int i = 0; i < layers; ++i) features = b.exp(b.round(features));
    b.output("y", features);
    const Model model = Model::from_bundle(b.bundle());
    (void)model.run({{"x", Tensor::zeros({4096, 64}, DType::f32)}});
    return model.pool().system_bytes();
  };
  EXPECT_EQ(chain_bytes(20), chain_bytes(2));
}

TEST(Model, TheSameCoordinatesAreTheSameSet) {
  const Model model = Model::from_bundle(unet());
  const auto a = model.run(unet_inputs());
  const auto b = model.run(unet_inputs());
  EXPECT_EQ(output_set(a), output_set(b));
  const auto other = model.run(unet_inputs(2));
  EXPECT_FALSE(output_set(a) == output_set(other));
  EXPECT_EQ(output_set(model.run(unet_inputs())), output_set(a)) << "still remembered";

  TensorMap moved = unet_inputs();  // one coordinate differs
  moved["x_coords"] = moved["x_coords"].clone();
  moved["x_coords"].mutable_data<std::int32_t>()[1] = 1000;
  EXPECT_FALSE(output_set(model.run(moved)) == output_set(a));
}

TEST(Model, SetsAreForgottenBeyondTheLimit) {
  const Model model = Model::from_bundle(unet(), {.remembered_sets = 1});
  const auto a = model.run(unet_inputs(1));
  (void)model.run(unet_inputs(2));
  EXPECT_FALSE(output_set(model.run(unet_inputs(1))) == output_set(a));
  const Model forgetful = Model::from_bundle(unet(), {.remembered_sets = 0});
  EXPECT_FALSE(output_set(forgetful.run(unet_inputs())) ==
               output_set(forgetful.run(unet_inputs())));
}

TEST(Model, RunsFromSeveralThreads) {
  const Model model = Model::from_bundle(unet());
  const Model reference = Model::from_bundle(unet(), {.remembered_sets = 0});
  constexpr int kThreads = 4;
  std::vector<std::vector<TensorMap>> results(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned seed = 1; seed <= 6; ++seed) {
        results[static_cast<std::size_t>(t)].push_back(to_tensors(model.run(unet_inputs(seed))));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const TensorMap expected = to_tensors(reference.run(unet_inputs(seed)));
    for (const auto& of_thread : results) expect_identical(of_thread[seed - 1], expected);
  }
}

TEST(Model, EmptyInputsRun) {
  const TensorMap inputs = {{"x_coords", Tensor::empty({0, 4}, DType::i32)},
                            {"x_features", Tensor::empty({0, 4}, DType::f32)},
                            {"x_active", Tensor::from(std::vector<std::int32_t>{0}, {1})}};
  const TensorMap results = to_tensors(Model::from_bundle(unet()).run(inputs));
  EXPECT_EQ(results.at("output.features").shape(), (Shape{0, 3}));
}

TEST(Model, OnlyActiveRowsCount) {
  const Model model = Model::from_bundle({artifact::parse_graph(sample_text()), sample_weights()});
  TensorMap inputs = sample_inputs();  // the fourth row repeats the first: not active, not checked
  const TensorMap results = to_tensors(model.run(inputs));
  inputs["coords"] = inputs["coords"].rows(0, 3);
  inputs["features"] = inputs["features"].rows(0, 3);
  expect_identical(to_tensors(model.run(inputs)), results);
}

struct BadInput {
  std::string name, key;
  Tensor tensor;
  std::string fragment;
};

TEST(Model, InputsAreCheckedByName) {
  const Model model = Model::from_bundle({artifact::parse_graph(sample_text()), sample_weights()});
  const auto integers = [](std::vector<std::int32_t> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return Tensor::from(values, {count});
  };
  const std::vector<BadInput> cases = {
      {"Unknown", "x", Tensor::zeros({1}, DType::f32),
       "there is no input 'x'; the graph takes coords:"},
      {"Missing", "features", {}, "the input 'features' is missing"},
      {"Dtype", "features", Tensor::zeros({4, 3}, DType::f16),
       "input 'features' must be tensor<?x3xf32>, got float16 of shape (4,3)"},
      {"Rank", "features", Tensor::zeros({12}, DType::f32), "got float32 of shape (12)"},
      {"Shape", "coords", Tensor::zeros({4, 3}, DType::i32),
       "input 'coords' must be tensor<?x4xi32>, got int32 of shape (4,3)"},
      {"ActiveTooLarge", "active", integers({5}), "active is 5, but coords has 4 rows"},
      {"ActiveNegative", "active", integers({-1}), "active is -1"},
      {"FewerFeatures", "features", Tensor::zeros({2, 3}, DType::f32),
       "active is 3, but features has 2 rows"},
      {"Duplicates", "active", integers({4}), "graph.mlir:12:10, %x = lattice.sparse.make"},
  };
  for (const BadInput& c : cases) {
    TensorMap inputs = sample_inputs();
    inputs.erase(c.key);
    if (c.tensor.defined()) inputs[c.key] = c.tensor;
    const std::string message = message_of<std::invalid_argument>([&] { (void)model.run(inputs); });
    EXPECT_NE(message.find(c.fragment), std::string::npos) << c.name << ": " << message;
  }
}

// A graph that takes a tensor of stride (2,1,3) apart.
Model decomposer(const ModelOptions& options = {}) {
  GraphBuilder b;
  const auto parts =
      b.op("lattice.sparse.decompose", {b.sparse_input("x", {.channels = 1, .stride = {2, 1, 3}})});
  b.output("coords", parts[0]);
  b.output("active", parts[2]);
  return Model::from_bundle(b.bundle(), options);
}

TensorMap one_site(std::int32_t x, std::int32_t y, std::int32_t z) {
  return {{"x_coords", Tensor::from(std::vector<std::int32_t>{1, x, y, z, 9, 9, 9, 9}, {2, 4})},
          {"x_features", Tensor::zeros({2, 1}, DType::f32)},
          {"x_active", Tensor::from(std::vector<std::int32_t>{1}, {1})}};
}

std::vector<std::int32_t> integers_of(const Tensor& tensor) {
  const auto values = tensor.span<std::int32_t>();
  return {values.begin(), values.end()};
}

TEST(Model, CoordinatesAtTheBoundaryArePhysical) {
  const TensorMap results = to_tensors(decomposer().run(one_site(-4, 5, 6)));
  EXPECT_EQ(integers_of(results.at("coords")), (std::vector<std::int32_t>{1, -4, 5, 6}));
  EXPECT_EQ(integers_of(results.at("active")), (std::vector<std::int32_t>{1}));
  for (const auto& bad : {one_site(-3, 5, 6), one_site(-4, 5, 7)}) {
    const std::string message =
        message_of<std::invalid_argument>([&] { (void)decomposer().run(bad); });
    EXPECT_NE(message.find("row 0 (1,"), std::string::npos) << message;
    EXPECT_NE(message.find("is not divisible by the stride (2,1,3)"), std::string::npos) << message;
  }
}

TEST(Model, LogicalCoordinatesStayAsTheyAre) {
  const Model model = decomposer({.coordinates = Coordinates::logical});
  EXPECT_EQ(integers_of(to_tensors(model.run(one_site(-3, 5, 7))).at("coords")),
            (std::vector<std::int32_t>{1, -3, 5, 7}));
}

TEST(Model, PhysicalCoordinatesThatOverflowAreRefused) {
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 1});
  const ValueRef coarse = b.pool3d(x, {.kernel_size = 3, .stride = 3});
  b.output("coords", b.op("lattice.sparse.decompose", {coarse})[0]);
  const Model model = Model::from_bundle(b.bundle());
  // floor(-2^31 / 3) * 3 lies one below the smallest int32.
  const std::string message = message_of<std::invalid_argument>(
      [&] { (void)model.run(one_site(std::numeric_limits<std::int32_t>::min(), 0, 0)); });
  EXPECT_NE(message.find("times the stride 3 does not fit 32 bits"), std::string::npos) << message;
}

TEST(Model, StridesThatOverflowAreRefused) {
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 1, .stride = 2});
  const ValueRef coarse = b.pool3d(x, {.kernel_size = 1, .stride = 1 << 29});
  EXPECT_THROW((void)b.pool3d(coarse, {.kernel_size = 1, .stride = 4}), std::invalid_argument);
}

TEST(Model, AResultHandsOutLatticeCoordinates) {
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 1, .stride = {2, 1, 3}});
  b.output("x", x);
  const TensorMap results = to_tensors(Model::from_bundle(b.bundle()).run(one_site(-4, 5, 6)));
  EXPECT_EQ(integers_of(results.at("x.coords")), (std::vector<std::int32_t>{1, -2, 5, 2}));
}

TEST(Model, GlobalPoolRefusesMoreBatchesThanItsSize) {
  GraphBuilder b;
  b.output("y", b.global_pool(b.sparse_input("x", {.channels = 4}), PoolMode::sum, 1));
  const Model model = Model::from_bundle(b.bundle());
  const std::string message =
      message_of<std::invalid_argument>([&] { (void)model.run(unet_inputs()); });
  EXPECT_NE(message.find("batch_size is 1, but there is a row of batch 1"), std::string::npos);
}

TEST(Model, SizesThatAGraphWritesHoldForItsOutputs) {
  GraphBuilder b;
  b.output("y", b.global_pool(b.sparse_input("x", {.channels = 1}), PoolMode::sum));
  artifact::Bundle bundle = b.bundle();
  const int y = bundle.graph.outputs.at(0).value;
  auto& type =
      std::get<artifact::TensorType>(bundle.graph.values.at(static_cast<std::size_t>(y)).type);
  type.dims.at(0) = 4;  // one site lies in batch 1: two rows
  ASSERT_FALSE(artifact::has_errors(artifact::verify_bundle(bundle)));
  const std::string message = message_of<std::invalid_argument>(
      [&] { (void)Model::from_bundle(bundle).run(one_site(0, 0, 0)); });
  EXPECT_NE(message.find("output 'y' is written as tensor<4x1xf32>, but has shape (2,1)"),
            std::string::npos)
      << message;
  type.dims.at(0) = 2;
  EXPECT_NO_THROW((void)Model::from_bundle(bundle).run(one_site(0, 0, 0)));
}

TEST(Model, AnOutputMayBeAnInputAndStandTwice) {
  GraphBuilder b;
  const ValueRef x = b.tensor_input("x", {{kUnknown}, artifact::ElementType::i32});
  b.output("a", x);
  b.output("b", x);
  const Tensor values = Tensor::from(std::vector<std::int32_t>{1, 2, 3}, {3});
  const TensorMap results = to_tensors(Model::from_bundle(b.bundle()).run({{"x", values}}));
  expect_identical(results, {{"a", values}, {"b", values}});
}

TEST(Model, ResultsThatWouldShareANameAreRefused) {
  const Tensor dense = Tensor::zeros({1}, DType::f32);
  const SparseTensor sparse = random_sparse({});
  EXPECT_THROW((void)to_tensors({{"a", sparse}, {"a.coords", dense}}), std::invalid_argument);
}

TEST(Model, EmbeddingsAreLookedUp) {
  GraphBuilder b;
  const ValueRef indices = b.tensor_input("i", {{kUnknown}, artifact::ElementType::i32});
  const Tensor table = random_tensor({5, 3}, 1);
  b.output("rows", b.embedding_lookup(indices, b.weight("t", WeightFamily::embedding, table)));
  const Model model = Model::from_bundle(b.bundle());
  const Tensor wanted = Tensor::from(std::vector<std::int32_t>{4, 0, 4}, {3});
  expect_identical(to_tensors(model.run({{"i", wanted}})),
                   {{"rows", embedding_lookup(wanted, table)}});
}

TEST(Model, FeaturesOfALongerBufferAreCut) {
  GraphBuilder b;
  const ValueRef c = b.tensor_input("c", {{kUnknown, 4}, artifact::ElementType::i32});
  const ValueRef f = b.tensor_input("f", {{kUnknown, 1}, artifact::ElementType::f32});
  const ValueRef a = b.tensor_input("a", {{1}, artifact::ElementType::i32});
  const ValueRef x = b.op("lattice.sparse.make", {c, f, a})[0];
  b.output("y", b.with_features(x, b.exp(f)));
  const TensorMap site = one_site(1, 2, 3);
  const TensorMap results = to_tensors(Model::from_bundle(b.bundle())
                                           .run({{"c", site.at("x_coords")},
                                                 {"f", site.at("x_features")},
                                                 {"a", site.at("x_active")}}));
  EXPECT_EQ(results.at("y.features").shape(), (Shape{1, 1}));
}

TEST(Model, HalfPrecisionModelsRun) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    GraphBuilder b;
    const SparseTensor x = random_sparse({.dtype = dtype});
    const Tensor weight = random_tensor({6, 3, 3, 3, 4}, 5, dtype);
    const ValueRef in = b.sparse_input("x", {.channels = 4, .dtype = dtype});
    b.output("y", b.subm_conv3d(in, {.weight = b.conv_weight("w", weight, 3)}));
    const artifact::Bundle bundle = b.bundle();
    EXPECT_EQ(artifact::needs_extensions(bundle.graph), dtype == DType::bf16);
    TensorMap inputs;
    add_sparse_input(inputs, "x", x);
    const TemporaryFolder folder;
    artifact::write_bundle(folder / "half.lattice", bundle);
    const TensorMap results = to_tensors(Model::load(folder / "half.lattice").run(inputs));
    EXPECT_EQ(results.at("y.features").dtype(), dtype);
    expect_near(results.at("y.features"), subm_conv3d(x, weight, {}).features(), {});
  }
}

}  // namespace
}  // namespace voxloom::test
