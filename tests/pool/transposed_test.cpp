// pool_transpose3d and trilinear_upsample3d: transposed maps, targets, weights.

#include <fmt/core.h>

#include "pool/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

KernelSpec kernel_of(const PoolTransposeOptions& o) {
  return {.kernel_size = o.kernel_size,
          .stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation,
          .origin = Origin::corner};
}

// Rows around the transposed support: some of it, some beside it, none of it.
std::vector<oracle::NamedCoords> targets_around(oracle::Random& random,
                                                const std::vector<oracle::Coord>& support,
                                                std::int64_t batches) {
  std::vector<oracle::Coord> subset;
  std::vector<oracle::Coord> superset;
  std::vector<oracle::Coord> disjoint;
  for (const oracle::Coord& c : support) {
    if (random.chance(0.5)) subset.push_back(c);
    superset.push_back(c);
    disjoint.push_back({c[0], c[1] + 1000, c[2], c[3]});
  }
  superset.insert(superset.end(), disjoint.begin(), disjoint.end());
  superset =
      oracle::permuted(superset, oracle::random_permutation(random, oracle::row_count(superset)));
  return {{"subset", subset, batches},
          {"superset", superset, batches},
          {"disjoint", disjoint, batches + 2},
          {"none", {}, batches}};
}

void expect_mean(const SparseTensor& y, const PoolInput& input,
                 const std::vector<oracle::Coord>& rows, const PoolTransposeOptions& options,
                 const std::string& what) {
  ASSERT_EQ(to_coords(y.coords()), rows) << what;
  const KernelSpec kernel = kernel_of(options);
  const oracle::KernelMap map =
      oracle::transposed_map(input.coords, rows, to_offsets(kernel), to_geometry(kernel));
  const auto bounds = sum_bounds(oracle::pool_transpose(map, absolute(input.features)),
                                 oracle::contributor_counts(map));
  expect_within(y.features(), oracle::pool_transpose(map, input.features).v, bounds, what);
}

void expect_upsampled(const SparseTensor& y, const PoolInput& input,
                      const std::vector<oracle::Coord>& rows, const Triple& stride,
                      const std::string& what) {
  ASSERT_EQ(to_coords(y.coords()), rows) << what;
  const oracle::Triple s = to_oracle(stride);
  const oracle::KernelMap map = oracle::transposed_map(
      input.coords, rows, oracle::trilinear_offsets(s), oracle::trilinear_geometry(s));
  const auto magnitude =
      oracle::trilinear_upsample({input.coords, absolute(input.features)}, rows, s);
  expect_within(y.features(), oracle::trilinear_upsample({input.coords, input.features}, rows, s).v,
                sum_bounds(magnitude, oracle::contributor_counts(map)), what);
}

const std::vector<PoolTransposeOptions> kTransposedGeometries = {
    {},
    {.kernel_size = 3, .stride = 2},
    {.kernel_size = 3, .stride = 1, .padding = 1},
    {.kernel_size = {3, 2, 4}, .stride = {2, 4, 1}, .padding = {1, 0, 2}, .dilation = {1, 2, 3}},
};

TEST(PoolTranspose3d, TheZooWithAndWithoutTargets) {
  oracle::Random random(31);
  for (const oracle::NamedCoords& where : oracle::coordinate_zoo(32, 60)) {
    if (where.name == "both_ends") continue;  // generating there overflows: see Refusals
    const PoolInput input = random_input(random, where, 3, DType::f32, 4);
    for (PoolTransposeOptions options : kTransposedGeometries) {
      const KernelSpec kernel = kernel_of(options);
      const auto support =
          oracle::transposed_support(input.coords, to_offsets(kernel), to_geometry(kernel));
      expect_mean(pool_transpose3d(input.x, options), input, support, options, where.name);
      const Triple s = options.stride;
      const Triple stride{4 / s.x, 4 / s.y, 4 / s.z};
      for (const auto& target : targets_around(random, support, where.batch_size)) {
        const CoordinateSet set = CoordinateSet::from_rows(
            to_rows(target.coords), {.stride = stride, .batch_size = target.batch_size});
        options.target = set;
        const SparseTensor y = pool_transpose3d(input.x, options);
        EXPECT_EQ(y.coords(), set);
        EXPECT_EQ(y.batch_size(), target.batch_size);
        expect_mean(y, input, target.coords, options, where.name + " to " + target.name);
      }
    }
  }
}

TEST(PoolTranspose3d, EveryFormOfTarget) {
  const SparseTensor x = line_tensor({0, 1}, {2, 6}, 2);
  const CoordinateSet set = CoordinateSet::from_rows(to_rows(oracle::line({3, 9, 0})));
  const SparseTensor tensor(set, Tensor::zeros({3, 7}, DType::f16));
  for (const Target& target : {Target(set), Target(tensor), Target(set.to_tensor())}) {
    const SparseTensor y = pool_transpose3d(x, {.target = target});
    EXPECT_EQ(xs_of(y.coords()), (std::vector<std::int64_t>{3, 9, 0}));
    expect_exactly(y.features(), {6, 0, 2}, "rows 3, 9, 0");
  }
}

TEST(PoolTranspose3d, HandWorkedOverlap) {
  // Kernel 3, stride 2: row 0 reaches 0..2, row 1 reaches 2..4; they meet in 2.
  const SparseTensor x = line_tensor({0, 1}, {2, 6}, {2, 1, 1});
  const SparseTensor y = pool_transpose3d(x, {.kernel_size = {3, 1, 1}, .stride = {2, 1, 1}});
  EXPECT_EQ(xs_of(y.coords()), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  expect_exactly(y.features(), {2, 2, 4, 6, 6}, "line");
  EXPECT_EQ(y.stride(), Triple(1));
}

TEST(PoolTranspose3d, ATargetAtBothEndsOfInt32) {
  const std::int64_t low = std::numeric_limits<std::int32_t>::min();
  const std::int64_t high = std::numeric_limits<std::int32_t>::max();
  const SparseTensor x = line_tensor({low / 2, high / 2, low, high}, {1, 2, 3, 4}, {2, 1, 1});
  const CoordinateSet target =
      CoordinateSet::from_rows(to_rows(oracle::line({low, low + 1, high - 1, high, 0})));
  const SparseTensor y =
      pool_transpose3d(x, {.kernel_size = {2, 1, 1}, .stride = {2, 1, 1}, .target = target});
  expect_exactly(y.features(), {1, 1, 2, 2, 0}, "nothing wraps");
}

TEST(TrilinearUpsample3d, TheZooWithAndWithoutTargets) {
  oracle::Random random(33);
  for (const oracle::NamedCoords& where : oracle::coordinate_zoo(34, 40)) {
    if (where.name == "both_ends") continue;
    const PoolInput input = random_input(random, where, 3, DType::f32, 12);
    for (const Triple& s : {Triple(1), Triple(2), Triple(3), Triple(4, 1, 3)}) {
      const std::string what = fmt::format("{} stride {}", where.name, to_string(s));
      const auto support = oracle::trilinear_support(input.coords, to_oracle(s));
      expect_upsampled(trilinear_upsample3d(input.x, {.stride = s}), input, support, s, what);
      const Triple stride{12 / s.x, 12 / s.y, 12 / s.z};
      for (const auto& target : targets_around(random, support, where.batch_size)) {
        const CoordinateSet set = CoordinateSet::from_rows(
            to_rows(target.coords), {.stride = stride, .batch_size = target.batch_size});
        const SparseTensor y = trilinear_upsample3d(input.x, {.stride = s, .target = set});
        EXPECT_EQ(y.coords(), set);
        expect_upsampled(y, input, target.coords, s, what + " to " + target.name);
      }
    }
  }
}

TEST(TrilinearUpsample3d, TheExampleOfTheContract) {
  const SparseTensor x = line_tensor({0, 1}, {2, 6}, {2, 1, 1});
  const CoordinateSet target = CoordinateSet::from_rows(to_rows(oracle::line({0, 1, 2, 3})));
  const SparseTensor y = trilinear_upsample3d(x, {.stride = {2, 1, 1}, .target = target});
  expect_exactly(y.features(), {2, 4, 6, 6}, "x={0,1} with 2,6");
}

TEST(TrilinearUpsample3d, AConstantStaysExactlyConstantAndHugeValuesDoNotOverflow) {
  oracle::Random random(35);
  const auto coords = oracle::random_coords(random, {.count = 50, .extent = {4, 4, 4}});
  for (const double value : {0.7F, 3e38F, -1e-30F}) {
    const PoolInput input =
        make_input({"box", coords, 1}, oracle::Features::filled(50, 1, value), DType::f32, 6);
    for (const std::int32_t s : {2, 3}) {
      for (const double y : to_doubles(trilinear_upsample3d(input.x, {.stride = s}).features())) {
        EXPECT_NEAR(y, value, std::fabs(value) * 4e-7);
      }
    }
  }
}

TEST(TransposedPooling, StorageTypes) {
  oracle::Random random(37);
  const auto coords = oracle::random_coords(random, {.count = 300, .extent = {8, 8, 8}});
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const PoolInput input = random_input(random, {"box", coords, 1}, 9, dtype, 3);
    const PoolTransposeOptions options{.kernel_size = 4, .stride = 3};
    const KernelSpec kernel = kernel_of(options);
    expect_mean(pool_transpose3d(input.x, options), input,
                oracle::transposed_support(coords, to_offsets(kernel), to_geometry(kernel)),
                options, "pool_transpose3d");
    expect_upsampled(trilinear_upsample3d(input.x, {.stride = 3}), input,
                     oracle::trilinear_support(coords, {3, 3, 3}), 3, "trilinear_upsample3d");
  }
}

TEST(TransposedPooling, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(38);
  const auto coords = oracle::random_coords(random, {.count = 1000, .extent = {14, 14, 14}});
  const PoolInput input = random_input(random, {"box", coords, 1}, 5, DType::f32, 3);
  expect_same_bits_at_every_thread_count(
      [&] { return pool_transpose3d(input.x, {.kernel_size = 4, .stride = 3}).features(); },
      "pool_transpose3d");
  expect_same_bits_at_every_thread_count(
      [&] { return trilinear_upsample3d(input.x, {.stride = 3}).features(); },
      "trilinear_upsample3d");
}

}  // namespace
}  // namespace voxloom::test
