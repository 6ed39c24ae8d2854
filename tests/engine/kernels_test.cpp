// The leaf kernels themselves, each one of the registry that this machine can run, over tile tails.

#include <gtest/gtest.h>

#include "cpu/kernel_table.h"
#include "cpu/peak.h"
#include "engine/problems.h"

namespace voxloom::test {
namespace {

template <typename Args, typename Body>
void each_kernel(const Body& body) {
  int seen = 0;
  for (const auto& kernel : cpu::kernels_of<Args>()) {
    if (!cpu::can_run(kernel.isa)) continue;
    SCOPED_TRACE(kernel.name);
    body(kernel);
    ++seen;
  }
  EXPECT_GT(seen, 0);
}

TEST(Kernels, GemmTails) {
  each_kernel<cpu::GemmArgs>([](const auto& kernel) {
    Random random(3);
    const std::int64_t stride = 37;
    const Tensor a = random_tensor(random, {40, stride}, DType::f32);
    const Tensor b = random_tensor(random, {30, kernel.width}, DType::f32);
    for (const std::int64_t depth : {0, 1, 2, 3, 4, 5, 7, 8, 16, 30}) {
      for (std::int64_t count = 0; count <= 2 * kernel.rows + 1; ++count) {
        std::vector<std::int32_t> a_row;
        std::vector<std::uint8_t> c_row;
        for (std::int64_t e = 0; e < count; ++e) {
          a_row.push_back(static_cast<std::int32_t>(random.next() % 40));
          c_row.push_back(static_cast<std::uint8_t>(2 * e + 1));  // distinct, as in a map
        }
        Tensor c = random_tensor(random, {80, kernel.width}, DType::f32);
        Sums sums(c.size());
        for (std::int64_t i = 0; i < c.size(); ++i) {
          sums.add(i, static_cast<double>(c.data<float>()[i]));
        }
        for (std::int64_t e = 0; e < count; ++e) {
          const auto at = static_cast<std::size_t>(e);
          for (std::int64_t i = 0; i < depth; ++i) {
            for (std::int64_t o = 0; o < kernel.width; ++o) {
              sums.add(c_row[at] * kernel.width + o,
                       static_cast<double>(a.data<float>()[a_row[at] * stride + i]) *
                           static_cast<double>(b.data<float>()[i * kernel.width + o]));
            }
          }
        }
        kernel.run({.a = a.data<float>(),
                    .a_stride = stride,
                    .a_row = a_row.data(),
                    .c_row = c_row.data(),
                    .count = count,
                    .b = b.data<float>(),
                    .depth = depth,
                    .c = c.mutable_data<float>()});
        expect_within(c, sums.value, sums.bounds(), fmt::format("depth {} count {}", depth, count));
      }
    }
  });
}

// Packed weights and rows of bfloat16, over tails of entries, of input channels and of columns.
TEST(Kernels, TileGemmTails) {
  for (const cpu::Isa isa : cpu::known_isas()) {
    const auto kernels = cpu::kernels_of<cpu::TileGemmArgs>(isa, DType::bf16);
    if (!cpu::can_run(isa) || kernels.empty()) continue;
    const auto& kernel = kernels.front();
    SCOPED_TRACE(kernel.name);
    const auto setups = cpu::kernels_of<cpu::TileSetupArgs>(isa, DType::bf16);
    if (!setups.empty() && !cpu::may_use_tile_registers()) continue;
    Random random(5);
    const std::int64_t stride = 71;
    const Tensor a = random_tensor(random, {40, stride}, DType::bf16);
    const std::vector<double> rows = to_doubles(a);
    for (const std::int64_t depth : {1, 2, 3, 7, 16, 31, 32, 33, 63, 64, 70}) {
      for (const std::int64_t out : {1, 15, 16, 33, 64, 90}) {
        const Tensor w = random_tensor(random, {depth, out}, DType::bf16);
        const std::vector<double> weights = to_doubles(w);
        const std::int64_t padded = (depth + 31) / 32 * 32, columns = (out + 15) / 16 * 16;
        Tensor tiles = Tensor::zeros({columns, padded}, DType::bf16);
        bool extreme = false;
        cpu::kernel_of<cpu::TilePanelArgs>(
            isa, DType::bf16)({.w = reinterpret_cast<const std::uint16_t*>(w.raw()),
                               .stride_i = out,
                               .stride_o = 1,
                               .in = depth,
                               .out = out,
                               .to = reinterpret_cast<std::uint16_t*>(tiles.mutable_raw()),
                               .extreme = &extreme});
        EXPECT_FALSE(extreme);
        for (std::int64_t count = 0; count <= 2 * kernel.rows + 1; count += count < 14 ? 1 : 5) {
          std::vector<std::int32_t> a_row;
          std::vector<std::uint8_t> c_row;
          Tensor c = random_tensor(random, {2 * count + 2, columns}, DType::f32);
          Sums sums(c.size());
          for (std::int64_t i = 0; i < c.size(); ++i) {
            sums.add(i, static_cast<double>(c.data<float>()[i]));
          }
          for (std::int64_t e = 0; e < count; ++e) {
            a_row.push_back(static_cast<std::int32_t>(random.next() % 40));
            c_row.push_back(static_cast<std::uint8_t>(2 * e + 1));
            for (std::int64_t i = 0; i < depth * out; ++i) {
              sums.add(c_row.back() * columns + i % out,
                       rows[static_cast<std::size_t>(a_row.back() * stride + i / out)] *
                           weights[static_cast<std::size_t>(i)]);
            }
          }
          std::vector<std::uint16_t> gathered(static_cast<std::size_t>(kernel.rows * padded));
          std::vector<float> product(static_cast<std::size_t>(kernel.rows * kernel.width));
          if (!setups.empty()) setups.front().run({.on = true});
          kernel.run({.a = reinterpret_cast<const std::uint16_t*>(a.raw()),
                      .a_stride = stride,
                      .a_row = a_row.data(),
                      .c_row = c_row.data(),
                      .count = count,
                      .w = reinterpret_cast<const std::uint16_t*>(tiles.raw()),
                      .depth = depth,
                      .columns = columns,
                      .c = c.mutable_data<float>(),
                      .gathered = gathered.data(),
                      .product = product.data()});
          if (!setups.empty()) setups.front().run({.on = false});
          expect_within(c, sums.value, sums.bounds(),
                        fmt::format("depth {} columns {} count {}", depth, out, count));
        }
      }
    }
  }
}

// Entries in any order to rows in any order, in full tiles and short ones.
TEST(Kernels, DenseNamedRows) {
  each_kernel<cpu::DenseArgs>([](const auto& kernel) {
    Random random(6);
    const std::int64_t stride = 37, columns = kernel.width - 1;
    const Tensor a = random_tensor(random, {40, stride}, DType::f32);
    const Tensor b = random_tensor(random, {30, kernel.width}, DType::f32);
    std::vector<std::int32_t> y_row(80);
    for (std::size_t i = 0; i < y_row.size(); ++i) y_row[i] = static_cast<std::int32_t>(79 - i);
    for (const std::int64_t depth : {0, 1, 3, 4, 5, 8, 30}) {
      for (std::int64_t count = 0; count <= 2 * kernel.rows + 1; ++count) {
        std::vector<std::int32_t> a_row;
        std::vector<std::uint8_t> c_row;
        Sums sums(80 * kernel.width);
        for (std::int64_t e = 0; e < count; ++e) {
          a_row.push_back(static_cast<std::int32_t>(random.next() % 40));
          c_row.push_back(static_cast<std::uint8_t>(2 * e + 1));
          for (std::int64_t i = 0; i < depth * columns; ++i) {
            sums.add(
                (79 - c_row.back()) * kernel.width + i % columns,
                static_cast<double>(a.data<float>()[a_row.back() * stride + i / columns]) *
                    static_cast<double>(b.data<float>()[i / columns * kernel.width + i % columns]));
          }
        }
        Tensor y = Tensor::zeros({80, kernel.width}, kernel.type);
        cpu::DenseArgs args{.a = a.data<float>(),
                            .a_stride = stride,
                            .a_row = a_row.data(),
                            .c_row = c_row.data(),
                            .b = b.data<float>(),
                            .depth = depth,
                            .out = {}};
        args.out.rows = count;
        args.out.width = columns;
        args.out.y = y.mutable_raw();
        args.out.y_stride = kernel.width;
        args.out.y_row = y_row.data();
        kernel.run(args);
        expect_within(y, sums.value, sums.bounds(), fmt::format("depth {} count {}", depth, count));
      }
    }
  });
}

TEST(Kernels, WidenIsExactAndStaysInside) {
  each_kernel<cpu::WidenArgs>([](const auto& kernel) {
    Random random(4);
    for (std::int64_t depth = 1; depth <= 2 * kernel.width + 1; ++depth) {
      const Tensor x = random_tensor(random, {9, depth}, kernel.type);
      const std::vector<double> values = to_doubles(x);
      const std::vector<std::int32_t> row = {8, 0, 3};
      std::vector<float> out(static_cast<std::size_t>(3 * depth + 1), 99.0F);
      kernel.run({.x = x.raw(),
                  .x_stride = depth,
                  .row = row.data(),
                  .count = 3,
                  .depth = depth,
                  .out = out.data(),
                  .out_stride = depth});
      for (std::size_t i = 0; i < static_cast<std::size_t>(3 * depth); ++i) {
        const auto d = static_cast<std::size_t>(depth);
        ASSERT_EQ(static_cast<double>(out[i]),
                  values[static_cast<std::size_t>(row[i / d]) * d + i % d]);
      }
      ASSERT_EQ(out.back(), 99.0F);
    }
  });
}

// Every 16-bit pattern that is not NaN survives float32 and back; rounding agrees with dtype.h.
TEST(Kernels, StoreRoundsLikeTheLibrary) {
  std::vector<float> values;
  Random random(8);
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    values.push_back(detail::float_from_half(static_cast<std::uint16_t>(bits)));
    values.push_back(std::bit_cast<float>(bits << 16));
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random.next())));
    values.push_back(random.uniform(-7e4F, 7e4F));
    values.push_back(random.uniform(-1.2e-4F, 1.2e-4F));
    values.push_back((static_cast<float>(bits & 0x7ffU) + 0.5F) * 0x1p-24F);  // ties
  }
  const auto count = static_cast<std::int64_t>(values.size());
  each_kernel<cpu::StoreArgs>([&](const auto& kernel) {
    visit_feature_dtype("test", kernel.type, [&]<typename T>() {
      std::vector<T> out(values.size());
      kernel.run({.c = values.data(),
                  .c_stride = count,
                  .rows = 1,
                  .width = count,
                  .y = out.data(),
                  .y_stride = count});
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto got = static_cast<float>(out[i]);
        const auto want = static_cast<float>(T(values[i]));
        ASSERT_TRUE(got == want || (std::isnan(got) && std::isnan(want)))
            << values[i] << " gives " << got << ", not " << want;
      }
    });
  });
}

TEST(Kernels, PeakIsPositive) {
  for (const cpu::Isa isa : cpu::known_isas()) {
    if (!cpu::can_run(isa)) continue;
    EXPECT_GT(cpu::measure_fma_peak(isa, 0.1), 0.0) << cpu::name_of(isa);
  }
  EXPECT_GT(cpu::measure_copy_bandwidth(1 << 16), 0.0);
}

}  // namespace
}  // namespace voxloom::test
