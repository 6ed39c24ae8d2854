// Channel counts, groups, storage types, weight layouts, coordinate sets.

#include "conv/cases.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

const std::vector<std::int64_t> kChannels{1, 3, 7, 16, 33, 64, 130};
const KernelSpec kThree{.kernel_size = 3};

void check_submanifold(const SparseTensor& x, const oracle::Features& features,
                       std::int64_t out_channels, std::int64_t groups, std::uint64_t seed) {
  oracle::Random random(seed);
  const Parameters p =
      random_parameters(random, {27, groups, x.channels(), out_channels}, x.dtype());
  const SparseTensor y =
      subm_conv3d(x, p.weight_tensor, p.bias_tensor, {.groups = static_cast<std::int32_t>(groups)});
  const auto map = oracle_map(x.coords(), x.coords(), kThree, oracle::Direction::kForward);
  expect_conv(y, to_coords(x.coords()), map, features, p,
              fmt::format("{} -> {} channels, {} groups, {}", x.channels(), out_channels, groups,
                          name_of(x.dtype())));
}

Input small_input(std::int64_t channels, DType dtype = DType::f32) {
  oracle::Random random(static_cast<std::uint64_t>(channels) + 1);
  return random_input(random, {.count = 30, .start = {-2, -2, -2}, .extent = {4, 4, 4}}, channels,
                      dtype);
}

TEST(Channels, EveryPair) {
  for (const std::int64_t in : kChannels) {
    const Input input = small_input(in);
    for (const std::int64_t out : kChannels) {
      check_submanifold(input.x, input.features, out, 1, 11);
    }
  }
}

TEST(Channels, NoChannels) {
  check_submanifold(small_input(0).x, small_input(0).features, 5, 1, 11);
  check_submanifold(small_input(5).x, small_input(5).features, 0, 1, 11);
}

TEST(Channels, Groups) {
  for (const std::int64_t in : {4, 12, 16, 64, 128}) {
    const Input input = small_input(in);
    for (const std::int64_t groups : {std::int64_t{2}, std::int64_t{4}, in}) {
      for (const std::int64_t factor : {1, 3}) {
        check_submanifold(input.x, input.features, groups * factor, groups, 12);
      }
    }
  }
}

TEST(Channels, HalfStorage) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const std::int64_t in : kChannels) {
      const Input input = small_input(in, dtype);
      check_submanifold(input.x, input.features, 33, 1, 13);
    }
    const Input input = small_input(16, dtype);
    check_submanifold(input.x, input.features, 16, 16, 14);
  }
}

TEST(Channels, HalfSumsAreRoundedOnce) {
  // 4096 products of 1: float16 sums rounded at every step would stay at 2048.
  const SparseTensor x = sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}},
                                       Tensor::full({1, 4096}, DType::f16, 1.0F));
  const SparseTensor y =
      conv3d(x, Tensor::full({1, 4096}, DType::f16, 1.0F), {}, {.kernel_size = 1});
  EXPECT_EQ(to_doubles(y.features()), std::vector<double>{4096.0});
}

TEST(Channels, EveryCoordinateSet) {
  for (const oracle::NamedCoords& zoo : oracle::coordinate_zoo(3)) {
    oracle::Random random(9);
    const auto features = oracle::random_features(random, oracle::row_count(zoo.coords), 7);
    const CoordinateSet set =
        CoordinateSet::from_rows(to_rows(zoo.coords), {.batch_size = zoo.batch_size});
    SCOPED_TRACE(zoo.name);
    const SparseTensor x(set, to_tensor(features));
    check_submanifold(x, features, 16, 1, 15);
    EXPECT_EQ(subm_conv3d(x, Tensor::zeros({27, 7, 2}, DType::f32), {}).batch_size(),
              zoo.batch_size);
  }
}

TEST(Channels, EveryLayoutIsTheSameWeight) {
  const Input input = small_input(6);
  oracle::Random random(21);
  const Parameters one = random_parameters(random, {15, 1, 6, 4});
  const SubmConvOptions options{.kernel_size = {3, 1, 5}};
  const Tensor expected =
      subm_conv3d(input.x, one.weight_tensor, one.bias_tensor, options).features();
  const auto same = [&](oracle::WeightLayout layout, Shape shape) {
    const Tensor w = to_tensor(oracle::weight_to(layout, one.weight), std::move(shape));
    return to_doubles(subm_conv3d(input.x, w, one.bias_tensor, options).features()) ==
           to_doubles(expected);
  };
  EXPECT_TRUE(same(oracle::WeightLayout::kConv5d, {4, 3, 1, 5, 6}));
  EXPECT_TRUE(same(oracle::WeightLayout::kKernelMajor, {15, 6, 4}));

  const Parameters depthwise = random_parameters(random, {15, 6, 6, 6});
  const SubmConvOptions by_channel{.kernel_size = {3, 1, 5}, .groups = 6};
  const Tensor from_grouped =
      subm_conv3d(input.x, depthwise.weight_tensor, {}, by_channel).features();
  for (const auto& [layout, shape] : std::vector<std::pair<oracle::WeightLayout, Shape>>{
           {oracle::WeightLayout::kDepthwise, {15, 6}},
           {oracle::WeightLayout::kConv5d, {6, 3, 1, 5, 1}}}) {
    const Tensor w = to_tensor(oracle::weight_to(layout, depthwise.weight), shape);
    EXPECT_EQ(to_doubles(subm_conv3d(input.x, w, {}, by_channel).features()),
              to_doubles(from_grouped));
  }

  const Parameters point = random_parameters(random, {1, 1, 6, 4});
  const Tensor w =
      to_tensor(oracle::weight_to(oracle::WeightLayout::kPointwise, point.weight), {4, 6});
  EXPECT_EQ(to_doubles(conv3d(input.x, w, {}, {.kernel_size = 1}).features()),
            to_doubles(conv3d(input.x, point.weight_tensor, {}, {.kernel_size = 1}).features()));
}

TEST(Channels, BitIdenticalOverThreadsAndRuns) {
  oracle::Random random(31);
  const Input in = random_input(random, {.count = 3000, .extent = {20, 20, 20}}, 33);
  const Parameters p = random_parameters(random, {27, 1, 33, 17});
  const auto run = [&](int threads) {
    std::vector<double> values;
    with_threads(threads, [&] {
      values = to_doubles(subm_conv3d(in.x, p.weight_tensor, p.bias_tensor).features());
    });
    return values;
  };
  const std::vector<double> expected = run(1);
  for (const int threads : {1, 2, 3, 5}) EXPECT_EQ(run(threads), expected) << threads;
}

TEST(Channels, NanAndInfinityTravelAlongEntriesOnly) {
  const std::vector<Coordinate> rows{{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 9, 0, 0}};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const SparseTensor x = sparse_tensor(rows, Tensor::from<float>({nan, 1, inf}, {3, 1}));
  const Tensor w = Tensor::full({27, 1, 1}, DType::f32, 1.0F);
  const auto y = to_doubles(subm_conv3d(x, w, {}).features());
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_TRUE(std::isnan(y[1]));  // a neighbour of the NaN
  EXPECT_EQ(y[2], inf);           // far from it

  // A zero weight does not hide a NaN, and padded lanes do not invent one.
  const auto zero =
      to_doubles(subm_conv3d(x, Tensor::zeros({27, 1, 5}, DType::f32), {}).features());
  for (int c = 0; c < 5; ++c) {
    EXPECT_TRUE(std::isnan(zero[static_cast<std::size_t>(c)]));
    EXPECT_TRUE(std::isnan(zero[static_cast<std::size_t>(10 + c)]));
  }
}

}  // namespace
}  // namespace voxloom::test
