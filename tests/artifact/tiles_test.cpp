// Tiles: the result of one run over the whole, bit for bit; how far each kind of operation looks; what
// cannot be cut.
#include "voxloom/tiles.h"

#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "artifact/graph/op_spec.h"
#include "artifact/helpers.h"
#include "artifact/random_data.h"
#include "artifact/tiles/bricks.h"
#include "artifact/tiles/tile_halo.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {
namespace {

using artifact::Brick;
using artifact::BrickCount;
using artifact::ElementType;
using artifact::GraphBuilder;
using artifact::Model;
using artifact::PointOperands;
using artifact::Reach;
using artifact::Tile;
using artifact::ValueRef;
using Points = std::vector<std::array<float, 3>>;

// Rolling ground with things on it, 240 x 60 m around the origin: mostly negative on one axis.
Points random_points(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  const auto draw = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(engine() % 65536) / 65536;
  };
  Points points;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = draw(-170, 70), y = draw(-40, 20);
    const double thing = engine() % 4 == 0 ? draw(0, 6) : 0;
    points.push_back({static_cast<float>(x), static_cast<float>(y),
                      static_cast<float>(3 * std::sin(x / 15) + thing)});
  }
  return points;
}

Tensor tensor_of(const Points& points) {
  Tensor tensor = Tensor::empty({static_cast<std::int64_t>(points.size()), 3}, DType::f32);
  float* to = tensor.mutable_data<float>();
  for (const auto& p : points) to = std::copy(p.begin(), p.end(), to);
  return tensor;
}

TensorMap inputs_of(const Points& points) {
  const auto count = static_cast<std::int64_t>(points.size());
  return {{"points", tensor_of(points)},
          {"features", random_tensor({count, 4}, 2)},
          {"batch", Tensor::zeros({count}, DType::i32)},
          {"active", Tensor::from(std::vector{static_cast<std::int32_t>(count)}, {1})}};
}

PointOperands declare(GraphBuilder& b) { return declare_points(b, 4); }

int weight_number = 0;
ValueRef weight(GraphBuilder& b, const Shape& shape) {
  const Triple size{static_cast<std::int32_t>(shape[1]), static_cast<std::int32_t>(shape[2]),
                    static_cast<std::int32_t>(shape[3])};
  const std::string key = "w" + std::to_string(++weight_number);
  return b.conv_weight(key, random_tensor(shape, static_cast<unsigned>(weight_number)), size);
}

const Grid kGrid = {.voxel_size = {1.0, 0.8, 0.9}, .origin = {0.3, -0.1, 0.05}};

// voxels -> voxels, between voxelize and devoxelize.
using Net = std::function<ValueRef(GraphBuilder&, ValueRef)>;

artifact::Bundle on_points(const Net& net, const DevoxelizeOptions& read = {.grid = kGrid}) {
  weight_number = 0;
  GraphBuilder b;
  PointOperands p = declare(b);
  p.voxels = net(b, b.voxelize(p, {.grid = kGrid, .non_finite = NonFinite::drop}));
  DevoxelizeOptions options = read;
  options.non_finite = NonFinite::drop;
  b.output("values", b.devoxelize(p, options));
  return b.bundle();
}

ValueRef small_unet(GraphBuilder& b, ValueRef x) {
  const auto relu = [&](ValueRef v) {
    return b.with_features(v, b.activate(b.features(v), Activation::relu));
  };
  const ValueRef stem = relu(b.subm_conv3d(x, {.weight = weight(b, {8, 3, 3, 3, 4})}));
  const ValueRef down =
      relu(b.conv3d(stem, {.weight = weight(b, {8, 2, 2, 2, 8})}, {.kernel_size = 2, .stride = 2}));
  const ValueRef mid = relu(b.subm_conv3d(down, {.weight = weight(b, {8, 3, 3, 3, 8})}));
  const ValueRef sum = b.binary(BinaryOp::add, mid, down, {.join = Join::outer});
  const ValueRef deep =
      relu(b.conv3d(sum, {.weight = weight(b, {16, 3, 3, 3, 8})}, {.kernel_size = 3, .stride = 2}));
  const ValueRef up =
      b.conv_transpose3d(deep, {.weight = weight(b, {8, 2, 2, 2, 16}), .target = sum},
                         {.kernel_size = 2, .stride = 2, .origin = Origin::centered});
  const ValueRef top =
      b.conv_transpose3d(b.cat({up, sum}), {.weight = weight(b, {8, 3, 3, 3, 16}), .target = stem},
                         {.kernel_size = 3, .stride = 2});
  return b.subm_conv3d(b.cat({top, stem}), {.weight = weight(b, {3, 1, 1, 1, 16})},
                       {.kernel_size = 1});
}

// Sites that convolutions make, kernels that lean to one side, dilation and padding.
ValueRef leaning(GraphBuilder& b, ValueRef x) {
  const ValueRef grown = b.conv3d(x, {.weight = weight(b, {4, 4, 2, 3, 4})},
                                  {.kernel_size = {4, 2, 3},
                                   .padding = {1, 0, 2},
                                   .dilation = {1, 2, 1},
                                   .support = Support::reachable});
  const ValueRef thin = b.conv3d(grown, {.weight = weight(b, {4, 3, 3, 3, 4})},
                                 {.stride = {3, 2, 1}, .padding = {2, 0, 0}});
  return b.conv_transpose3d(thin, {.weight = weight(b, {4, 3, 2, 1, 4}), .target = x},
                            {.kernel_size = {3, 2, 1}, .stride = {3, 2, 1}});
}

ValueRef pools(GraphBuilder& b, ValueRef x) {
  const ValueRef pooled = b.pool3d(x, {.mode = PoolMode::max, .kernel_size = 3, .stride = 2});
  const ValueRef average =
      b.pool3d(x, {.mode = PoolMode::avg, .kernel_size = 3, .stride = 2, .padding = 1});
  const PoolOptions corner = {.kernel_size = 3, .stride = 3, .origin = Origin::corner};
  const ValueRef cornered = b.max_unpool3d(x, b.pool3d(x, corner), corner);
  const ValueRef back = b.max_unpool3d(x, pooled, {.kernel_size = 3, .stride = 2});
  const ValueRef means = b.pool_transpose3d(average, {.kernel_size = 3, .stride = 2}, x);
  const ValueRef smooth = b.trilinear_upsample3d(average, {.stride = 2}, x);
  return b.cat({b.cat({b.cat({back, means}), smooth}), cornered});
}

ValueRef inverse(GraphBuilder& b, ValueRef x) {
  const ConvOptions down{.kernel_size = 3, .stride = 2};
  const ValueRef coarse = b.conv3d(x, {.weight = weight(b, {4, 3, 3, 3, 4})}, down);
  return b.inverse_conv3d(coarse, x, {.weight = weight(b, {4, 3, 3, 3, 4})}, down);
}

ValueRef generated(GraphBuilder& b, ValueRef x) {
  const ValueRef down =
      b.conv3d(x, {.weight = weight(b, {4, 3, 3, 3, 4})}, {.kernel_size = 3, .stride = 2});
  const ValueRef full = b.generative_conv_transpose3d(down, {.weight = weight(b, {4, 2, 2, 2, 4})});
  const ValueRef set = b.op("voxloom.sparse.set", {full, x},
                            {{"op", artifact::EnumValue{"voxloom.set_op", "difference"}}})[0];
  return b.reindex(b.cat({full, b.reindex(set, full)}), x);
}

struct Case {
  std::string name;
  Net net;
  DevoxelizeOptions read = {.grid = kGrid};
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> cases() {
  return {
      {"unet", small_unet},
      {"leaning", leaning},
      {"pools", pools},
      {"inverse", inverse},
      {"generated", generated},
      {"linear", small_unet, {.grid = kGrid, .interpolation = Interpolation::linear}},
      {"lattice", small_unet, {.grid = kGrid, .nearest = NearestMode::lattice}},
  };
}

Reach scaled(Reach reach, double factor) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    reach.below[axis] *= factor;
    reach.above[axis] *= factor;
  }
  return reach;
}

// Runs with tiles of at most `points` points; gives the rows put together.
Tensor run_cut(const Model& model, const Points& points, const Reach& reach, std::size_t most,
               std::size_t& tile_count) {
  const TensorMap inputs = inputs_of(points);
  const std::vector<Tile> tiles = artifact::divide_into_tiles(
      points, {.reach = reach, .cost = {.per_point = 1}, .memory = most});
  tile_count = tiles.size();
  Tensor values;
  std::vector<int> times(points.size());
  const auto keep = [&](const artifact::TileRun& run) {
    const auto& part = std::get<Tensor>(run.results.at("values"));
    if (!values.defined())
      values = Tensor::zeros({inputs.at("points").dim(0), part.dim(1)}, DType::f32);
    for (std::size_t i = 0; i < run.points.size(); ++i) {
      if (run.inner[i] == 0) continue;
      const auto row = static_cast<std::size_t>(run.points[i]);
      ++times[row];
      std::copy_n(part.data<float>() + static_cast<std::int64_t>(i) * part.dim(1), part.dim(1),
                  values.mutable_data<float>() + run.points[i] * part.dim(1));
    }
  };
  const auto rows = [&](std::span<const std::int32_t> members) {
    EXPECT_LE(members.size(), most);
    TensorMap of_tile;
    for (const char* name : {"points", "features", "batch"}) {
      const Tensor& all = inputs.at(name);
      Shape shape = all.shape();
      shape[0] = static_cast<std::int64_t>(members.size());
      Tensor part = Tensor::empty(shape, all.dtype());
      const std::size_t bytes = all.bytes() / points.size();
      for (std::size_t i = 0; i < members.size(); ++i) {
        std::copy_n(all.raw() + static_cast<std::size_t>(members[i]) * bytes, bytes,
                    part.mutable_raw() + i * bytes);
      }
      of_tile[name] = part;
    }
    of_tile["active"] = Tensor::from(std::vector{static_cast<std::int32_t>(members.size())}, {1});
    return of_tile;
  };
  artifact::for_each_tile(model, points, tiles, reach, {.inputs = rows, .keep = keep});
  for (const int count : times) EXPECT_EQ(count, 1);
  return values;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::equal(a.raw(), a.raw() + a.bytes(), b.raw());
}

class Tiles : public testing::TestWithParam<Case> {};

TEST_P(Tiles, AreTheWholeBitForBit) {
  const Model model = Model::from_bundle(on_points(GetParam().net, GetParam().read));
  const Points points = random_points(6000, 1);
  const Tensor whole = std::get<Tensor>(model.run(inputs_of(points)).at("values"));
  const Reach reach = artifact::receptive_field(model.graph());
  for (const std::size_t most : {4000, 2500, 1700}) {
    std::size_t tiles = 0;
    EXPECT_TRUE(same_bits(run_cut(model, points, reach, most, tiles), whole)) << most;
    EXPECT_GT(tiles, most == 4000 ? 1U : 3U);
  }
}

// The halo is needed: without it, the results differ. Otherwise the test above proves nothing.
TEST_P(Tiles, NeedTheirHalo) {
  const Model model = Model::from_bundle(on_points(GetParam().net, GetParam().read));
  const Points points = random_points(6000, 1);
  const Tensor whole = std::get<Tensor>(model.run(inputs_of(points)).at("values"));
  const Reach reach = artifact::receptive_field(model.graph());
  std::size_t tiles = 0;
  EXPECT_FALSE(same_bits(run_cut(model, points, scaled(reach, 0), 1200, tiles), whole));
}

INSTANTIATE_TEST_SUITE_P(, Tiles, testing::ValuesIn(cases()),
                         [](const auto& of) { return of.param.name; });

// A point whose cell rounds into the reach belongs to the halo, though its position lies a rounding
// error outside of it: points on the faces of their cells, on grids whose steps are no binary fractions.
TEST(Halo, HoldsEveryCellWithinReach) {
  std::int64_t outside = 0;
  for (const double size : {0.1, 0.05, 0.3, 0.7, 1.1}) {
    const Grid grid{.voxel_size = {size, size, size}, .origin = {0.3, 0, -0.7}};
    for (std::int32_t cells = 1; cells < 40; ++cells) {
      const Reach reach{.below = {size * cells, size * cells, size * cells},
                        .above = {size * cells, size * cells, size * cells},
                        .grid = grid};
      for (std::int32_t edge = -320; edge <= 320; edge += 16) {  // as divide_into_tiles cuts
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const double origin = grid.origin[axis];
          Tile tile{.low = {-1e9, -1e9, -1e9}, .high = {1e9, 1e9, 1e9}};
          tile.low[axis] = origin + size * edge;
          const artifact::Halo halo = artifact::halo_of(tile, reach);
          // The lowest float in the lowest cell that the tile's lowest one reaches.
          const std::int32_t cell = edge - cells;
          auto p = static_cast<float>(origin + size * cell);
          if (std::floor((static_cast<double>(p) - origin) / size) < cell) {
            p = std::nextafter(p, std::numeric_limits<float>::max());
          }
          if (std::floor((static_cast<double>(p) - origin) / size) < cell) continue;
          EXPECT_GE(static_cast<double>(p), halo.low[axis]) << size << ' ' << cells << ' ' << edge;
          outside += static_cast<double>(p) < tile.low[axis] - reach.below[axis] ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(outside, 0) << "otherwise nothing was rounded, and this test shows nothing";
}

// Tiles share their faces, and a point belongs to one of them.
TEST(Halo, APointOnACutIsInnerOnce) {
  const Tile below{.low = {-1, -1, -1}, .high = {2, 3, 3}},
      above{.low = {2, -1, -1}, .high = {5, 3, 3}};
  const std::array<float, 3> on_cut = {2, 0, 0};
  EXPECT_FALSE(artifact::is_inner(on_cut, below));
  EXPECT_TRUE(artifact::is_inner(on_cut, above));
}

// Far from the origin float32 puts points into one voxel that lie many cells apart.
TEST(Halo, WidensWhereFloat32RoundsCells) {
  const double size = 0.25;
  Reach reach{.grid = {.voxel_size = {size, size, size}, .in_float32 = true}};
  for (std::size_t axis = 0; axis < 3; ++axis) reach.below[axis] = reach.above[axis] = 2 * size;
  const double edge = size * (1 << 26);  // where cells are multiples of 8
  Tile tile{.low = {-1e9, -1e9, -1e9}, .high = {1e9, 1e9, 1e9}};
  tile.low[1] = edge;
  EXPECT_LE(artifact::halo_of(tile, reach).low[1], edge - 8 * size);
  tile.low[1] = -edge;
  EXPECT_LE(artifact::halo_of(tile, reach).low[1], -edge - 8 * size);
  tile.high[1] = edge;
  EXPECT_GE(artifact::halo_of(tile, reach).high[1], edge + 8 * size);
  tile.high[1] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(artifact::halo_of(tile, reach).high[1], tile.high[1]);
  // Near by nothing changes, and neither it does where cells are found in float64.
  tile.low[1] = 16 * size;
  EXPECT_NEAR(artifact::halo_of(tile, reach).low[1], tile.low[1] - 2.5 * size, 1e-4);
  tile.low[1] = edge;
  reach.grid.in_float32 = false;
  EXPECT_EQ(artifact::halo_of(tile, reach).low[1], edge - 2.5 * size);
}

TEST(RunInTiles, CutsByTheMemoryItIsGiven) {
  const Model model = Model::from_bundle(on_points(small_unet));
  Points points = random_points(6000, 3);
  points[17][1] = std::numeric_limits<float>::quiet_NaN();
  const TensorMap inputs = inputs_of(points);
  const artifact::Results whole = model.run(inputs);
  const artifact::RunCost cost = artifact::run_cost(model);
  ASSERT_GT(cost.per_point, 0);
  ASSERT_GT(cost.per_voxel, 0);
  const double all = static_cast<double>(points.size()) * (cost.per_point + cost.per_voxel);
  std::set<std::size_t> counts;
  for (const double share : {2.0, 0.6, 0.35}) {
    std::size_t calls = 0, promised = 1;
    const auto on_tile = [&](std::size_t tile, std::size_t tiles) {
      EXPECT_EQ(tile, calls++);
      promised = tiles;
    };
    const auto cut = artifact::run_in_tiles(
        model, inputs, {.memory = static_cast<std::size_t>(share * all), .on_tile = on_tile});
    expect_identical(artifact::to_tensors(cut), artifact::to_tensors(whole));
    EXPECT_EQ(calls, promised == 1 ? 0 : promised);
    counts.insert(promised);
  }
  EXPECT_EQ(counts.size(), 3U) << "less memory, more tiles";
}

// As several processes count a scene, each some of its points.
TEST(BrickCount, OfPartsIsThatOfTheWhole) {
  std::vector<std::array<float, 3>> points;
  for (int i = 0; i < 5000; ++i) {
    const auto at = static_cast<float>(i);
    points.push_back(
        {std::fmod(at * 0.37F, 90.0F) - 45, std::fmod(at * 0.91F, 70.0F) - 35, 0.01F * at});
  }
  points.push_back({std::numeric_limits<float>::quiet_NaN(), 0, 0});
  const Grid grid{.voxel_size = {0.5, 0.5, 0.25}, .origin = {0.1, 0, 0}};
  BrickCount whole(grid), joined(grid);
  whole.add(points);
  for (std::size_t begin = 0; begin < points.size(); begin += 1500) {
    BrickCount part(grid);
    part.add(std::span(points).subspan(begin, std::min<std::size_t>(1500, points.size() - begin)));
    joined.add_counted(part.take_counted());
  }
  const std::vector<Brick> expected = whole.take(), got = joined.take();
  ASSERT_EQ(got.size(), expected.size());
  std::int64_t counted = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].position, expected[i].position);
    EXPECT_EQ(got[i].points, expected[i].points);
    EXPECT_EQ(got[i].voxels, expected[i].voxels);
    counted += got[i].points;
  }
  EXPECT_EQ(counted, 5000);
  EXPECT_THROW(joined.add_counted(std::vector<std::byte>(5)), std::invalid_argument);
}

TEST(RunInTiles, SaysHowMuchTheSmallestTileNeeds) {
  const Model model = Model::from_bundle(on_points(small_unet));
  const std::string message = message_of<std::invalid_argument>([&] {
    (void)artifact::run_in_tiles(model, inputs_of(random_points(500, 1)), {.memory = 100});
  });
  EXPECT_NE(message.find("are too little"), std::string::npos) << message;
}

TEST(RunInTiles, ChecksItsRows) {
  const Model model = Model::from_bundle(on_points(small_unet));
  TensorMap inputs = inputs_of(random_points(50, 1));
  inputs["active"] = Tensor::from(std::vector{49}, {1});
  const auto run = [&] { (void)artifact::run_in_tiles(model, inputs, {.memory = 1U << 30}); };
  EXPECT_NE(message_of<std::invalid_argument>(run).find("'active' must count all 50 points"),
            std::string::npos);
  inputs.erase("batch");
  EXPECT_NE(message_of<std::invalid_argument>(run).find("'batch' is missing"), std::string::npos);
}

TEST(RunInTiles, NoPointsAreNoTiles) {
  const Model model = Model::from_bundle(on_points(small_unet));
  const artifact::Results results = artifact::run_in_tiles(model, inputs_of({}), {.memory = 1});
  EXPECT_EQ(std::get<Tensor>(results.at("values")).shape(), (Shape{0, 3}));
}

// By hand: the 3-kernel at stride 1 looks one cell, the 2-kernel of stride 2 stays in its cell, ...
TEST(ReceptiveField, AddsUpByHand) {
  const Net net = [](GraphBuilder& b, ValueRef x) {
    const ValueRef a = b.subm_conv3d(x, {.weight = weight(b, {4, 3, 3, 3, 4})});  // 1
    const ValueRef down =
        b.conv3d(a, {.weight = weight(b, {4, 2, 2, 2, 4})}, {.kernel_size = 2, .stride = 2});  // 0
    const ValueRef deep = b.subm_conv3d(down, {.weight = weight(b, {4, 5, 5, 5, 4})},
                                        {.kernel_size = 5, .dilation = 2});  // 4 cells of 2
    return b.conv_transpose3d(deep, {.weight = weight(b, {4, 2, 2, 2, 4}), .target = a});  // 1
  };
  const Reach reach = artifact::receptive_field(on_points(net).graph);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double cells = 1 + 8 + 1 + 1;  // the last is the point's own cell
    EXPECT_NEAR(reach.below[axis], cells * kGrid.voxel_size[axis], 1e-9);
    EXPECT_NEAR(reach.above[axis], cells * kGrid.voxel_size[axis], 1e-9);
  }
  EXPECT_EQ(reach.grid.voxel_size, kGrid.voxel_size);
}

TEST(ReceptiveField, KernelsMayLeanToOneSide) {
  const Net net = [](GraphBuilder& b, ValueRef x) {
    return b.conv3d(x, {.weight = weight(b, {4, 4, 1, 1, 4})}, {.kernel_size = {4, 1, 1}});
  };
  const Reach reach = artifact::receptive_field(on_points(net).graph);  // offsets 0, 1, 2, 3
  EXPECT_NEAR(reach.below[0], 1, 1e-9);
  EXPECT_NEAR(reach.above[0], 4, 1e-9);
}

// Offsets of a list stand in any order.
TEST(ReceptiveField, AListReachesAsFarAsItsFarthest) {
  const Net net = [](GraphBuilder& b, ValueRef x) {
    const ValueRef w = b.weight("w", artifact::WeightFamily::kernel, random_tensor({4, 4, 4}, 1));
    return b.conv3d(x, {.weight = w}, {.offsets = {{1, 0, 0}, {-3, 0, 0}, {5, 0, 0}, {-1, 0, 0}}});
  };
  const Reach reach = artifact::receptive_field(on_points(net).graph);
  EXPECT_NEAR(reach.below[0], 4, 1e-9);  // and the point's own cell
  EXPECT_NEAR(reach.above[0], 6, 1e-9);
}

struct Unbounded {
  std::string name;
  std::function<artifact::Bundle()> bundle;
  std::string fragment;
};

std::vector<Unbounded> unbounded() {
  return {
      {"topk",
       [] { return on_points([](auto& b, ValueRef x) { return b.prune(x, b.topk(x, 5)); }); },
       "voxloom.sparse.topk compares the voxels of the whole scene"},
      {"dense",
       [] {
         return on_points([](auto& b, ValueRef x) {
           const ValueRef grid =
               b.op("voxloom.to_dense", {x}, {{"lo", Triple(-3)}, {"hi", Triple(2)}})[0];
           const ValueRef back = b.op("voxloom.from_dense", {grid}, {{"lo", Triple(-3)}})[0];
           return b.reindex(back, x);
         });
       },
       "voxloom.to_dense goes through a dense grid"},
      {"global",
       [] {
         GraphBuilder b;
         const PointOperands p = declare(b);
         b.output("values", b.global_pool(b.voxelize(p, {.grid = kGrid}), PoolMode::avg));
         return b.bundle();
       },
       "lattice.global_pool looks at the whole scene"},
      {"grids",
       [] {
         return on_points([](auto&, ValueRef x) { return x; },
                          {.grid = {.voxel_size = {1.0, 0.8, 0.8}, .origin = kGrid.origin}});
       },
       "reads voxels on a grid that is not theirs"},
      {"rows",
       [] {
         return on_points([](auto& b, ValueRef x) {
           const ValueRef sorted = b.op("voxloom.sparse.sort", {x})[0];
           return b.with_features(x, b.features(sorted));
         });
       },
       "pairs the rows of two sets by their numbers"},
      {"voxels",
       [] {
         GraphBuilder b;
         const PointOperands p = declare(b);
         b.output("values", b.voxelize(p, {.grid = kGrid}));
         return b.bundle();
       },
       "has a row for each voxel"},
      {"no_points",
       [] {
         GraphBuilder b;
         b.output("y", b.sparse_input("x", {.channels = 4}));
         return b.bundle();
       },
       "holds voxels, not points"},
  };
}

TEST(ReceptiveField, NamesTheOperationThatLooksWithoutBounds) {
  for (const Unbounded& c : unbounded()) {
    const std::string message = message_of<std::invalid_argument>(
        [&] { (void)artifact::receptive_field(c.bundle().graph); });
    EXPECT_NE(message.find(c.fragment), std::string::npos) << c.name << ": " << message;
    EXPECT_GT(artifact::run_cost(Model::from_bundle(c.bundle())).per_voxel, 0) << c.name;
  }
}

TEST(ReceptiveField, EveryOperationSaysHowFarItLooks) {
  for (const artifact::OpSpec* spec : artifact::all_ops()) {
    EXPECT_EQ(spec->reach == nullptr, spec->name == artifact::kWeightOp) << spec->name;
  }
}

}  // namespace
}  // namespace voxloom::test
