// The code of docs/api.md (blocks_test.cpp compares). Each test is one task of that page.
#include <gtest/gtest.h>
#include <voxloom/voxloom.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "support/keep_bundles.h"

namespace {

using namespace voxloom;
namespace fs = std::filesystem;

// Tests run in a folder of their own, in which `models` leads to the bundled models.
class Api : public testing::Test {
 protected:
  Api() {
    const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
    const fs::path root = fs::absolute(source == nullptr ? "." : source);
    std::string name = fs::temp_directory_path() / "voxloom_api_XXXXXX";
    folder_ = mkdtemp(name.data());
    fs::create_directory_symlink(root / "models", folder_ / "models");
    before_ = fs::current_path();
    fs::current_path(folder_);
  }
  ~Api() override {
    fs::current_path(before_);
    test::keep_bundles(folder_);
    fs::remove_all(folder_);
  }
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

 private:
  fs::path folder_, before_;
};

// A hilly square with a pole.
Tensor make_points() {
  std::vector<float> xyz;
  for (int i = 0; i < 400; ++i) {
    const float x = 0.1F * static_cast<float>(i % 20);
    const float y = 0.1F * static_cast<float>(i / 20);
    xyz.insert(xyz.end(), {x, y, 0.3F * std::sin(3 * x)});
    xyz.insert(xyz.end(), {1.0F, 1.0F, 0.01F * static_cast<float>(i)});
  }
  return Tensor::from(xyz, {800, 3});
}

SparseTensor make_voxels(std::int64_t channels = 16) {
  const Tensor points = make_points();
  const Tensor features = Tensor::full({points.dim(0), channels}, DType::f32, 0.5F);
  return voxelize(points, features, {}, {.grid = {.voxel_size = {0.2, 0.2, 0.2}}}).tensor;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.span<float>(), b.span<float>());
}

TEST_F(Api, TensorFromCoordinates) {
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}, {0, 1, 0, 0}, {1, -7, 2, 9}};
  const Tensor features = Tensor::from<float>({0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F}, {3, 2});
  const SparseTensor x = sparse_tensor(rows, features, {.stride = 1, .batch_size = 2});

  const Coordinate last = x.coords()[2];                               // (1,-7,2,9)
  const std::int64_t row = x.coords().find(0, 1, 0, 0);                // 1; -1 for a miss
  const float value = x.features().data<float>()[row * x.channels()];  // 0.3

  EXPECT_EQ(last, (Coordinate{1, -7, 2, 9}));
  EXPECT_EQ(value, 0.3F);
}

TEST_F(Api, TensorFromPoints) {
  const Tensor points = make_points();  // (P,3) float32
  const Tensor intensity = Tensor::full({points.dim(0), 1}, DType::f32, 0.5F);

  const Grid grid{.voxel_size = {0.2, 0.2, 0.2}};
  const Voxelized voxels = voxelize(points, intensity, {}, {.grid = grid});
  const SparseTensor& x = voxels.tensor;         // one row per cell, the mean of its points
  const auto row = voxels.row_of_point.front();  // of the first point
  const Tensor back = devoxelize(points, x, {}, {.grid = grid});  // (P,1) again

  EXPECT_EQ(x.coords()[row], (Coordinate{0, 0, 0, 0}));
  EXPECT_EQ(back.shape(), (Shape{points.dim(0), 1}));
}

TEST_F(Api, RowsThatRepeat) {
  const Tensor rows = Tensor::from<std::int32_t>({0, 1, 1, 1, 0, 1, 1, 1, 0, 2, 2, 2}, {3, 4});
  const Tensor features = Tensor::from<float>({1, 3, 5}, {3, 1});
  const Voxelized merged = sparse_from_points(rows, features, Reduction::mean);  // 2 rows: 2, 5

  EXPECT_EQ(merged.tensor.rows(), 2);
  EXPECT_EQ(merged.tensor.features().span<float>()[0], 2.0F);
}

TEST_F(Api, Convolve) {
  const SparseTensor x = make_voxels(16);
  const nn::SubmConv3d layer({.in = 16, .out = 32, .seed = 1});
  const Tensor weight = layer.weight.tensor(), bias = layer.bias;
  const Tensor up = Tensor::full({8, 32, 16}, DType::f32, 0.01F);

  // The same voxels, 16 -> 32 channels; weight (27, 16, 32) or any other layout of weight.h.
  const SparseTensor a = subm_conv3d(x, weight, bias);
  // Half the resolution: rows floor(c / 2).
  const Tensor down = Tensor::full({8, 32, 32}, DType::f32, 0.01F);
  const SparseTensor b = conv3d(a, down, {}, {.kernel_size = 2, .stride = 2});
  // Back onto a's rows, and what both know side by side.
  const SparseTensor c = conv_transpose3d(b, up, {}, {.target = a.coords()});
  const SparseTensor d = cat(std::vector{c, a});  // 48 channels

  EXPECT_EQ(d.channels(), 48);
  EXPECT_EQ(d.coords(), x.coords());
  EXPECT_EQ(b.stride(), Triple(2));
}

TEST_F(Api, OtherSupports) {
  const SparseTensor x = make_voxels(4);
  const Tensor weight = Tensor::full({27, 4, 4}, DType::f32, 0.01F);

  // Every row that the kernel reaches, inside of a box.
  const SparseTensor grown = conv3d(
      x, weight, {}, {.support = Support::reachable, .bounds = Bounds{{-2, -2, -2}, {40, 40, 40}}});
  // A kernel of three offsets of your choice.
  const Tensor three = Tensor::full({3, 4, 4}, DType::f32, 0.01F);
  const SparseTensor listed = conv3d(x, three, {}, {.offsets = {{0, 0, 0}, {3, 0, 0}, {-3, 0, 1}}});
  // Along the pairs of an earlier convolution, the other way.
  const ConvOptions options{.kernel_size = 3, .stride = 2};
  const SparseTensor coarse = conv3d(x, weight, {}, options);
  const SparseTensor fine = inverse_conv3d(coarse, weight, {}, conv3d_map(x, options));

  EXPECT_GT(grown.rows(), x.rows());
  EXPECT_EQ(listed.coords(), x.coords());
  EXPECT_EQ(fine.coords(), x.coords());
}

TEST_F(Api, LookAtAMap) {
  const SparseTensor x = make_voxels(1);

  const KernelMap map = subm_conv3d_map(x);
  const std::vector<MapEntry> triples = map.triples();  // (in_row, out_row, k), by (out_row, k)
  const MapByOffset by_offset = map.by_offset();        // the same by k
  const std::vector<std::int32_t> table = map.dense();  // (N_out, 27) input rows, -1: a miss
  const KernelMap back = map.swapped();                 // input rows become output rows

  EXPECT_EQ(static_cast<std::int64_t>(triples.size()), map.size());
  EXPECT_EQ(by_offset.begin.size(), 28U);
  EXPECT_EQ(static_cast<std::int64_t>(table.size()), x.rows() * 27);
  EXPECT_EQ(back.size(), map.size());
}

TEST_F(Api, PoolJoinSelect) {
  const SparseTensor x = make_voxels(4);

  const SparseTensor half = pool3d(x, {.mode = PoolMode::max});  // 2x2x2, stride 2
  const SparseTensor back = max_unpool3d(x, half, {.mode = PoolMode::max});
  const Tensor whole = global_pool(x, PoolMode::avg);       // (B, C)
  const SparseTensor sum = add(x, back);                    // outer join
  const SparseTensor box = crop(x, {0, 0, 0}, {9, 9, 9});   // both ends included
  const SparseTensor best = prune(x, topk(x, 100));         // 100 rows per batch
  const Tensor grid = to_dense(box, {0, 0, 0}, {9, 9, 9});  // (B, 10, 10, 10, C)

  EXPECT_EQ(sum.coords(), x.coords());
  EXPECT_EQ(whole.shape(), (Shape{1, 4}));
  EXPECT_EQ(best.rows(), std::min<std::int64_t>(100, x.rows()));
  EXPECT_EQ(grid.shape(), (Shape{1, 10, 10, 10, 4}));
}

TEST_F(Api, BuildANetwork) {
  const SparseTensor x = make_voxels(3);

  nn::Sequential net;
  net.add<nn::SubmConv3d>(nn::Channels{.in = 3, .out = 16, .seed = 1});
  net.add<nn::BatchNorm>(16);
  net.add<nn::Activate>(Activation::relu);
  net.add<nn::BasicBlock>(nn::Channels{.in = 16, .out = 32, .seed = 2});
  net.add<nn::Linear>(nn::Channels{.in = 32, .out = 5, .seed = 3});
  const SparseTensor scores = net(x);  // 5 scores on each of x's rows

  EXPECT_EQ(scores.channels(), 5);
  EXPECT_EQ(scores.coords(), x.coords());
}

// A module of one's own: two branches, added.
class Branches : public nn::Module {
 public:
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return autograd::add(near_.run(x, pass), far_.run(x, pass));
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    near_.collect_parameters(prefix + "near.", to);
    far_.collect_parameters(prefix + "far.", to);
  }

 private:
  nn::SubmConv3d near_{{.in = 4, .out = 8, .seed = 1}};
  nn::SubmConv3d far_{{.in = 4, .out = 8, .seed = 2}, {.dilation = 3}};
};

TEST_F(Api, AModuleOfOnesOwn) {
  Branches net;
  EXPECT_EQ(net(make_voxels(4)).channels(), 8);
  EXPECT_EQ(net.named_parameters().front().name, "near.weight");
}

TEST_F(Api, ReadyMadeNetworks) {
  const SparseTensor x = make_voxels(3);

  nn::MinkUNet net({.in_channels = 3, .classes = 20, .depth = 14, .width = 0.25});
  const SparseTensor scores = net(x);
  std::int64_t parameters = 0;
  for (const nn::NamedParameter& p : net.named_parameters()) parameters += p.value->size();
  double flops = 0;
  for (const nn::LayerWork& layer : net.work(x.coords())) flops += layer.flops();

  EXPECT_EQ(scores.channels(), 20);
  EXPECT_GT(parameters, 0);
  EXPECT_GT(flops, 0);
}

TEST_F(Api, LoadAndRunABundle) {
  const Tensor points = make_points();
  const Tensor features = Tensor::full({points.dim(0), 3}, DType::f32, 0.1F);
  const auto count = static_cast<std::int32_t>(points.dim(0));

  const auto model = artifact::Model::load("models/street.lattice");
  const auto results = model.run({{"points", points},
                                  {"features", features},
                                  {"batch", Tensor::zeros({count}, DType::i32)},
                                  {"active", Tensor::from<std::int32_t>({count}, {1})}});
  const Tensor& scores = std::get<Tensor>(results.at("scores"));  // (P, 12)

  EXPECT_EQ(scores.shape(), (Shape{count, 12}));
}

TEST_F(Api, WhatABundleTakes) {
  for (const artifact::Diagnostic& d : artifact::verify_bundle("models/street.lattice")) {
    ADD_FAILURE() << artifact::to_string(d);  // graph.mlir:12:3: error: ...
  }
  const artifact::Bundle bundle = artifact::read_bundle("models/street.lattice");
  std::vector<std::string> names;
  for (const auto& input : bundle.graph.inputs) names.push_back(input.name);

  EXPECT_EQ(names, (std::vector<std::string>{"points", "batch", "active", "features"}));
}

// A scan as a sensor gives it, cut to what is near so that the test is quick.
Scan small_scan() {
  const LabelledScan street = sim::street_dataset({.split = sim::Split::test, .scans = 1})->get(0);
  LabelledScan near;
  for (std::int64_t i = 0; i < street.size(); i += 20) {
    const auto at = static_cast<std::size_t>(i);
    near.positions.push_back(street.positions[at]);
    near.intensity.push_back(street.intensity[at]);
    near.labels.push_back(street.labels[at]);
  }
  return to_scan(near, street_classes());
}

TEST_F(Api, TheLayersOfTheReadme) {
  // batch, x, y, z
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, -7, 2, 9}};
  const SparseTensor x = sparse_tensor(rows, Tensor::full({3, 16}, DType::f32, 1.0F));

  const nn::SubmConv3d convolution({.in = 16, .out = 32, .seed = 1});
  const SparseTensor y = convolution(x);                         // 32 channels on the same voxels
  const SparseTensor half = pool3d(y, {.mode = PoolMode::max});  // half the resolution

  EXPECT_EQ(y.rows(), 3);
  EXPECT_EQ(half.rows(), 2);
}

TEST_F(Api, LabelAScan) {
  write_scan("scan.ply", small_scan());

  const label::PointLabeller labeller("models/street.lattice");
  Scan scan = read_scan("scan.ply", {.invalid = InvalidPoints::drop});
  const label::PointLabels labels =
      labeller.label(labeller.input(scan).points, {.memory = 4'000'000'000});
  label::set_labels(scan, labels, labeller.classes());  // label, confidence, red, green, blue
  write_scan("labelled.ply", scan);

  EXPECT_NE(read_scan("labelled.ply").find("confidence"), nullptr);

  const auto model = artifact::Model::load("models/street.lattice");
  const LabelledScan seen = to_unlabelled(scan);
  const auto count = static_cast<std::int32_t>(seen.size());
  const auto results = model.run({{"points", train::point_positions(seen)},
                                  {"features", train::point_features(seen)},
                                  {"batch", Tensor::zeros({count}, DType::i32)},
                                  {"active", Tensor::from<std::int32_t>({count}, {1})}});
  scan.set("class", train::largest_scores(std::get<Tensor>(results.at("scores"))));

  const Column& classes = *scan.find("class");
  for (std::int64_t i = 0; i < count; ++i) {
    ASSERT_EQ(classes.as_double(i), labels.classes[static_cast<std::size_t>(i)]);
  }
}

TEST_F(Api, ReadAndWriteScans) {
  write_scan("scan.ply", small_scan());

  Scan scan = read_scan("scan.ply");  // any format of formats.md, told by its content
  const Column* intensity = scan.find("intensity");  // null when there is none
  const double first = intensity->as_double(0);
  scan.set("height", std::vector<float>(scan.positions.size(), 1.5F));
  write_scan("scan.las", scan);  // by the name: LAS; `height` becomes extra bytes

  std::int64_t points = 0;  // a large file, a piece at a time
  for (ScanReader reader("scan.las"); reader.remaining() > 0;) points += reader.read(1000).size();

  EXPECT_EQ(points, scan.size());
  EXPECT_GE(first, 0);
}

TEST_F(Api, Pictures) {
  const LabelledScan scan = to_labelled(small_scan(), street_classes());

  std::vector<viz::Color> colors(scan.positions.size(), {200, 60, 40});
  const viz::PointCloud cloud{scan.positions, colors};
  viz::write_png("above.png", viz::view_from_above(cloud, {.width = 640, .height = 480}));

  const std::vector<std::int32_t> classes(scan.positions.size(), 0);
  viz::write_page("scan.html", {.positions = scan.positions,
                                .classes = classes,
                                .table = {{"rock", {200, 60, 40}}},
                                .values = {{"intensity", scan.intensity}}});

  EXPECT_TRUE(fs::exists("above.png"));
  EXPECT_TRUE(fs::exists("scan.html"));
}

TEST_F(Api, TrainALoop) {
  const SparseTensor x = make_voxels(4);
  const Tensor labels = Tensor::zeros({x.rows()}, DType::i32);
  Branches net;

  train::Optimizer optimizer(net, {.rule = train::Rule::adamw, .weight_decay = 0.01F});
  train::Gradients gradients(net);
  float first = 0, last = 0;
  for (int step = 0; step < 10; ++step) {
    autograd::Tape tape;
    nn::Pass pass(tape);  // norms by the batch, dropout drops
    const auto loss = autograd::cross_entropy(net.run(x, pass).dense(), labels);
    tape.backward(loss);
    gradients.clear();
    gradients.add(pass);
    gradients.clip(10);
    optimizer.step(gradients, 0.01F);
    nn::update_statistics(net, pass, 0.1F);  // running means of batch norms
    last = loss.value().span<float>()[0];
    if (step == 0) first = last;
  }

  EXPECT_LT(last, first);
}

TEST_F(Api, TrainOnScans) {
  nn::MinkUNet net({.in_channels = train::kPointFeatures,
                    .classes = kStreetClasses,
                    .depth = 14,
                    .width = 0.125});
  const DatasetPtr streets =
      cached(sim::street_dataset({.scans = 1, .sensor = sim::Sensor::vlp16}));

  train::Trainer trainer(net, augmented(streets, moderate_augmentation()),
                         {.voxel_size = 0.5, .batch_size = 1, .steps = 2});
  train::run(trainer, nullptr, {.on_step = [](const train::StepReport& report) {
               return std::isfinite(report.loss);  // false stops the run
             }});
  artifact::write_bundle("streets.lattice",
                         artifact::export_on_points(net, {.voxel_size = {0.5, 0.5, 0.5}},
                                                    {.in_channels = train::kPointFeatures}));

  EXPECT_TRUE(artifact::verify_bundle("streets.lattice").empty());
}

TEST_F(Api, Gradients) {
  const SparseTensor x = make_voxels(4);
  const Tensor weight = Tensor::full({27, 4, 8}, DType::f32, 0.1F);

  autograd::Tape tape;
  const autograd::Variable w = tape.watch(weight);
  const autograd::Variable y = autograd::subm_conv3d(x, {.weight = w});
  tape.backward(autograd::sum(y));
  const Tensor dw = tape.gradient(w);  // of w's shape

  // The same without a tape, over the map of the forward product.
  const KernelMap map = subm_conv3d_map(x);
  const Tensor dy = Tensor::full({x.rows(), 8}, DType::f32, 1.0F);
  const Tensor same_dw =
      conv_weight_gradient(x.features(), dy, map, {.layout = WeightLayout::kernel_major});
  const Tensor dx = conv_input_gradient(dy, weight, map);

  EXPECT_TRUE(same(dw, same_dw));
  EXPECT_EQ(dx.shape(), (Shape{x.rows(), 4}));
}

TEST_F(Api, PackedWeights) {
  const SparseTensor x = make_voxels(64);
  const nn::SubmConv3d layer({.in = 64, .out = 64, .seed = 1});
  const Tensor weight = layer.weight.tensor().reshape({27, 64, 64});

  const QuantizedWeight packed = quantize(weight, {.bits = 4, .group_size = 32});
  const SparseTensor y = subm_conv3d(x, packed, layer.bias);  // as with dequantize(packed)
  const double share = static_cast<double>(packed.bytes()) / static_cast<double>(weight.bytes());

  EXPECT_EQ(y.channels(), 64);
  EXPECT_LT(share, 0.17);
}

TEST_F(Api, HalfFeatures) {
  const SparseTensor x = make_voxels(16);
  const nn::SubmConv3d layer({.in = 16, .out = 16, .bias = false, .seed = 1});
  const Tensor weight = layer.weight.tensor();

  // Features, weight and bias have one type; sums are float32 in any case.
  const SparseTensor half = x.with_features(x.features().to(DType::f16));
  const SparseTensor y = subm_conv3d(half, weight.to(DType::f16), {});

  EXPECT_EQ(y.dtype(), DType::f16);
}

TEST_F(Api, BringACheckpoint) {
  {
    nn::MinkUNet other({.in_channels = 3, .classes = 20, .depth = 14, .width = 0.25, .seed = 9});
    write_safetensors("checkpoint.safetensors", nn::parameters_of(other));
  }

  nn::MinkUNet net({.in_channels = 3, .classes = 20, .depth = 14, .width = 0.25});
  const Safetensors file = read_safetensors("checkpoint.safetensors");
  nn::load_parameters(net, file.tensors);  // by name; says what does not fit
  artifact::write_bundle("unet.lattice", artifact::export_module(net, {.in_channels = 3}));

  const SparseTensor x = make_voxels(3);
  const auto rows = static_cast<std::int32_t>(x.rows());
  const auto results = artifact::Model::load("unet.lattice")
                           .run({{"x_coords", x.coords().to_tensor()},
                                 {"x_features", x.features()},
                                 {"x_active", Tensor::from<std::int32_t>({rows}, {1})}});
  EXPECT_EQ(std::get<SparseTensor>(results.at("output")).channels(), 20);
}

TEST_F(Api, ExportPacked) {
  nn::MinkUNet net({.in_channels = 3, .classes = 20, .depth = 14, .width = 0.25});

  artifact::write_bundle(
      "unet_int8.lattice",
      artifact::export_module(net, {.in_channels = 3, .packed = QuantizeOptions{.bits = 8}}));

  EXPECT_TRUE(artifact::verify_bundle("unet_int8.lattice").empty());
}

TEST_F(Api, BuildAGraph) {
  const nn::SubmConv3d stem({.in = 3, .out = 16, .bias = false, .seed = 1});

  artifact::GraphBuilder b;
  const auto x = b.sparse_input("x", {.channels = 3});
  const auto w = b.conv_weight("stem.weight", stem.weight, 3);
  const auto y = b.named("stem").subm_conv3d(x, {.weight = w}, {.kernel_size = 3});
  b.output("output", y);
  b.save("tiny.lattice");

  EXPECT_TRUE(artifact::verify_bundle("tiny.lattice").empty());
}

TEST_F(Api, ThreadsAndMemory) {
  const SparseTensor x = make_voxels(3);
  const nn::MinkUNet net({.in_channels = 3, .classes = 4, .depth = 14, .width = 0.25});

  SparseTensor one = x, two = x;
  with_threads(1, [&] { one = net(x); });
  with_threads(2, [&] { two = net(x); });  // the same bits

  MemoryPool pool;
  {
    const PoolScope scope(pool);  // tensors made on this thread come from the pool
    (void)net(x);
  }
  const std::size_t after_one = pool.system_bytes();
  {
    const PoolScope scope(pool);
    (void)net(x);
  }

  EXPECT_TRUE(same(one.features(), two.features()));
  EXPECT_EQ(pool.system_bytes(), after_one);
}

TEST_F(Api, SharedModel) {
  const auto model = artifact::Model::load("models/street.lattice");
  const Tensor points = make_points();
  const auto count = static_cast<std::int32_t>(points.dim(0));
  const TensorMap inputs = {{"points", points},
                            {"features", Tensor::full({count, 3}, DType::f32, 0.1F)},
                            {"batch", Tensor::zeros({count}, DType::i32)},
                            {"active", Tensor::from<std::int32_t>({count}, {1})}};

  artifact::Results a, b;
  std::thread other([&] { a = model.run(inputs); });  // run() is const and safe to share
  b = model.run(inputs);
  other.join();

  EXPECT_TRUE(same(std::get<Tensor>(a.at("scores")), std::get<Tensor>(b.at("scores"))));
}

TEST_F(Api, Borrows) {
  const auto array = std::make_shared<std::vector<float>>(32, 1.0F);  // yours, or another library's
  const Tensor seen = Tensor::borrow(array->data(), {2, 16}, array);  // kept alive by the tensor

  EXPECT_EQ(seen.data<float>(), array->data());
  EXPECT_FALSE(seen.is_unique());
}

TEST_F(Api, Contexts) {
  const std::string before = current_isa();
  const SparseTensor x = make_voxels(3);
  const nn::SubmConv3d net({.in = 3, .out = 4});
  SparseTensor one = x;

  Context context;
  context.set_threads(1);
  context.run([&] {
    set_isa("scalar");  // of this context alone
    one = net(x);
  });

  EXPECT_EQ(current_isa(), before);
  EXPECT_EQ(one.rows(), x.rows());
}

TEST_F(Api, Pins) {
  const std::string before = current_isa();

  set_isa("scalar");           // one of isa_names()
  pin_algorithm("reference");  // one of algorithm_names(); "" lets the library choose again
  pin_algorithm("");
  set_isa(isa_names().front());            // the best of this machine
  const LoadedPlans plans = load_plans();  // what `voxloom tune` kept; nothing is read unasked

  EXPECT_TRUE(plans.warning.empty());
  set_isa(before);
}

TEST_F(Api, Errors) {
  const SparseTensor x = make_voxels(3);
  const Tensor weight = Tensor::full({8, 3, 3}, DType::f32, 0.1F);
  std::string said;

  try {
    (void)subm_conv3d(x, weight, {});  // a kernel of 8 offsets for one of 27
  } catch (const std::invalid_argument& misuse) {
    said = misuse.what();  // [subm_conv3d] weight (8,3,3) ...
  } catch (const FormatError& bad_file) {
    said = bad_file.what();
  } catch (const ResourceError& too_large) {
    said = too_large.what();
  }

  EXPECT_TRUE(said.starts_with("[subm_conv3d] weight (8,3,3) ")) << said;
}

}  // namespace
