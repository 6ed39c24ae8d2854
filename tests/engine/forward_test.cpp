// Every forward algorithm on every instruction set of this machine, against float64 sums.

#include <gtest/gtest.h>

#include "cpu/blocking.h"
#include "engine/problems.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

struct ForwardCase {
  MapShape map;
  std::int64_t in = 1, out = 1, groups = 1;  // channels per group
  DType dtype = DType::f32;
  bool bias = true;
  bool output_major = false;  // weight stored (out, k, in), as in the 5-D layout
  bool float_weight = false;

  [[nodiscard]] std::string text() const {
    return fmt::format("{} -> {} rows, volume {}, {} x ({} -> {}) {}", map.in_rows, map.out_rows,
                       map.volume, groups, in, out, name_of(dtype));
  }
};

struct ForwardData {
  ForwardCase shape;
  MadeUpMap map;
  Tensor x, w, bias;
  engine::WeightView view;

  explicit ForwardData(const ForwardCase& c) : shape(c), map(c.map) {
    Random random(11);
    x = random_tensor(random, {c.map.in_rows, c.groups * c.in}, c.dtype);
    w = random_tensor(random, {c.map.volume * c.groups * c.in * c.out},
                      c.float_weight ? DType::f32 : c.dtype);
    bias = random_tensor(random, {c.groups * c.out}, c.dtype);
    view = {.data = w.raw(),
            .dtype = w.dtype(),
            .volume = c.map.volume,
            .groups = c.groups,
            .in = c.in,
            .out = c.out,
            .stride_k = c.groups * c.in * c.out,
            .stride_g = c.in * c.out,
            .stride_i = c.out,
            .stride_o = 1};
    if (c.output_major) {
      view.stride_o = c.map.volume * c.in;
      view.stride_g = c.out * view.stride_o;
      view.stride_k = c.in;
      view.stride_i = 1;
    }
  }

  [[nodiscard]] engine::ConvForward problem(Tensor& y) const {
    return {.map = map.map, .x = &x, .weight = view, .bias = shape.bias ? &bias : nullptr, .y = &y};
  }

  [[nodiscard]] Sums expected() const {
    const std::int64_t columns = shape.groups * shape.out;
    const std::vector<double> xs = to_doubles(x), ws = to_doubles(w), bs = to_doubles(bias);
    Sums sums(shape.map.out_rows * columns);
    for (std::int64_t i = 0; shape.bias && i < shape.map.out_rows * columns; ++i) {
      sums.add(i, bs[static_cast<std::size_t>(i % columns)]);
    }
    map.each([&](std::int64_t in_row, std::int64_t out_row, std::int64_t k) {
      for (std::int64_t g = 0; g < shape.groups; ++g) {
        for (std::int64_t i = 0; i < shape.in; ++i) {
          const double value =
              xs[static_cast<std::size_t>((in_row * shape.groups + g) * shape.in + i)];
          for (std::int64_t o = 0; o < shape.out; ++o) {
            sums.add((out_row * shape.groups + g) * shape.out + o,
                     value * ws[static_cast<std::size_t>(view.at(k, g, i, o))]);
          }
        }
      }
    });
    return sums;
  }
};

void check_forward(const ForwardCase& c) {
  const ForwardData data(c);
  const Sums expected = data.expected();
  on_each_isa([&](const std::string& isa) {
    Tensor y = Tensor::empty({c.map.out_rows, c.groups * c.out}, c.dtype);
    for (const auto& candidate :
         candidates_for(engine::cpu_backend().algorithms<engine::ConvForward>(), data.problem(y))) {
      y = Tensor::full({c.map.out_rows, c.groups * c.out}, c.dtype, 99.0F);
      candidate.run(data.problem(y));
      expect_within(y, expected.value, expected.bounds(),
                    fmt::format("{} {} {} blocks {} columns {}", candidate.algorithm.name, isa,
                                c.text(), candidate.cut.blocks, candidate.cut.columns));
    }
  });
}

TEST(Forward, ChannelTails) {
  for (const std::int64_t in : {1, 3, 7, 16, 33, 64, 130}) {
    for (const std::int64_t out : {1, 3, 7, 16, 33, 64, 130}) {
      check_forward({.map = {60, 50, 3, 0.5, true}, .in = in, .out = out});
    }
  }
}

TEST(Forward, SixteenBitChannelTails) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const auto& [in, out] : {std::pair{1, 7}, {3, 3}, {16, 33}, {33, 16}, {64, 130}}) {
      check_forward({.map = {60, 50, 3, 0.5, true}, .in = in, .out = out, .dtype = dtype});
    }
  }
}

// Blocks of 32 entries x 32 columns x 32 channels, or half of that; both weight layouts.
TEST(Forward, MatrixTileTails) {
  for (const std::int64_t in : {1, 2, 15, 16, 31, 32, 33, 64, 65, 100}) {
    for (const std::int64_t out : {1, 15, 16, 17, 31, 32, 33, 48, 64, 129, 160}) {
      check_forward({.map = {70, 90, 4, 0.7, true},
                     .in = in,
                     .out = out,
                     .dtype = DType::bf16,
                     .output_major = in % 2 == 0});
    }
  }
  for (std::int64_t rows = 1; rows <= 70; ++rows) {
    check_forward({.map = {rows, rows, 2, 1.0, true}, .in = 7, .out = 19, .dtype = DType::bf16});
  }
}

// Tiles take subnormal numbers as zeros: weights that would show it go another way.
TEST(Forward, SubnormalNumbersCount) {
  struct Values {
    float x, w;
  };
  for (const Values& v : {Values{0x1p-130F, 0x1p120F},
                          {0x1p120F, 0x1p-130F},
                          {1.0F, 0x1p-130F},
                          {0x1p-130F, 0x1p10F},
                          {1.0F, 0x1p100F}}) {
    ForwardData data(
        {.map = {60, 50, 3, 0.5, true}, .in = 16, .out = 20, .dtype = DType::bf16, .bias = false});
    for (int row = 0; row < 60; ++row) {
      data.x.mutable_data<bfloat16>()[16 * row + 3] = bfloat16(v.x);
    }
    data.w.mutable_data<bfloat16>()[20 * 3 + 9] = bfloat16(v.w);
    const Sums expected = data.expected();
    on_each_isa([&](const std::string& isa) {
      for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvForward>()) {
        Tensor y = Tensor::empty({50, 20}, DType::f32);
        const engine::ConvForward problem = data.problem(y);
        if (!algorithm.is_able(problem)) continue;
        algorithm.run(problem);
        std::vector<double> bounds(expected.value.size());
        for (std::size_t i = 0; i < bounds.size(); ++i) {
          bounds[i] = oracle::always_bound(expected.products[i], expected.magnitude[i]);
        }
        expect_within(y, expected.value, bounds, fmt::format("{} {}", algorithm.name, isa));
      }
    });
  }
}

TEST(Forward, RowTails) {
  for (const std::int64_t rows : {0, 1, 5, 255, 256, 257, 511, 1030}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      check_forward({.map = {rows + 3, rows, 4, 0.3, true}, .in = 5, .out = 19, .dtype = dtype});
      check_forward({.map = {rows + 3, rows, 4, 0.3, false}, .in = 16, .out = 16, .dtype = dtype});
    }
  }
}

TEST(Forward, NoInputRowsGiveTheBias) {
  check_forward({.map = {0, 20, 3}, .in = 4, .out = 5});
  check_forward({.map = {0, 20, 3}, .in = 4, .out = 5, .bias = false});
}

TEST(Forward, Groups) {
  for (const auto& [groups, in, out] :
       {std::tuple{2, 8, 8}, {2, 3, 5}, {4, 16, 4}, {6, 1, 1}, {33, 1, 1}, {64, 1, 1}, {8, 1, 2}}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      check_forward({.map = {300, 280, 5, 0.3, true},
                     .in = in,
                     .out = out,
                     .groups = groups,
                     .dtype = dtype});
    }
  }
}

TEST(Forward, WeightLayoutsAndFloatWeights) {
  check_forward({.map = {90, 80, 5}, .in = 9, .out = 21, .groups = 2, .output_major = true});
  check_forward(
      {.map = {90, 80, 5}, .in = 9, .out = 21, .dtype = DType::bf16, .float_weight = true});
}

TEST(Forward, OneEntryPerRow) {  // strided and transposed maps
  check_forward({.map = {400, 700, 8, 0.12, true}, .in = 32, .out = 64});
  check_forward({.map = {400, 700, 1, 1.0, false}, .in = 16, .out = 16});
}

TEST(Forward, SinglePartners) {  // transposed maps, whose algorithm keeps no sums
  for (const std::int64_t in : {1, 3, 7, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65}) {
    for (const std::int64_t out : {1, 3, 7, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65}) {
      check_forward(
          {.map = {60, 70, 8, 0.9, true, true}, .in = in, .out = out, .bias = out % 2 == 0});
    }
  }
  for (const std::int64_t rows : {0, 1, 5, 6, 7, 255, 256, 257, 5000}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      check_forward(
          {.map = {rows / 3 + 1, rows, 8, 0.9, false, true}, .in = 5, .out = 19, .dtype = dtype});
      check_forward(
          {.map = {rows / 3 + 1, rows, 8, 1.0, true, true}, .in = 16, .out = 32, .dtype = dtype});
      check_forward({.map = {rows, rows, 8, 0.5, true, true}, .in = 3, .out = 9, .groups = 2});
    }
  }
  check_forward({.map = {0, 20, 3, 1.0, true, true}, .in = 4, .out = 5});
  check_forward({.map = {90, 80, 5, 0.9, true, true}, .in = 9, .out = 21, .output_major = true});
  check_forward({.map = {90, 80, 5, 0.9, true, true},
                 .in = 9,
                 .out = 21,
                 .dtype = DType::bf16,
                 .float_weight = true});
}

void check_same_bits(const ForwardCase& c) {
  const ForwardData data(c);
  on_each_isa([&](const std::string& isa) {
    Tensor first = Tensor::empty({c.map.out_rows, c.out}, c.dtype);
    for (const auto& candidate : candidates_for(
             engine::cpu_backend().algorithms<engine::ConvForward>(), data.problem(first))) {
      for (const int threads : {1, 2, 3}) {
        Tensor y = Tensor::empty({c.map.out_rows, c.out}, c.dtype);
        with_threads(threads, [&] { candidate.run(data.problem(y)); });
        if (threads == 1) first = y;
        EXPECT_TRUE(same_bits(first, y))
            << candidate.algorithm.name << " " << isa << " " << threads;
      }
    }
  });
}

TEST(Forward, SameBitsForAnyThreadCount) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    check_same_bits({.map = {3000, 2900, 9, 0.3, true}, .in = 20, .out = 50, .dtype = dtype});
    check_same_bits({.map = {3000, 9000, 8, 0.9, true, true}, .in = 20, .out = 50, .dtype = dtype});
  }
}

void check_epilogue(const MapShape& map) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const ForwardCase c{.map = map, .in = 8, .out = 21, .dtype = dtype};
    const ForwardData data(c);
    Random random(5);
    const Tensor scale = random_tensor(random, {c.out}, DType::f32);
    const Tensor shift = random_tensor(random, {c.out}, DType::f32);
    const Tensor residual = random_tensor(random, {c.map.out_rows, c.out}, dtype);
    const std::vector<double> rs = to_doubles(residual);
    for (const engine::Rectifier rectifier :
         {engine::Rectifier::none, engine::Rectifier::relu, engine::Rectifier::leaky_relu}) {
      Sums sums = data.expected();
      std::vector<double> bounds = sums.bounds();
      for (std::size_t i = 0; i < bounds.size(); ++i) {
        const double s = scale.data<float>()[i % static_cast<std::size_t>(c.out)];
        double& value = sums.value[i];
        value = value * s + shift.data<float>()[i % static_cast<std::size_t>(c.out)] + rs[i];
        bounds[i] = bounds[i] * std::fabs(s) + 1e-6;
        if (rectifier != engine::Rectifier::none && value < 0) {
          value *= rectifier == engine::Rectifier::relu ? 0.0 : 0.25;
        }
      }
      on_each_isa([&](const std::string& isa) {
        for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvForward>()) {
          Tensor y = Tensor::empty({c.map.out_rows, c.out}, dtype);
          engine::ConvForward problem = data.problem(y);
          problem.epilogue = {&scale, &shift, &residual, rectifier, 0.25F};
          if (!algorithm.is_able(problem)) continue;
          algorithm.run(problem);
          expect_within(y, sums.value, bounds, fmt::format("{} {}", algorithm.name, isa));
        }
      });
    }
  }
}

TEST(Forward, Epilogue) {
  check_epilogue({300, 290, 4, 0.4, true});
  check_epilogue({300, 290, 4, 0.8, true, true});
}

TEST(Forward, PlanCanBePrinted) {
  ForwardData data({.map = {20, 20, 3}, .in = 4, .out = 20});
  Tensor y = Tensor::empty({20, 20}, DType::f32);
  EXPECT_NE(cpu::describe(data.problem(y)).find("offset_major " + current_isa()),
            std::string::npos);
  engine::pin_algorithm("reference");
  EXPECT_NE(cpu::describe(data.problem(y)).find("reference"), std::string::npos);
  engine::pin_algorithm("");
}

TEST(Forward, PackedWeights) {
  Random random(17);
  for (const auto& [volume, in, out] :
       {std::tuple{1, 40, 50}, {1, 64, 16}, {3, 33, 21}, {4, 130, 64}, {2, 5, 3}}) {
    const Tensor w = random_tensor(random, {volume, in, out}, DType::f32);
    for (const QuantizeOptions options :
         {QuantizeOptions{8, 64, DType::f16}, {4, 32, DType::f32}, {4, 128, DType::f16}}) {
      const QuantizedWeight packed = quantize(w, options);
      for (const DType dtype : {DType::f32, DType::f16}) {
        ForwardData data({.map = {200, 300, volume, 0.4, true},
                          .in = in,
                          .out = out,
                          .dtype = dtype,
                          .float_weight = true});
        data.w = dequantize(packed);
        const Sums expected = data.expected();
        data.view = engine::WeightView::of(packed);
        on_each_isa([&, out = out](const std::string& isa) {
          for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvForward>()) {
            Tensor y = Tensor::empty({300, out}, dtype);
            if (!algorithm.is_able(data.problem(y))) continue;
            algorithm.run(data.problem(y));
            expect_within(y, expected.value, expected.bounds(),
                          fmt::format("{} {} {} bits", algorithm.name, isa, options.bits));
          }
        });
      }
    }
  }
}

void check_not_a_number(const MapShape& map) {
  ForwardData data({.map = map, .in = 6, .out = 20});
  data.x.mutable_data<float>()[7 * 6 + 2] = std::nanf("");
  std::vector<bool> reached(300, false);
  data.map.each([&](std::int64_t in, std::int64_t out, std::int64_t) {
    if (in == 7) reached[static_cast<std::size_t>(out)] = true;
  });
  on_each_isa([&](const std::string& isa) {
    for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvForward>()) {
      Tensor y = Tensor::empty({300, 20}, DType::f32);
      if (!algorithm.is_able(data.problem(y))) continue;
      algorithm.run(data.problem(y));
      for (std::size_t i = 0; i < 6000; ++i) {
        ASSERT_EQ(std::isnan(y.data<float>()[i]), reached[i / 20]) << algorithm.name << " " << isa;
      }
    }
  });
}

TEST(Forward, NotANumberStaysInItsRows) {
  check_not_a_number({50, 300, 2, 0.2, true});
  check_not_a_number({50, 300, 2, 0.9, true, true});
}

}  // namespace
}  // namespace voxloom::test
