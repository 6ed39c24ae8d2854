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

PointOperands declare(GraphBuilder& b) { return declare_points(b, 2); }

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
// As IR v2 has it: in float32.
const Grid kRounded = {
    .voxel_size = {0.5, 0.25, 0.3}, .origin = {0.1, -0.2, 0}, .in_float32 = true};
// Nothing is rounded here.
const Grid kPowers = {.voxel_size = {0.5, 0.25, 1}};

INSTANTIATE_TEST_SUITE_P(
    , Points,
    testing::Values(
        PointCase{{.grid = kRounded}, {.grid = kRounded, .nearest = NearestMode::lattice}},
        PointCase{{.grid = kRounded, .reduction = Reduction::sum, .stride = 2},
                  {.grid = kRounded, .interpolation = Interpolation::linear}},
        PointCase{{.grid = kPowers}, {.grid = kPowers, .nearest = NearestMode::lattice}},
        PointCase{{.grid = kGrid}, {.grid = kGrid, .nearest = NearestMode::lattice}, true},
        PointCase{{.grid = kGrid, .reduction = Reduction::max, .batch_size = 5},
                  {.grid = kGrid, .interpolation = Interpolation::linear, .renormalize = true},
                  true},
        PointCase{{.grid = kGrid, .reduction = Reduction::first},
                  {.grid = kGrid, .nearest = NearestMode::cell, .non_finite = NonFinite::drop},
                  true},
        PointCase{{.grid = kGrid, .reduction = Reduction::count, .non_finite = NonFinite::drop},
                  {.grid = kGrid},
                  true}));

// 0.35 on voxels of 0.05: the quotient of the two float32 numbers is 6.9999998, as a float32 number 7.
TEST(Voxelize, FindsCellsInFloat32WhereTheFormatDoes) {
  const TensorMap inputs = {{"points", Tensor::from<float>({0.35F, 0, 0}, {1, 3})},
                            {"features", Tensor::from<float>({5, 6}, {1, 2})},
                            {"batch", Tensor::zeros({1}, DType::i32)},
                            {"active", Tensor::from<std::int32_t>({1}, {1})}};
  const auto cell_of = [&](const std::string& name) {
    GraphBuilder b;
    const PointOperands p = declare(b);
    b.output("voxels", b.op(name, {p.points, p.features, p.batch, p.active},
                            {{"voxel_size", std::array<double, 3>{0.05, 0.05, 0.05}}})[0]);
    const auto results = artifact::Model::from_bundle(b.bundle()).run(inputs);
    return std::get<SparseTensor>(results.at("voxels")).coords()[0].x;
  };
  EXPECT_EQ(cell_of("lattice.voxelize"), 7);
  EXPECT_EQ(cell_of("voxloom.voxelize"), 6);
}

TEST(Devoxelize, FindsCellsInFloat32WhereTheFormatDoes) {
  const Tensor points = Tensor::from<float>({0.35F, 0, 0}, {1, 3});
  const std::vector<Coordinate> cells = {{.x = 6}, {.x = 7}};
  const SparseTensor voxels(CoordinateSet::from_rows(cells), Tensor::from<float>({60, 70}, {2, 1}));
  const auto read = [&](bool in_float32) {
    const Grid grid{.voxel_size = {0.05, 1, 1}, .in_float32 = in_float32};
    return devoxelize(points, voxels, {}, {.grid = grid}).span<float>()[0];
  };
  EXPECT_EQ(read(true), 70);
  EXPECT_EQ(read(false), 60);
}

// IR v2 divides in float32; where that may find another cell, our own operation stays.
TEST(Voxelize, StaysOurOwnWhereTheFormatFindsOtherCells) {
  const auto plain = [](double size, bool in_float32) {
    GraphBuilder b;
    const PointOperands p = declare(b);
    b.output("voxels", b.op("voxloom.voxelize", {p.points, p.features, p.batch, p.active},
                            {{"voxel_size", std::array<double, 3>{size, size, size}},
                             {"reduction", artifact::EnumValue{"voxloom.reduction", "mean"}},
                             {"float32", in_float32}})[0]);
    return artifact::to_plain(b.bundle().graph).ops.at(0).name;
  };
  EXPECT_EQ(plain(0.05, false), "voxloom.voxelize");
  EXPECT_EQ(plain(0.25, false), "lattice.voxelize");  // a power of two divides exactly
  EXPECT_EQ(plain(0.05, true), "lattice.voxelize");
}

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
