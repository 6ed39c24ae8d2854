// Every kernel geometry with every support, against the oracle.

#include "conv/cases.h"

namespace voxloom::test {
namespace {

const std::vector<Triple> kKernels{1, 2, 3, 4, 5, 7, {3, 1, 5}, {7, 1, 1}};
const std::vector<Triple> kStrides{1, 2, 3, {2, 1, 1}};
const std::vector<Triple> kPaddings{0, 1, {1, 0, 2}};
const std::vector<Triple> kDilations{1, 2, {2, 1, 3}};

// Calls body(kernel, seed) for each geometry of the contract's table.
template <typename Body>
void for_each_geometry(const Body& body) {
  std::uint64_t seed = 0;
  for (const Triple& size : kKernels) {
    for (const Triple& stride : kStrides) {
      for (const Triple& padding : kPaddings) {
        for (const Triple& dilation : kDilations) {
          for (const Origin origin : {Origin::centered, Origin::corner}) {
            body(KernelSpec{size, stride, padding, dilation, origin, {}}, ++seed);
          }
        }
      }
    }
  }
}

oracle::CoordOptions where(std::uint64_t seed) {
  oracle::CoordOptions options{.count = 40, .start = {-5, -5, -5}, .extent = {9, 9, 9}};
  if (seed % 3 == 0) options.batches = {0, 2};
  if (seed % 4 == 0) options.scatter = oracle::Scatter::kSurface;
  return options;
}

ConvOptions forward_options(const KernelSpec& k) {
  return {.kernel_size = k.kernel_size,
          .stride = k.stride,
          .padding = k.padding,
          .dilation = k.dilation,
          .origin = k.origin};
}

Parameters parameters_for(oracle::Random& random, const KernelSpec& k) {
  return random_parameters(random, {k.volume(), 1, 3, 2});
}

TEST(Geometry, StridedSupport) {
  for_each_geometry([](const KernelSpec& k, std::uint64_t seed) {
    oracle::Random random(seed);
    const Input in = random_input(random, where(seed), 3);
    const Parameters p = parameters_for(random, k);
    const SparseTensor y = conv3d(in.x, p.weight_tensor, p.bias_tensor, forward_options(k));
    const auto rows = oracle::strided_support(to_coords(in.x.coords()), to_oracle(k.stride));
    const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward);
    expect_conv(y, rows, map, in.features, p, describe(k));
    EXPECT_EQ(y.stride(), k.stride);
  });
}

TEST(Geometry, ReachableSupport) {
  for_each_geometry([](const KernelSpec& k, std::uint64_t seed) {
    oracle::Random random(seed);
    const Input in = random_input(random, where(seed), 3);
    const Parameters p = parameters_for(random, k);
    ConvOptions options = forward_options(k);
    options.support = Support::reachable;
    std::optional<oracle::Bounds> bounds;
    if (seed % 2 == 0) {
      options.bounds = Bounds{{-2, -3, -1}, {4, 3, 5}};
      bounds = oracle::Bounds{{-2, -3, -1}, {4, 3, 5}};
    }
    const SparseTensor y = conv3d(in.x, p.weight_tensor, p.bias_tensor, options);
    const auto rows =
        oracle::reachable_support(to_coords(in.x.coords()), to_offsets(k), to_geometry(k), bounds);
    const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward);
    expect_conv(y, rows, map, in.features, p, describe(k));
  });
}

// Targets that contain the strided support, lie inside it, or miss it altogether; unsorted.
TEST(Geometry, TargetSupport) {
  for_each_geometry([](const KernelSpec& k, std::uint64_t seed) {
    oracle::Random random(seed);
    const Input in = random_input(random, where(seed), 3);
    const Parameters p = parameters_for(random, k);
    auto rows = oracle::strided_support(to_coords(in.x.coords()), to_oracle(k.stride));
    rows = oracle::permuted(rows, oracle::random_permutation(random, oracle::row_count(rows)));
    if (seed % 3 == 0) rows.resize(rows.size() / 2);
    if (seed % 3 == 1) rows.push_back({1, 100, -100, 7});
    if (seed % 3 == 2) {
      for (oracle::Coord& c : rows) c[3] += 1000;
    }
    ConvOptions options = forward_options(k);
    options.target = CoordinateSet::from_rows(to_rows(rows), {.stride = k.stride});
    const SparseTensor y = conv3d(in.x, p.weight_tensor, p.bias_tensor, options);
    const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward);
    expect_conv(y, rows, map, in.features, p, describe(k));
  });
}

TEST(Geometry, TransposedSupport) {
  for_each_geometry([](const KernelSpec& k, std::uint64_t seed) {
    oracle::Random random(seed);
    const Input in = random_input(random, where(seed), 3, DType::f32, k.stride);
    const Parameters p = parameters_for(random, k);
    const SparseTensor y = conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor,
                                            {.kernel_size = k.kernel_size,
                                             .stride = k.stride,
                                             .padding = k.padding,
                                             .dilation = k.dilation,
                                             .origin = k.origin});
    const auto rows =
        oracle::transposed_support(to_coords(in.x.coords()), to_offsets(k), to_geometry(k));
    const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kTransposed);
    expect_conv(y, rows, map, in.features, p, describe(k));
    EXPECT_EQ(y.stride(), Triple(1));
  });
}

TEST(Geometry, Submanifold) {
  for (const Triple& size : {Triple(1), Triple(3), Triple(5), Triple(7), Triple(3, 1, 5)}) {
    for (const Triple& dilation : kDilations) {
      oracle::Random random(17);
      const Input in = random_input(random, where(3), 3);
      const KernelSpec k{.kernel_size = size, .dilation = dilation};
      const Parameters p = parameters_for(random, k);
      const SparseTensor y = subm_conv3d(in.x, p.weight_tensor, p.bias_tensor,
                                         {.kernel_size = size, .dilation = dilation});
      EXPECT_EQ(y.coords(), in.x.coords());
      const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward);
      expect_conv(y, to_coords(in.x.coords()), map, in.features, p, describe(k));
    }
  }
}

TEST(Geometry, GenerativeMergesCoincidingRows) {
  oracle::Random random(5);
  const Input in = random_input(random, where(1), 3, DType::f32, 2);
  const KernelSpec k{.kernel_size = 3, .stride = 2, .origin = Origin::corner};
  const Parameters p = parameters_for(random, k);
  const SparseTensor y = generative_conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor,
                                                     {.kernel_size = 3, .stride = 2});
  const auto rows =
      oracle::transposed_support(to_coords(in.x.coords()), to_offsets(k), to_geometry(k));
  const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kTransposed);
  expect_conv(y, rows, map, in.features, p, "generative");
}

// Rows at both ends of int32 on each axis: probes beyond them are misses, none wraps around.
TEST(Geometry, BothEndsOfInt32) {
  for (const KernelSpec& k :
       {KernelSpec{.kernel_size = 3, .stride = 2}, KernelSpec{.kernel_size = 5, .stride = 2},
        KernelSpec{.kernel_size = 2, .stride = 2, .padding = 1, .dilation = 2},
        KernelSpec{.kernel_size = 3, .stride = 2, .padding = 2, .origin = Origin::corner}}) {
    oracle::Random random(23);
    const oracle::CoordOptions ends{.count = 120,
                                    .extent = {4, 4, 4},
                                    .batches = {0, 1},
                                    .scatter = oracle::Scatter::kBothEnds};
    const Input in = random_input(random, ends, 3);
    const Parameters p = parameters_for(random, k);
    const auto rows = oracle::strided_support(to_coords(in.x.coords()), to_oracle(k.stride));
    const SparseTensor y = conv3d(in.x, p.weight_tensor, p.bias_tensor, forward_options(k));
    const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward);
    expect_conv(y, rows, map, in.features, p, describe(k));

    // Rows whose windows lie beyond int32, next to rows whose windows are there.
    auto wanted =
        oracle::permuted(rows, oracle::random_permutation(random, oracle::row_count(rows)));
    const auto beyond = oracle::random_coords(random, ends);
    wanted.insert(wanted.end(), beyond.begin(), beyond.end());
    ConvOptions options = forward_options(k);
    options.target = CoordinateSet::from_rows(to_rows(wanted), {.stride = k.stride});
    const SparseTensor z = conv3d(in.x, p.weight_tensor, p.bias_tensor, options);
    const auto to_wanted = oracle_map(in.x.coords(), z.coords(), k, oracle::Direction::kForward);
    expect_conv(z, wanted, to_wanted, in.features, p, "target: " + describe(k));

    const Parameters q = random_parameters(random, {k.volume(), 1, 2, 3});
    const SparseTensor back =
        inverse_conv3d(y, q.weight_tensor, q.bias_tensor, conv3d_map(in.x, forward_options(k)));
    expect_conv(back, to_coords(in.x.coords()), oracle::swapped(map), to_features(y.features()), q,
                "inverse: " + describe(k));
  }
}

TEST(Geometry, ArbitraryOffsets) {
  oracle::Random random(6);
  const Input in = random_input(random, where(1), 3);
  const KernelSpec k{.stride = {1, 2, 1}, .offsets = {{0, 0, 0}, {-3, 1, 2}, {5, 0, -1}}};
  const Parameters p = parameters_for(random, k);
  const SparseTensor y =
      conv3d(in.x, p.weight_tensor, p.bias_tensor, {.stride = k.stride, .offsets = k.offsets});
  const auto rows = oracle::strided_support(to_coords(in.x.coords()), to_oracle(k.stride));
  const auto map = oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward);
  expect_conv(y, rows, map, in.features, p, "offset list");
}

// The contract's two notes: centered with padding shifts the window by -1, corner is -1..1.
TEST(Geometry, PaddingShiftsTheWindow) {
  const std::vector<Coordinate> line{{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 2, 0, 0}, {0, 3, 0, 0}};
  const SparseTensor x = sparse_tensor(line, Tensor::from<float>({1, 10, 100, 1000}, {4, 1}));
  const Tensor w = Tensor::from<float>({1, 2, 3}, {3, 1, 1});
  const SparseTensor centered = conv3d(x, w, {}, {.kernel_size = {3, 1, 1}, .padding = {1, 0, 0}});
  // out(u) reads u-2, u-1, u.
  EXPECT_EQ(to_doubles(centered.features()), (std::vector<double>{3, 32, 321, 3210}));
  const SparseTensor corner =
      conv3d(x, w, {}, {.kernel_size = {3, 1, 1}, .padding = {1, 0, 0}, .origin = Origin::corner});
  // out(u) reads u-1, u, u+1.
  EXPECT_EQ(to_doubles(corner.features()), (std::vector<double>{32, 321, 3210, 2100}));
}

}  // namespace
}  // namespace voxloom::test
