// Every weight gradient algorithm on every instruction set of this machine, against float64 sums.

#include <gtest/gtest.h>

#include "engine/problems.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

struct GradientCase {
  MapShape map;
  std::int64_t in = 1, out = 1, groups = 1;  // channels per group
  DType dtype = DType::f32;
  float shift = 0.0F;  // added to every value: sums that grow

  [[nodiscard]] std::string text() const {
    return fmt::format("{} -> {} rows, volume {}, {} x ({} -> {}) {}", map.in_rows, map.out_rows,
                       map.volume, groups, in, out, name_of(dtype));
  }
};

Tensor shifted(const Tensor& tensor, float shift) {
  Tensor wide = tensor.to(DType::f32).clone();
  for (float& value : wide.mutable_span<float>()) value += shift;
  return wide.to(tensor.dtype());
}

struct GradientData {
  GradientCase shape;
  MadeUpMap map;
  Tensor x, dy;

  explicit GradientData(const GradientCase& c) : shape(c), map(c.map) {
    Random random(12);
    x = shifted(random_tensor(random, {c.map.in_rows, c.groups * c.in}, c.dtype), c.shift);
    dy = shifted(random_tensor(random, {c.map.out_rows, c.groups * c.out}, c.dtype), c.shift);
  }

  [[nodiscard]] Tensor empty_result() const {
    return Tensor::full({shape.map.volume, shape.groups, shape.in, shape.out}, DType::f32, 99.0F);
  }
  [[nodiscard]] cpu::ConvWeightGradient problem(Tensor& dw) const {
    return {.map = map.blocks, .x = &x, .dy = &dy, .groups = shape.groups, .dw = &dw};
  }

  [[nodiscard]] Sums expected() const {
    const std::vector<double> xs = to_doubles(x), dys = to_doubles(dy);
    Sums sums(shape.map.volume * shape.groups * shape.in * shape.out);
    map.each([&](std::int64_t in_row, std::int64_t out_row, std::int64_t k) {
      for (std::int64_t g = 0; g < shape.groups; ++g) {
        for (std::int64_t i = 0; i < shape.in; ++i) {
          const double value =
              xs[static_cast<std::size_t>((in_row * shape.groups + g) * shape.in + i)];
          for (std::int64_t o = 0; o < shape.out; ++o) {
            sums.add(((k * shape.groups + g) * shape.in + i) * shape.out + o,
                     value * dys[static_cast<std::size_t>((out_row * shape.groups + g) * shape.out +
                                                          o)]);
          }
        }
      }
    });
    return sums;
  }
};

void check(const GradientCase& c) {
  const GradientData data(c);
  const Sums expected = data.expected();
  on_each_isa([&](const std::string& isa) {
    for (const auto& algorithm : cpu::weight_gradient_algorithms()) {
      Tensor dw = data.empty_result();
      const cpu::ConvWeightGradient problem = data.problem(dw);
      if (!algorithm.can_do(problem)) continue;
      algorithm.run(problem);
      expect_within(dw, expected.value, expected.bounds(),
                    fmt::format("{} {} {}", algorithm.name, isa, c.text()));
    }
  });
}

TEST(WeightGradient, ChannelTails) {
  for (const std::int64_t in : {1, 3, 7, 16, 33, 64, 130}) {
    for (const std::int64_t out : {1, 3, 7, 16, 33, 64, 130}) {
      check({.map = {60, 50, 3, 0.5, true}, .in = in, .out = out});
    }
  }
}

TEST(WeightGradient, SixteenBitChannelTails) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const auto& [in, out] : {std::pair{1, 7}, {3, 3}, {16, 33}, {33, 16}, {64, 130}}) {
      check({.map = {60, 50, 3, 0.5, true}, .in = in, .out = out, .dtype = dtype});
    }
  }
}

TEST(WeightGradient, RowTails) {
  for (const std::int64_t rows : {0, 1, 5, 255, 256, 257, 511, 1030, 2100}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      check({.map = {rows + 3, rows, 4, 0.3, true}, .in = 5, .out = 19, .dtype = dtype});
      check({.map = {rows + 3, rows, 4, 0.9, false}, .in = 16, .out = 16, .dtype = dtype});
    }
  }
}

TEST(WeightGradient, NoEntriesGiveZero) {
  check({.map = {0, 20, 3}, .in = 4, .out = 5});
  check({.map = {20, 0, 3}, .in = 4, .out = 5});
  check({.map = {20, 20, 3, 0.0}, .in = 4, .out = 4, .groups = 2});
}

TEST(WeightGradient, Groups) {
  for (const auto& [groups, in, out] :
       {std::tuple{2, 8, 8}, {2, 3, 5}, {4, 16, 4}, {6, 1, 1}, {33, 1, 1}, {64, 1, 1}, {8, 1, 2}}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      check({.map = {300, 280, 5, 0.3, true}, .in = in, .out = out, .groups = groups,
             .dtype = dtype});
    }
  }
}

TEST(WeightGradient, OneEntryPerRow) {  // strided and transposed maps
  check({.map = {400, 700, 8, 0.12, true}, .in = 32, .out = 64});
  check({.map = {400, 700, 1, 1.0, false}, .in = 16, .out = 16});
}

// Values near 3: the sums reach 10^5, and one float32 sum from end to end would lose digits.
TEST(WeightGradient, LongSumsKeepTheirDigits) {
  for (const auto& [groups, in, out] : {std::tuple{1, 3, 5}, {4, 1, 1}}) {
    check({.map = {9000, 12000, 2, 0.95, false}, .in = in, .out = out, .groups = groups,
           .shift = 3.0F});
  }
}

TEST(WeightGradient, SameBitsForAnyThreadCount) {
  for (const DType dtype : {DType::f32, DType::f16}) {
    for (const auto& [groups, in, out] : {std::tuple{1, 20, 50}, {24, 1, 1}, {4, 4, 8}}) {
      const GradientData data({.map = {9000, 8900, 9, 0.3, true}, .in = in, .out = out,
                               .groups = groups, .dtype = dtype});
      on_each_isa([&](const std::string& isa) {
        for (const auto& algorithm : cpu::weight_gradient_algorithms()) {
          Tensor first;
          for (const int threads : {1, 2, 3}) {
            Tensor dw = data.empty_result();
            if (!algorithm.can_do(data.problem(dw))) continue;
            with_threads(threads, [&] { algorithm.run(data.problem(dw)); });
            if (threads == 1) first = dw;
            EXPECT_TRUE(same_bits(first, dw)) << algorithm.name << " " << isa << " " << threads;
          }
        }
      });
    }
  }
}

}  // namespace
}  // namespace voxloom::test
