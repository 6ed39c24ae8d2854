// global_pool: by batch, over many rows, with empty batches.

#include "pool/cases.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

oracle::PoolMode mode_of(PoolMode mode) {
  return mode == PoolMode::sum   ? oracle::PoolMode::kSum
         : mode == PoolMode::avg ? oracle::PoolMode::kAvg
                                 : oracle::PoolMode::kMax;
}

void expect_global(const PoolInput& input, PoolMode mode) {
  const std::int64_t batches = input.x.batch_size();
  const Tensor y = global_pool(input.x, mode);
  EXPECT_EQ(y.shape(), (Shape{batches, input.x.channels()})) << input.name;
  const auto expected = oracle::global_pool(mode_of(mode), {input.coords, input.features}, batches);
  if (mode == PoolMode::max) return expect_exactly(y, expected.v, input.name);
  const auto magnitude =
      oracle::global_pool(mode_of(mode), {input.coords, absolute(input.features)}, batches);
  const auto counts = oracle::contributor_counts(oracle::batch_map(input.coords, batches));
  expect_within(y, expected.v, sum_bounds(magnitude, counts), input.name);
}

TEST(GlobalPool, TheZoo) {
  oracle::Random random(41);
  for (const oracle::NamedCoords& where : oracle::coordinate_zoo(42)) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      const PoolInput input = random_input(random, where, 3, dtype);
      expect_global(input, PoolMode::sum);
      expect_global(input, PoolMode::avg);
      const auto counts =
          oracle::contributor_counts(oracle::batch_map(where.coords, where.batch_size));
      if (std::count(counts.begin(), counts.end(), 0) == 0) expect_global(input, PoolMode::max);
    }
  }
}

TEST(GlobalPool, TiesNanAndInfinities) {
  oracle::Random random(43);
  const auto coords = oracle::random_coords(random, {.count = 60, .batches = {0, 1, 2, 3}});
  for (int round = 0; round < 20; ++round) {
    const PoolInput input = make_input({"box", coords, 4}, tied_features(random, 60, 2));
    for (const PoolMode mode : {PoolMode::sum, PoolMode::avg, PoolMode::max}) {
      expect_global(input, mode);
    }
  }
}

TEST(GlobalPool, HandWorkedWithEmptyBatches) {
  const std::vector<Coordinate> rows{{3, 0, 0, 0}, {1, 5, 5, 5}, {3, -1, 0, 0}};
  const SparseTensor x =
      sparse_tensor(rows, to_tensor({1, -2, 10, 20, 3, -4}, {3, 2}), {.batch_size = 6});
  expect_exactly(global_pool(x, PoolMode::sum), {0, 0, 10, 20, 0, 0, 4, -6, 0, 0, 0, 0}, "sum");
  expect_exactly(global_pool(x, PoolMode::avg), {0, 0, 10, 20, 0, 0, 2, -3, 0, 0, 0, 0}, "avg");
  expect_throws<std::invalid_argument>([&] { (void)global_pool(x, PoolMode::max); },
                                       "[global_pool] batch 0 of 6 is empty");
}

TEST(GlobalPool, NoRowsAndNoBatches) {
  const SparseTensor x = sparse_tensor({}, Tensor::zeros({0, 4}, DType::f32));
  for (const PoolMode mode : {PoolMode::sum, PoolMode::avg, PoolMode::max}) {
    EXPECT_EQ(global_pool(x, mode).shape(), (Shape{0, 4}));
  }
}

TEST(GlobalPool, AMillionRowsLoseNothing) {
  constexpr std::int64_t kRows = 1'000'000;
  std::vector<Coordinate> rows;
  std::vector<float> values;
  double sum = 0;
  oracle::Random random(44);
  for (std::int32_t i = 0; i < kRows; ++i) {
    rows.push_back({0, i, -i, i / 7});
    values.push_back(1.0F + static_cast<float>(random.unit()));
    sum += static_cast<double>(values.back());
  }
  const SparseTensor x(CoordinateSet::from_rows(rows, {.trusted = true}),
                       Tensor::from(values, {kRows, 1}));
  expect_within(global_pool(x, PoolMode::sum), {sum}, {sum * 6e-8}, "one rounding");
  const double mean = sum / static_cast<double>(kRows);
  expect_within(global_pool(x, PoolMode::avg), {mean}, {mean * 6e-8}, "one rounding");
}

TEST(GlobalPool, TheSameBitsAtEveryThreadCount) {
  oracle::Random random(45);
  const auto coords = oracle::random_coords(
      random, {.count = 20000, .extent = {60, 60, 60}, .batches = {0, 1, 1, 1, 1, 2}});
  const PoolInput input = random_input(random, {"box", coords, 3}, 6);
  for (const PoolMode mode : {PoolMode::sum, PoolMode::avg, PoolMode::max}) {
    expect_same_bits_at_every_thread_count([&] { return global_pool(input.x, mode); }, "global");
    expect_global(input, mode);
  }
}

}  // namespace
}  // namespace voxloom::test
