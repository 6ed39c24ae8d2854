// Every weight-gradient algorithm on every instruction set of this machine, against float64 sums.

#include <gtest/gtest.h>

#include "engine/problems.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

struct GradientCase {
  MapShape map;
  std::int64_t in = 1, out = 1, groups = 1;
  DType dtype = DType::f32;
};

struct GradientData {
  GradientCase shape;
  MadeUpMap map;
  Tensor x, dy;

  explicit GradientData(const GradientCase& c) : shape(c), map(c.map) {
    Random random(13);
    x = random_tensor(random, {c.map.in_rows, c.groups * c.in}, c.dtype);
    dy = random_tensor(random, {c.map.out_rows, c.groups * c.out}, c.dtype);
  }

  [[nodiscard]] Tensor empty_gradient() const {
    return Tensor::full({shape.map.volume, shape.groups, shape.in, shape.out}, DType::f32, 99.0F);
  }
  [[nodiscard]] engine::ConvWeightGradient problem(Tensor& dw) const {
    return {.map = map.map, .x = &x, .dy = &dy, .groups = shape.groups, .dw = &dw};
  }

  [[nodiscard]] Sums expected() const {
    const std::vector<double> xs = to_doubles(x), ys = to_doubles(dy);
    Sums sums(shape.map.volume * shape.groups * shape.in * shape.out);
    map.each([&](std::int64_t in_row, std::int64_t out_row, std::int64_t k) {
      for (std::int64_t g = 0; g < shape.groups; ++g) {
        for (std::int64_t i = 0; i < shape.in; ++i) {
          const double value =
              xs[static_cast<std::size_t>((in_row * shape.groups + g) * shape.in + i)];
          for (std::int64_t o = 0; o < shape.out; ++o) {
            sums.add(
                ((k * shape.groups + g) * shape.in + i) * shape.out + o,
                value * ys[static_cast<std::size_t>((out_row * shape.groups + g) * shape.out + o)]);
          }
        }
      }
    });
    return sums;
  }
};

void check_weight_gradient(const GradientCase& c) {
  const GradientData data(c);
  const Sums expected = data.expected();
  on_each_isa([&](const std::string& isa) {
    Tensor dw = data.empty_gradient();
    for (const auto& candidate : candidates_for(
             engine::cpu_backend().algorithms<engine::ConvWeightGradient>(), data.problem(dw))) {
      dw = data.empty_gradient();
      candidate.run(data.problem(dw));
      expect_within(dw, expected.value, expected.bounds(),
                    fmt::format("{} {} {} x ({} -> {}) {} blocks {}", candidate.algorithm.name, isa,
                                c.groups, c.in, c.out, name_of(c.dtype), candidate.cut.blocks));
    }
  });
}

TEST(WeightGradient, ChannelTails) {
  for (const std::int64_t in : {1, 3, 7, 16, 33, 64, 130}) {
    for (const std::int64_t out : {1, 3, 7, 16, 33, 64, 130}) {
      check_weight_gradient({.map = {60, 50, 3, 0.5, true}, .in = in, .out = out});
    }
  }
}

TEST(WeightGradient, SixteenBitOperands) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const auto& [in, out] : {std::pair{1, 7}, {16, 16}, {33, 20}}) {
      check_weight_gradient(
          {.map = {300, 290, 3, 0.5, true}, .in = in, .out = out, .dtype = dtype});
    }
  }
}

TEST(WeightGradient, RowTails) {
  for (const std::int64_t rows : {0, 1, 5, 255, 256, 257, 1030}) {
    check_weight_gradient({.map = {rows + 3, rows, 4, 0.3, true}, .in = 5, .out = 19});
    check_weight_gradient({.map = {rows + 3, rows, 4, 0.3, false}, .in = 16, .out = 16});
  }
}

TEST(WeightGradient, Groups) {
  for (const auto& [groups, in, out] :
       {std::tuple{2, 8, 16}, {2, 3, 5}, {4, 16, 4}, {33, 1, 1}, {8, 1, 2}}) {
    for (const DType dtype : {DType::f32, DType::f16}) {
      check_weight_gradient({.map = {300, 280, 5, 0.3, true},
                             .in = in,
                             .out = out,
                             .groups = groups,
                             .dtype = dtype});
    }
  }
}

TEST(WeightGradient, SameBitsForAnyThreadCount) {
  const GradientCase c{.map = {9000, 9000, 9, 0.4, true}, .in = 20, .out = 48};
  const GradientData data(c);
  on_each_isa([&](const std::string& isa) {
    Tensor first = data.empty_gradient();
    for (const auto& candidate : candidates_for(
             engine::cpu_backend().algorithms<engine::ConvWeightGradient>(), data.problem(first))) {
      for (const int threads : {1, 2, 3}) {
        Tensor dw = data.empty_gradient();
        with_threads(threads, [&] { candidate.run(data.problem(dw)); });
        if (threads == 1) first = dw;
        EXPECT_TRUE(same_bits(first, dw))
            << candidate.algorithm.name << " " << isa << " " << threads;
      }
    }
  });
}

}  // namespace
}  // namespace voxloom::test
