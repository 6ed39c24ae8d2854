// Every pointwise algorithm on every instruction set of this machine, against float64 sums.

#include <gtest/gtest.h>

#include "engine/problems.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

struct PointwiseCase {
  std::int64_t rows = 1, in = 1, out = 1, groups = 1;  // channels per group
  DType dtype = DType::f32;
  bool bias = true;
  bool transposed = false;  // weight stored (out, in)
  bool float_weight = false;

  [[nodiscard]] std::string text() const {
    return fmt::format("{} rows, {} x ({} -> {}) {}", rows, groups, in, out, name_of(dtype));
  }
};

struct PointwiseData {
  PointwiseCase shape;
  Tensor x, w, bias;
  engine::WeightView view;

  explicit PointwiseData(const PointwiseCase& c) : shape(c) {
    Random random(13);
    x = random_tensor(random, {c.rows, c.groups * c.in}, c.dtype);
    w = random_tensor(random, {c.groups * c.in * c.out}, c.float_weight ? DType::f32 : c.dtype);
    bias = random_tensor(random, {c.groups * c.out}, c.dtype);
    view = {.data = w.raw(),
            .dtype = w.dtype(),
            .volume = 1,
            .groups = c.groups,
            .in = c.in,
            .out = c.out,
            .stride_g = c.in * c.out,
            .stride_i = c.out,
            .stride_o = 1};
    if (c.transposed) std::tie(view.stride_i, view.stride_o) = std::tuple{1, c.in};
  }
  [[nodiscard]] Tensor empty_result() const {
    return Tensor::full({shape.rows, shape.groups * shape.out}, shape.dtype, 99.0F);
  }
  [[nodiscard]] engine::ConvPointwise problem(Tensor& y) const {
    return {.x = &x, .weight = view, .bias = shape.bias ? &bias : nullptr, .y = &y};
  }
  [[nodiscard]] Sums expected() const {
    const std::vector<double> xs = to_doubles(x), ws = to_doubles(w), bs = to_doubles(bias);
    const std::int64_t columns = shape.groups * shape.out;
    Sums sums(shape.rows * columns);
    for (std::int64_t at = 0; at < shape.rows * columns; ++at) {
      const std::int64_t row = at / columns, column = at % columns;
      const std::int64_t g = column / shape.out, o = column % shape.out;
      if (shape.bias) sums.add(at, bs[static_cast<std::size_t>(column)]);
      for (std::int64_t i = 0; i < shape.in; ++i) {
        sums.add(at, xs[static_cast<std::size_t>((row * shape.groups + g) * shape.in + i)] *
                         ws[static_cast<std::size_t>(view.at(0, g, i, o))]);
      }
    }
    return sums;
  }
};

void check_pointwise(const PointwiseCase& c) {
  const PointwiseData data(c);
  const Sums expected = data.expected();
  on_each_isa([&](const std::string& isa) {
    for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvPointwise>()) {
      Tensor y = data.empty_result();
      const engine::ConvPointwise problem = data.problem(y);
      if (!algorithm.is_able(problem)) continue;
      algorithm.run(problem);
      expect_within(y, expected.value, expected.bounds(),
                    fmt::format("{} {} {}", algorithm.name, isa, c.text()));
    }
  });
}

TEST(Pointwise, ChannelTails) {
  for (const std::int64_t in : {1, 3, 7, 16, 33, 64, 130}) {
    for (const std::int64_t out : {1, 3, 7, 16, 33, 64, 130}) {
      check_pointwise({.rows = 37, .in = in, .out = out, .transposed = true});
    }
  }
}

TEST(Pointwise, SixteenBitChannelTails) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const auto& [in, out] : {std::pair{1, 7}, {3, 3}, {16, 33}, {33, 16}, {64, 130}}) {
      check_pointwise({.rows = 37, .in = in, .out = out, .dtype = dtype});
    }
  }
}

TEST(Pointwise, RowTails) {
  for (const std::int64_t rows : {0, 1, 5, 127, 128, 129, 257, 511}) {
    for (const DType dtype : {DType::f32, DType::f16}) {
      check_pointwise({.rows = rows, .in = 5, .out = 19, .dtype = dtype});
      check_pointwise({.rows = rows, .in = 16, .out = 16, .dtype = dtype, .bias = false});
    }
  }
}

TEST(Pointwise, GroupsAndFloatWeights) {
  for (const auto& [groups, in, out] : {std::tuple{2, 8, 8}, {2, 3, 5}, {4, 16, 4}, {33, 1, 1}}) {
    check_pointwise({.rows = 140, .in = in, .out = out, .groups = groups});
    check_pointwise({.rows = 140, .in = in, .out = out, .groups = groups, .dtype = DType::bf16});
  }
  check_pointwise({.rows = 80, .in = 9, .out = 21, .dtype = DType::f16, .float_weight = true});
}

TEST(Pointwise, Epilogue) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const PointwiseData data({.rows = 150, .in = 8, .out = 21, .dtype = dtype});
    Random random(5);
    const Tensor scale = random_tensor(random, {21}, DType::f32);
    const Tensor shift = random_tensor(random, {21}, DType::f32);
    const Tensor residual = random_tensor(random, {150, 21}, dtype);
    const std::vector<double> rs = to_doubles(residual);
    Sums sums = data.expected();
    std::vector<double> bounds = sums.bounds();
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      const double s = scale.data<float>()[i % 21];
      double& value = sums.value[i];
      value = std::max(0.0, value * s + shift.data<float>()[i % 21] + rs[i]);
      bounds[i] = bounds[i] * std::fabs(s) + 1e-6;
    }
    on_each_isa([&](const std::string& isa) {
      for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvPointwise>()) {
        Tensor y = data.empty_result();
        engine::ConvPointwise problem = data.problem(y);
        problem.epilogue = {&scale, &shift, &residual, engine::Rectifier::relu};
        algorithm.run(problem);
        expect_within(y, sums.value, bounds, fmt::format("{} {}", algorithm.name, isa));
      }
    });
  }
}

TEST(Pointwise, SameBitsForAnyThreadCount) {
  for (const DType dtype : {DType::f32, DType::f16}) {
    const PointwiseData data({.rows = 3000, .in = 20, .out = 50, .dtype = dtype});
    on_each_isa([&](const std::string& isa) {
      for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvPointwise>()) {
        Tensor first;
        for (const int threads : {1, 2, 3}) {
          Tensor y = data.empty_result();
          with_threads(threads, [&] { algorithm.run(data.problem(y)); });
          if (threads == 1) first = y;
          EXPECT_TRUE(same_bits(first, y)) << algorithm.name << " " << isa << " " << threads;
        }
      }
    });
  }
}

}  // namespace
}  // namespace voxloom::test
