// pool3d against the oracle and against numbers worked out by hand.

#include <fmt/core.h>

#include "pool/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

KernelSpec kernel_of(const PoolOptions& o) {
  return {.kernel_size = o.kernel_size,
          .stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation,
          .origin = o.origin};
}

std::string describe(const PoolInput& input, const PoolOptions& o) {
  return fmt::format("{} mode {} kernel {} stride {} padding {} dilation {} {}", input.name,
                     static_cast<int>(o.mode), to_string(o.kernel_size), to_string(o.stride),
                     to_string(o.padding), to_string(o.dilation), name_of(input.x.dtype()));
}

const std::vector<PoolOptions> kPoolGeometries = {
    {},
    {.kernel_size = 3, .stride = 3, .origin = Origin::corner},
    {.kernel_size = {5, 3, 1}, .stride = {2, 3, 1}, .padding = {1, 0, 0}, .origin = Origin::corner},
    {.kernel_size = 3, .stride = 1},
    {.kernel_size = 3, .stride = 2, .padding = 1},
    {.kernel_size = 1, .stride = 2},
    {.kernel_size = {3, 2, 1}, .stride = {2, 1, 3}, .padding = {1, 0, 2}, .dilation = {1, 2, 1}},
    {.kernel_size = {2, 4, 3}, .stride = {1, 3, 2}, .dilation = {3, 1, 2}},
    {.kernel_size = 5, .stride = 3, .padding = 2},
};

void expect_pool(const PoolInput& input, const PoolOptions& options) {
  const std::string what = describe(input, options);
  const SparseTensor y = pool3d(input.x, options);
  const auto rows = oracle::strided_support(input.coords, to_oracle(options.stride));
  ASSERT_EQ(to_coords(y.coords()), rows) << what;
  EXPECT_EQ(y.batch_size(), input.x.batch_size()) << what;
  const KernelSpec kernel = kernel_of(options);
  const oracle::KernelMap map =
      oracle::forward_map(input.coords, rows, to_offsets(kernel), to_geometry(kernel));
  if (options.mode == PoolMode::max) {
    expect_exactly(y.features(), oracle::pool(oracle::PoolMode::kMax, map, input.features).v, what);
    return;
  }
  const auto mode = options.mode == PoolMode::sum ? oracle::PoolMode::kSum : oracle::PoolMode::kAvg;
  const auto bounds = sum_bounds(oracle::pool(mode, map, absolute(input.features)),
                                 oracle::contributor_counts(map));
  expect_within(y.features(), oracle::pool(mode, map, input.features).v, bounds, what);
}

void expect_pool_in_every_mode(const PoolInput& input, PoolOptions options) {
  for (const PoolMode mode : {PoolMode::sum, PoolMode::max, PoolMode::avg}) {
    options.mode = mode;
    expect_pool(input, options);
  }
}

TEST(Pool3d, TheZooInEveryGeometryAndMode) {
  oracle::Random random(11);
  for (const oracle::NamedCoords& where : oracle::coordinate_zoo(12)) {
    const PoolInput input = random_input(random, where, 3);
    for (const PoolOptions& options : kPoolGeometries) expect_pool_in_every_mode(input, options);
  }
}

// Isolated voxels, each in a cell of its own: with the corner origin a kernel as large as the stride sees all of
// them, centered only those near a row's own corner.
TEST(Pool3d, CornerKernelsOfTheStrideLoseNoVoxel) {
  std::vector<Coordinate> rows;
  for (std::int32_t x = 0; x < 27; ++x) {
    rows.push_back({0, 9 * x - 100 + x % 3, x / 3 % 3, x / 9});
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  const SparseTensor x = sparse_tensor(rows, Tensor::full({count, 1}, DType::f32, 1.0F));
  for (const std::int32_t stride : {2, 3, 5}) {
    const auto total = [&](Origin origin) {
      const SparseTensor y = pool3d(x, {.mode = PoolMode::sum,
                                        .kernel_size = Triple(stride),
                                        .stride = Triple(stride),
                                        .origin = origin});
      float sum = 0;
      for (const float value : y.features().span<float>()) sum += value;
      return sum;
    };
    EXPECT_EQ(total(Origin::corner), 27.0F) << stride;
    if (stride % 2 == 1) {
      EXPECT_LT(total(Origin::centered), 20.0F) << stride;
    }
  }
}

TEST(Pool3d, StorageTypesAndChannelCounts) {
  oracle::Random random(13);
  const auto zoo = oracle::coordinate_zoo(14, 600);
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const std::int64_t channels : {0, 1, 5, 33}) {
      for (const oracle::NamedCoords& where : zoo) {
        if (where.name != "surface" && where.name != "empty_batches") continue;
        const PoolInput input = random_input(random, where, channels, dtype);
        expect_pool_in_every_mode(input, {.kernel_size = 3, .stride = 2});
      }
    }
  }
}

TEST(Pool3d, TiesNanAndInfinities) {
  oracle::Random random(15);
  for (const oracle::NamedCoords& where : oracle::coordinate_zoo(16)) {
    const auto rows = oracle::row_count(where.coords);
    const PoolInput input = make_input(where, tied_features(random, rows, 4));
    expect_pool(input, {.mode = PoolMode::max, .kernel_size = 3, .stride = 1});
    expect_pool(input, {.mode = PoolMode::max});
    expect_pool(input, {.mode = PoolMode::sum});
    expect_pool(input, {.mode = PoolMode::avg, .kernel_size = 3, .stride = 2, .padding = 1});
  }
}

TEST(Pool3d, HandWorkedLine) {
  // Cells {-2,-1}, {0,1}, {4,5}; row -1 stands before row -2 in the input.
  const SparseTensor x = line_tensor({-1, -2, 0, 5}, {3, 5, -4, 7});
  const auto pooled = [&](PoolMode mode) { return pool3d(x, {.mode = mode}); };
  EXPECT_EQ(xs_of(pooled(PoolMode::max).coords()), (std::vector<std::int64_t>{-1, 0, 2}));
  expect_exactly(pooled(PoolMode::sum).features(), {8, -4, 7}, "sum");
  expect_exactly(pooled(PoolMode::avg).features(), {4, -4, 7}, "avg");
  expect_exactly(pooled(PoolMode::max).features(), {5, -4, 7}, "max");
}

TEST(Pool3d, ARowWithoutContributorsIsZero) {
  // Kernel 1, stride 2: the odd inputs make the rows 0 and 1 and reach neither.
  const SparseTensor x = line_tensor({1, 3, 4}, {-5, -6, -7});
  for (const PoolMode mode : {PoolMode::sum, PoolMode::max, PoolMode::avg}) {
    const SparseTensor y = pool3d(x, {.mode = mode, .kernel_size = 1, .stride = 2});
    EXPECT_EQ(xs_of(y.coords()), (std::vector<std::int64_t>{0, 1, 2}));
    expect_exactly(y.features(), {0, 0, -7}, "row 4 alone meets a window");
  }
}

TEST(Pool3d, CenteredKernelStillSubtractsPadding) {
  const SparseTensor x = line_tensor({0, 1, 2, 3}, {1, 10, 100, 1000});
  const PoolOptions same{.mode = PoolMode::sum, .kernel_size = {3, 1, 1}, .stride = 1};
  expect_exactly(pool3d(x, same).features(), {11, 111, 1110, 1100}, "window -1..1");
  PoolOptions shifted = same;
  shifted.padding = {1, 0, 0};
  expect_exactly(pool3d(x, shifted).features(), {1, 11, 111, 1110}, "window -2..0");
}

TEST(Pool3d, StrideOneKeepsTheSetAndAStridedSetIsShared) {
  const SparseTensor x = line_tensor({4, 2, 9}, {1, 2, 3}, {2, 1, 1});
  EXPECT_EQ(pool3d(x, {.kernel_size = 3, .stride = 1}).coords(), x.coords());
  const SparseTensor a = pool3d(x, {.mode = PoolMode::sum});
  const SparseTensor b = pool3d(x, {.mode = PoolMode::max, .kernel_size = 3, .padding = 1});
  EXPECT_EQ(a.coords(), b.coords());
  EXPECT_EQ(a.stride(), Triple(4, 2, 2));
}

TEST(Pool3d, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(17);
  const auto coords = oracle::random_coords(random, {.count = 3000, .extent = {24, 24, 24}});
  const PoolInput input = random_input(random, {"box", coords, 1}, 7);
  for (const PoolMode mode : {PoolMode::sum, PoolMode::max, PoolMode::avg}) {
    const PoolOptions options{.mode = mode, .kernel_size = 3, .stride = 1};
    expect_same_bits_at_every_thread_count([&] { return pool3d(input.x, options).features(); },
                                           describe(input, options));
  }
}

}  // namespace
}  // namespace voxloom::test
