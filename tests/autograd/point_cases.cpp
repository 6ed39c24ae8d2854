#include "autograd/cases.h"
#include "oracle/points.h"
#include "oracle/sets.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Variables = std::vector<Variable>;

constexpr std::int64_t kPoints = 40, kPointChannels = 2;

// One of the points is not finite.
struct Cloud {
  oracle::Points points;
  Tensor xyz, batch;

  Cloud() {
    oracle::Random random(31);
    std::vector<float> flat;
    std::vector<std::int32_t> batches;
    for (std::int64_t i = 0; i < kPoints; ++i) {
      std::array<float, 3> p{};
      for (float& v : p) v = static_cast<float>(4 * random.unit() - 1);
      if (i == 5) p[1] = std::numeric_limits<float>::quiet_NaN();
      points.xyz.push_back(p);
      points.batch.push_back(i % 2);
      flat.insert(flat.end(), p.begin(), p.end());
      batches.push_back(static_cast<std::int32_t>(i % 2));
    }
    xyz = Tensor::from(flat, {kPoints, 3});
    batch = Tensor::from(batches, {kPoints});
  }
};

GradientCase voxelize_case(const std::string& name, Reduction reduction,
                           oracle::VoxelReduction expected) {
  const Cloud cloud;
  return {.name = name,
          .operation = "voxelize",
          .inputs = {{{kPoints, kPointChannels}}},
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::voxelize({beside(v[0], cloud.xyz), cloud.batch}, v[0],
                                          {.reduction = reduction, .non_finite = NonFinite::drop});
              },
          .oracle =
              [=](const Arrays& a) {
                return oracle::voxelize(cloud.points, features_of(a[0], kPointChannels), {},
                                        expected, oracle::NonFinite::kDrop)
                    .voxels.feats.v;
              }};
}

GradientCase merged_rows_case() {
  const CaseSet s = case_set(32, 6);
  std::vector<std::int32_t> rows;
  oracle::KernelMap map{18, 6, 1, {}};
  // Every coordinate three times; the library's rows come in canonical order.
  const auto sorted = oracle::canonical_unique(s.coords);
  for (std::int64_t i = 0; i < 18; ++i) {
    const oracle::Coord& c = sorted[static_cast<std::size_t>(i % 6)];
    for (const std::int64_t v : c) rows.push_back(static_cast<std::int32_t>(v));
    map.entries.push_back({i, i % 6, 0});
  }
  const Tensor where = Tensor::from(rows, {18, 4});
  return {
      .name = "SparseFromPoints",
      .operation = "voxelize",
      .inputs = {{{18, kPointChannels}}},
      .library =
          [=](Tape&, const Variables& v) {
            return autograd::sparse_from_points(where, v[0], Reduction::mean);
          },
      .oracle =
          [=](const Arrays& a) {
            return oracle::pool(oracle::PoolMode::kAvg, map, features_of(a[0], kPointChannels)).v;
          }};
}

GradientCase devoxelize_case(const std::string& name, const DevoxelizeOptions& options) {
  const Cloud cloud;
  const CaseSet s = case_set(33, 40, {4, 4, 4});
  return {.name = name,
          .operation = "devoxelize",
          .inputs = {{{s.set.size(), kPointChannels}}},
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::devoxelize({beside(v[0], cloud.xyz), cloud.batch},
                                            Variable(v[0], s.set), options);
              },
          .oracle =
              [=](const Arrays& a) {
                const oracle::Sparse voxels{s.coords, features_of(a[0], kPointChannels)};
                if (options.interpolation == Interpolation::linear) {
                  return oracle::devoxelize_linear(cloud.points, voxels, {}, options.renormalize,
                                                   oracle::NonFinite::kDrop)
                      .v;
                }
                const auto mode = options.nearest == NearestMode::cell
                                      ? oracle::NearestMode::kCell
                                      : oracle::NearestMode::kLattice;
                return oracle::devoxelize_nearest(cloud.points, voxels, {}, mode,
                                                  oracle::NonFinite::kDrop)
                    .v;
              }};
}

GradientCase to_dense_case() {
  const CaseSet s = case_set(34, 20);
  const Triple lo = {-1, -2, -1}, hi = {1, 1, 0};
  return {.name = "ToDense",
          .operation = "to_dense",
          .inputs = {{{s.set.size(), kPointChannels}}},
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::to_dense(Variable(v[0], s.set), lo, hi);
              },
          .oracle =
              [=](const Arrays& a) {
                return oracle::to_dense({s.coords, features_of(a[0], kPointChannels)},
                                        to_oracle(lo), to_oracle(hi), s.set.batch_size())
                    .v;
              }};
}

}  // namespace

std::vector<GradientCase> point_cases() {
  using R = oracle::VoxelReduction;
  const auto drop = NonFinite::drop;
  return {
      voxelize_case("VoxelizeSum", Reduction::sum, R::kSum),
      voxelize_case("VoxelizeMean", Reduction::mean, R::kMean),
      voxelize_case("VoxelizeMax", Reduction::max, R::kMax),
      voxelize_case("VoxelizeFirst", Reduction::first, R::kFirst),
      merged_rows_case(),
      devoxelize_case("DevoxelizeNearest", {.non_finite = drop}),
      devoxelize_case("DevoxelizeLattice", {.nearest = NearestMode::lattice, .non_finite = drop}),
      devoxelize_case("DevoxelizeLinear",
                      {.interpolation = Interpolation::linear, .non_finite = drop}),
      devoxelize_case(
          "DevoxelizeRenormalized",
          {.interpolation = Interpolation::linear, .renormalize = true, .non_finite = drop}),
      to_dense_case()};
}

}  // namespace voxloom::test
