// Column sums on every instruction set of this machine, against float64 sums.

#include <gtest/gtest.h>

#include "engine/problems.h"
#include "engine/rows.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

TEST(ColumnSums, RowAndChannelTails) {
  Random random(17);
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const std::int64_t rows : {0, 1, 3, 255, 256, 257, 8192, 8193, 20000}) {
      for (const std::int64_t channels : {1, 3, 16, 33}) {
        const Tensor x = random_tensor(random, {rows, channels}, dtype);
        const std::vector<double> values = to_doubles(x);
        Sums expected(channels);
        for (std::size_t i = 0; i < values.size(); ++i) {
          expected.add(static_cast<std::int64_t>(i) % channels, values[i]);
        }
        on_each_isa([&](const std::string& isa) {
          Tensor first;
          for (const int threads : {1, 2, 3}) {
            Tensor sums = Tensor::full({channels}, DType::f32, 99.0F);
            with_threads(threads, [&] { engine::run(engine::ColumnSums{.x = &x, .sums = &sums}); });
            if (threads == 1) first = sums;
            EXPECT_TRUE(same_bits(first, sums)) << isa << " " << threads;
          }
          expect_within(first, expected.value, expected.bounds(),
                        fmt::format("{} {} rows {}", isa, rows, name_of(dtype)));
        });
      }
    }
  }
}

}  // namespace
}  // namespace voxloom::test
