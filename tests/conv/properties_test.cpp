// What must hold whatever the numbers are.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "conv/cases.h"
#include "oracle/dense_conv.h"

namespace voxloom::test {
namespace {

RC_GTEST_PROP(ConvProperties, PermutingInputRowsPermutesTheSameOutputRows, (std::uint32_t seed)) {
  oracle::Random random(seed);
  const Input in =
      random_input(random, {.count = 60, .start = {-4, -4, -4}, .extent = {8, 8, 8}}, 5);
  const Parameters p = random_parameters(random, {27, 1, 5, 6});
  const auto order = oracle::random_permutation(random, in.x.rows());
  std::vector<Coordinate> rows;
  std::vector<double> features;
  for (const std::int64_t from : order) {
    rows.push_back(in.x.coords()[from]);
    for (int c = 0; c < 5; ++c) features.push_back(in.features.at(from, c));
  }
  const SparseTensor permuted = sparse_tensor(rows, to_tensor(features, {in.x.rows(), 5}));

  const auto y = to_features(subm_conv3d(in.x, p.weight_tensor, p.bias_tensor).features());
  const auto z = to_features(subm_conv3d(permuted, p.weight_tensor, p.bias_tensor).features());
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (int c = 0; c < 6; ++c) {
      RC_ASSERT(z.at(static_cast<std::int64_t>(i), c) == y.at(order[i], c));
    }
  }
  // Generated rows come in canonical order, so nothing at all changes.
  const ConvOptions strided{.kernel_size = 2, .stride = 2};
  const Parameters q = random_parameters(random, {8, 1, 5, 3});
  const SparseTensor a = conv3d(in.x, q.weight_tensor, {}, strided);
  const SparseTensor b = conv3d(permuted, q.weight_tensor, {}, strided);
  RC_ASSERT(to_coords(a.coords()) == to_coords(b.coords()));
  RC_ASSERT(to_doubles(a.features()) == to_doubles(b.features()));
}

RC_GTEST_PROP(ConvProperties, TransposingTwiceGivesTheMap, (std::uint32_t seed)) {
  oracle::Random random(seed);
  const Input in = random_input(random, {.count = 60, .extent = {7, 7, 7}}, 1);
  const KernelMap map = conv3d_map(in.x, {.kernel_size = 3, .stride = 2});
  const KernelMap swapped = map.swapped();
  RC_ASSERT(swapped.swapped() == map);
  RC_ASSERT(swapped.source() == map.target());
  auto expected = map.triples();
  for (MapEntry& e : expected) std::swap(e.in_row, e.out_row);
  std::ranges::sort(expected, [](const MapEntry& a, const MapEntry& b) {
    return a.out_row != b.out_row ? a.out_row < b.out_row : a.k < b.k;
  });
  RC_ASSERT(swapped.triples() == expected);
}

oracle::Triple random_triple(oracle::Random& random, std::int64_t low, std::int64_t high) {
  return {random.integer(low, high), random.integer(low, high), random.integer(low, high)};
}

Triple to_triple(const oracle::Triple& t) {
  return {static_cast<std::int32_t>(t.x), static_cast<std::int32_t>(t.y),
          static_cast<std::int32_t>(t.z)};
}

// A full grid, a dense framework's parameters, and the same problem of absolute values, whose
// result is what the bounds are relative to.
struct DenseProblem {
  explicit DenseProblem(std::uint64_t seed) {
    oracle::Random random(seed);
    p.kernel = random_triple(random, 1, 5);
    p.stride = random_triple(random, 1, 3);
    p.padding = random_triple(random, 0, 2);
    p.dilation = random_triple(random, 1, 2);
    p.groups = random.integer(1, 2);
    p.c_out = p.groups * random.integer(1, 3);
    x = oracle::Grid::zeros(random_triple(random, 2, 7), p.groups * random.integer(1, 3));
    x.v = oracle::random_values(random, static_cast<std::int64_t>(x.v.size()));
    group_in = x.channels / p.groups;
    volume = oracle::volume(p.kernel);
    w = oracle::random_values(random, p.c_out * volume * group_in);
    bias = oracle::random_values(random, p.c_out);
  }

  [[nodiscard]] SparseTensor input(Triple stride) const {
    const auto coords = oracle::full_box({0, 0, 0}, x.size);
    return {CoordinateSet::from_rows(to_rows(coords), {.stride = stride}),
            to_tensor(x.v, {oracle::row_count(coords), x.channels})};
  }
  [[nodiscard]] Tensor weight() const {
    return to_tensor(w, {p.c_out, p.kernel.x, p.kernel.y, p.kernel.z, group_in});
  }
  [[nodiscard]] Tensor rows(const oracle::Triple& out) const {
    return CoordinateSet::from_rows(to_rows(oracle::full_box({0, 0, 0}, out))).to_tensor();
  }

  // `dense` is one of the oracle's dense convolutions.
  template <typename Dense>
  void check(const SparseTensor& y, const oracle::Triple& out, const Dense& dense) const {
    DenseProblem magnitudes = *this;
    for (std::vector<double>* values : {&magnitudes.x.v, &magnitudes.w, &magnitudes.bias}) {
      for (double& v : *values) v = std::abs(v);
    }
    oracle::Grid expected = dense(x, w, p, out);
    const oracle::Grid size = dense(magnitudes.x, magnitudes.w, p, out);
    std::vector<double> bounds;
    for (std::size_t i = 0; i < expected.v.size(); ++i) {
      const std::size_t channel = i % static_cast<std::size_t>(p.c_out);
      expected.v[i] += bias[channel];
      const double magnitude = size.v[i] + magnitudes.bias[channel];
      bounds.push_back(std::min(oracle::zero_mean_bound(magnitude),
                                oracle::always_bound(volume * group_in, magnitude)));
    }
    const auto violation = oracle::find_violation(to_doubles(y.features()), expected.v, bounds);
    if (violation) RC_FAIL(violation->text());
  }

  oracle::DenseConv p;
  oracle::Grid x;
  std::int64_t group_in = 1, volume = 1;
  std::vector<double> w, bias;
};

RC_GTEST_PROP(ConvProperties, AFullGridEqualsDenseConvolution, (std::uint32_t seed)) {
  const DenseProblem problem(seed);
  const oracle::DenseConv& p = problem.p;
  const auto cells = [&](int axis) {
    const std::int64_t room =
        problem.x.size[axis] + 2 * p.padding[axis] - p.dilation[axis] * (p.kernel[axis] - 1) - 1;
    return room < 0 ? 0 : room / p.stride[axis] + 1;
  };
  const oracle::Triple out{cells(0), cells(1), cells(2)};
  const SparseTensor y =
      conv3d(problem.input(1), problem.weight(), to_tensor(problem.bias, {p.c_out}),
             {.kernel_size = to_triple(p.kernel),
              .stride = to_triple(p.stride),
              .padding = to_triple(p.padding),
              .dilation = to_triple(p.dilation),
              .target = problem.rows(out),
              .origin = Origin::corner,
              .groups = static_cast<std::int32_t>(p.groups)});
  problem.check(y, out, oracle::dense_conv3d);
}

RC_GTEST_PROP(ConvProperties, AFullGridEqualsDenseTransposedConvolution, (std::uint32_t seed)) {
  const DenseProblem problem(seed);
  const oracle::DenseConv& p = problem.p;
  const auto cells = [&](int axis) {
    return std::max<std::int64_t>((problem.x.size[axis] - 1) * p.stride[axis] -
                                      2 * p.padding[axis] +
                                      p.dilation[axis] * (p.kernel[axis] - 1) + 1,
                                  0);
  };
  const oracle::Triple out{cells(0), cells(1), cells(2)};
  const SparseTensor y = conv_transpose3d(problem.input(to_triple(p.stride)), problem.weight(),
                                          to_tensor(problem.bias, {p.c_out}),
                                          {.kernel_size = to_triple(p.kernel),
                                           .stride = to_triple(p.stride),
                                           .padding = to_triple(p.padding),
                                           .dilation = to_triple(p.dilation),
                                           .target = problem.rows(out),
                                           .groups = static_cast<std::int32_t>(p.groups)});
  problem.check(y, out, oracle::dense_conv_transpose3d);
}

}  // namespace

TEST(ConvInverse, ReturnsToTheEncodersRows) {
  oracle::Random random(4);
  const Input in =
      random_input(random, {.count = 50, .start = {-3, -3, -3}, .extent = {7, 7, 7}}, 3);
  const KernelSpec k{.kernel_size = 2, .stride = 2};
  const Parameters down = random_parameters(random, {8, 1, 3, 4});
  const Parameters up = random_parameters(random, {8, 1, 4, 5});
  const ConvOptions options{.kernel_size = 2, .stride = 2};
  const SparseTensor y = conv3d(in.x, down.weight_tensor, {}, options);
  const SparseTensor z =
      inverse_conv3d(y, up.weight_tensor, up.bias_tensor, conv3d_map(in.x, options));
  EXPECT_EQ(z.coords(), in.x.coords());
  EXPECT_EQ(z.stride(), in.x.stride());
  const auto map =
      oracle::swapped(oracle_map(in.x.coords(), y.coords(), k, oracle::Direction::kForward));
  expect_conv(z, to_coords(in.x.coords()), map, to_features(y.features()), up, "inverse");
}

// The forward strided map and the transposed map back to the same rows are one map.
TEST(ConvInverse, TransposeToTheEncodersRowsSharesTheMap) {
  oracle::Random random(4);
  const Input in = random_input(random, {.count = 50, .extent = {7, 7, 7}}, 1);
  const KernelMap down = conv3d_map(in.x, {.kernel_size = 2, .stride = 2});
  const SparseTensor y(down.target(), Tensor::zeros({down.target().size(), 1}, DType::f32));
  const KernelMap up = conv_transpose3d_map(y, {.target = in.x});
  EXPECT_EQ(up, down.swapped());
}

TEST(ConvDense, ACubeOnAFullGridEqualsTheLoops) {
  const oracle::Triple size{4, 5, 3};
  oracle::Random random(8);
  const auto coords = oracle::full_box({0, 0, 0}, size);
  const auto features = oracle::random_features(random, oracle::row_count(coords), 4);
  const Parameters p = random_parameters(random, {27, 1, 4, 6});
  const SparseTensor x(CoordinateSet::from_rows(to_rows(coords)), to_tensor(features));
  const SparseTensor y = subm_conv3d(x, p.weight_tensor, p.bias_tensor);
  // Row order of full_box is the dense order, z fastest.
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const Coordinate at = x.coords()[i];
    for (std::int64_t o = 0; o < 6; ++o) {
      double sum = p.bias[static_cast<std::size_t>(o)];
      for (int dx = -1; dx <= 1; ++dx) {
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dz = -1; dz <= 1; ++dz) {
            const std::int64_t px = at.x + dx;
            const std::int64_t py = at.y + dy;
            const std::int64_t pz = at.z + dz;
            if (px < 0 || px >= size.x || py < 0 || py >= size.y || pz < 0 || pz >= size.z)
              continue;
            const std::int64_t row = (px * size.y + py) * size.z + pz;
            for (std::int64_t c = 0; c < 4; ++c) {
              sum +=
                  features.at(row, c) * p.weight.at(((dx + 1) * 3 + dy + 1) * 3 + dz + 1, 0, c, o);
            }
          }
        }
      }
      EXPECT_NEAR(to_features(y.features()).at(i, o), sum, 1e-4);
    }
  }
}

TEST(ConvNormalized, EveryForm) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    oracle::Random random(77);
    const Input in = random_input(random, {.count = 50, .start = {-3, -3, -3}, .extent = {6, 6, 6}},
                                  5, dtype, 2);
    const auto check = [&](const SparseTensor& y, const KernelSpec& k, oracle::Direction direction,
                           const Parameters& p) {
      const auto map = oracle_map(in.x.coords(), y.coords(), k, direction);
      const auto expected = oracle::normalized_conv(map, in.features, p.weight, p.bias, 1e-8,
                                                    k.kernel_size != Triple(1));
      expect_within(y.features(), expected.value.v, expected.bounds(), describe(k));
    };
    const KernelSpec three{.kernel_size = {3, 1, 3}};
    const Parameters p = random_parameters(random, {9, 1, 5, 4}, dtype);
    check(normalized_subm_conv3d(in.x, p.weight_tensor, p.bias_tensor, {.kernel_size = {3, 1, 3}}),
          three, oracle::Direction::kForward, p);
    const Parameters one = random_parameters(random, {1, 1, 5, 4}, dtype);
    check(normalized_subm_conv3d(in.x, one.weight_tensor, one.bias_tensor, {.kernel_size = 1}),
          {.kernel_size = 1}, oracle::Direction::kForward, one);
    const KernelSpec up{
        .kernel_size = {3, 1, 3}, .stride = 2, .padding = {1, 0, 1}, .origin = Origin::corner};
    check(
        normalized_conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor,
                                    {.kernel_size = {3, 1, 3}, .stride = 2, .padding = {1, 0, 1}}),
        up, oracle::Direction::kTransposed, p);
    const KernelSpec generative{.kernel_size = {3, 1, 3}, .stride = 2, .origin = Origin::corner};
    check(normalized_generative_conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor,
                                                 {.kernel_size = {3, 1, 3}, .stride = 2}),
          generative, oracle::Direction::kTransposed, p);
  }
}

// Squares of such weights are beyond float32; no result is.
TEST(ConvNormalized, WeightsWhoseSquaresDoNotFitFloat32) {
  oracle::Random random(78);
  const Input in =
      random_input(random, {.count = 60, .start = {-3, -3, -3}, .extent = {6, 6, 6}}, 5);
  const auto check = [&](const Parameters& p, float eps, const std::string& what) {
    const SparseTensor y = normalized_subm_conv3d(in.x, p.weight_tensor, p.bias_tensor, {}, eps);
    const auto map = oracle_map(in.x.coords(), y.coords(), {}, oracle::Direction::kForward);
    const auto expected =
        oracle::normalized_conv(map, in.features, p.weight, p.bias, double{eps}, true);
    expect_within(y.features(), expected.value.v, expected.bounds(), what);
  };
  const auto scaled = [&](const auto& scale_of) {
    Parameters p = random_parameters(random, {27, 1, 5, 4});
    for (std::size_t i = 0; i < p.weight.v.size(); ++i) {
      p.weight.v[i] = oracle::round_to_f32(p.weight.v[i] * scale_of(i));
    }
    p.weight_tensor = to_tensor(p.weight.v, {27, 1, 5, 4});
    return p;
  };
  for (const double scale : {1e20, 1e30, 1.0, 1e-18, 1e-24, 1e-30}) {
    const Parameters p = scaled([&](std::size_t) { return scale; });
    check(p, 1e-8F, fmt::format("weights of {}", scale));
    check(p, 0.0F, fmt::format("weights of {} without eps", scale));
  }
  // Channels of all sizes side by side, and offsets of two sizes in one channel.
  check(
      scaled([](std::size_t i) { return std::pow(10.0, 12.0 * static_cast<double>(i % 4) - 18); }),
      1e-8F, "mixed channels");
  check(scaled([](std::size_t i) { return i / 20 == 13 ? 1.0 : 1e25; }), 1e-8F, "mixed offsets");
}

}  // namespace voxloom::test
