// Between points and voxels inside a graph.
#include "artifact/helpers.h"
#include "artifact/random_data.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {
namespace {

using artifact::ElementType;
using artifact::GraphBuilder;
using artifact::PointOperands;

constexpr std::int64_t kPoints = 60;
constexpr std::int32_t kActive = 50;

TensorMap point_inputs() {
  Tensor points = random_tensor({kPoints, 3}, 1);
  for (float& value : points.mutable_span<float>()) value *= 2;
  std::vector<std::int32_t> batch;
  for (std::int32_t i = 0; i < kPoints; ++i) batch.push_back(i % 2);
  return {{"points", points},
          {"features", random_tensor({kPoints, 2}, 2)},
          {"batch", Tensor::from(batch, {kPoints})},
          {"active", Tensor::from(std::vector<std::int32_t>{kActive}, {1})}};
}

PointOperands declare(GraphBuilder& b) {
  constexpr auto kAny = artifact::kDynamic;
  PointOperands p;
  p.points = b.tensor_input("points", {{kAny, 3}, ElementType::f32});
  p.features = b.tensor_input("features", {{kAny, 2}, ElementType::f32});
  p.batch = b.tensor_input("batch", {{kAny}, ElementType::i32});
  p.active = b.tensor_input("active", {{1}, ElementType::i32});
  return p;
}

struct PointCase {
  VoxelizeOptions voxelize;
  DevoxelizeOptions devoxelize;
  bool extension = false;
};

class Points : public testing::TestWithParam<PointCase> {};

TEST_P(Points, GoThereAndBackAsTheLibraryDoes) {
  const PointCase& c = GetParam();
  GraphBuilder b;
  PointOperands operands = declare(b);
  operands.voxels = b.voxelize(operands, c.voxelize);
  b.output("voxels", operands.voxels);
  b.output("values", b.devoxelize(operands, c.devoxelize));
  const artifact::Bundle bundle = b.bundle();
  EXPECT_EQ(artifact::needs_extensions(bundle.graph), c.extension);

  const TensorMap inputs = point_inputs();
  const auto active = [&](const char* name) { return inputs.at(name).rows(0, kActive); };
  const Voxelized voxels =
      voxelize(active("points"), active("features"), active("batch"), c.voxelize);
  const Tensor values = devoxelize(active("points"), voxels.tensor, active("batch"), c.devoxelize);
  const auto model = artifact::Model::from_bundle(
      artifact::Bundle({artifact::parse_graph(artifact::to_text(bundle.graph)), bundle.weights}));
  const artifact::Results results = model.run(inputs);
  expect_identical(artifact::to_tensors(results),
                   artifact::to_tensors({{"voxels", voxels.tensor}, {"values", values}}));
  const auto set_of = [](const artifact::Results& r) {
    return std::get<SparseTensor>(r.at("voxels")).coords();
  };
  EXPECT_EQ(set_of(model.run(inputs)), set_of(results)) << "the same points, the same set";
}

const Grid kGrid = {.voxel_size = {0.5, 0.25, 0.3}, .origin = {0.1, -0.2, 0}};

INSTANTIATE_TEST_SUITE_P(
    , Points,
    testing::Values(
        PointCase{{.grid = kGrid}, {.grid = kGrid, .nearest = NearestMode::lattice}},
        PointCase{{.grid = kGrid, .reduction = Reduction::sum, .stride = 2},
                  {.grid = kGrid, .interpolation = Interpolation::linear}},
        PointCase{{.grid = kGrid, .reduction = Reduction::max, .batch_size = 5},
                  {.grid = kGrid, .interpolation = Interpolation::linear, .renormalize = true},
                  true},
        PointCase{{.grid = kGrid, .reduction = Reduction::first},
                  {.grid = kGrid, .nearest = NearestMode::cell, .non_finite = NonFinite::drop},
                  true},
        PointCase{{.grid = kGrid, .reduction = Reduction::count, .non_finite = NonFinite::drop},
                  {.grid = kGrid},
                  true}));

TEST(VoxelizeExtension, GivesTheRowOfEachPoint) {
  GraphBuilder b;
  const PointOperands p = declare(b);
  const auto both = b.op("voxloom.voxelize", {p.points, p.features, p.batch, p.active});
  b.output("row", both[1]);
  const TensorMap inputs = point_inputs();
  const auto active = [&](const char* name) { return inputs.at(name).rows(0, kActive); };
  const Voxelized voxels = voxelize(active("points"), active("features"), active("batch"));
  expect_identical(artifact::to_tensors(artifact::Model::from_bundle(b.bundle()).run(inputs)),
                   {{"row", Tensor::from(voxels.row_of_point, {kActive})}});
}

}  // namespace
}  // namespace voxloom::test
