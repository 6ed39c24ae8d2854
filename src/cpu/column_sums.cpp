#include <algorithm>
#include <vector>

#include "core/parallel.h"
#include "cpu/kernel_table.h"
#include "cpu/rows.h"

namespace voxloom::cpu {

void column_sums(const engine::ColumnSums& problem) {
  const Tensor& x = *problem.x;
  constexpr std::int64_t kRows = 256;
  constexpr std::int64_t kChunk = 32 * kRows;
  const std::int64_t rows = x.dim(0), channels = x.dim(1);
  const auto row_bytes = channels * static_cast<std::int64_t>(size_of(x.dtype()));
  const Kernel<ColumnSumArgs> kernel = kernel_of<ColumnSumArgs>(current(), x.dtype());
  const std::int64_t chunks = (rows + kChunk - 1) / kChunk;
  std::vector<double> partial(static_cast<std::size_t>(chunks * channels), 0.0);
  parallel_for(rows, kChunk, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> part(static_cast<std::size_t>(channels));
    for (std::int64_t r = begin; r < end; r += kRows) {
      std::ranges::fill(part, 0.0F);
      kernel({.x = x.raw() + r * row_bytes,
              .x_stride = channels,
              .rows = std::min(kRows, end - r),
              .channels = channels,
              .out = part.data()});
      double* total = partial.data() + r / kChunk * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        total[c] += static_cast<double>(part[static_cast<std::size_t>(c)]);
      }
    }
  });
  float* out = problem.sums->mutable_data<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    double total = 0.0;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      total += partial[static_cast<std::size_t>(chunk * channels + c)];
    }
    out[c] = static_cast<float>(total);
  }
}

}  // namespace voxloom::cpu
