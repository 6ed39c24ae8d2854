// Plain float32 loops in parallel, split by the problem alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

// Calls body(begin, end) for ranges of elements.
template <typename Body>
void for_ranges(std::int64_t count, const Body& body) {
  parallel_for(count, std::int64_t{1} << 14, body);
}

// y[i] = f(a[i])
template <typename F>
void transform_elements(const Tensor& a, Tensor& y, const F& f) {
  const float* from = a.data<float>();
  float* to = y.mutable_data<float>();
  for_ranges(y.size(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = f(from[i]);
  });
}

// y[i] = f(a[i], b[i])
template <typename F>
void zip_elements(const Tensor& a, const Tensor& b, Tensor& y, const F& f) {
  const float* from_a = a.data<float>();
  const float* from_b = b.data<float>();
  float* to = y.mutable_data<float>();
  for_ranges(y.size(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = f(from_a[i], from_b[i]);
  });
}

// Calls body(begin, end) for ranges of the rows of an (N,C) problem.
template <typename Body>
void for_row_ranges(std::int64_t rows, std::int64_t channels, const Body& body) {
  const std::int64_t grain =
      std::max<std::int64_t>(1, (std::int64_t{1} << 14) / std::max<std::int64_t>(1, channels));
  parallel_for(rows, grain, body);
}

// Calls body(row).
template <typename Body>
void for_rows(std::int64_t rows, std::int64_t channels, const Body& body) {
  for_row_ranges(rows, channels, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) body(row);
  });
}

// `width` sums over the rows: block(begin, end, sums) adds those of at most 256 rows in float32;
// across blocks they are added in binary64, in row order.
template <typename Block>
[[nodiscard]] std::vector<double> sum_rows(std::int64_t rows, std::int64_t width,
                                           const Block& block) {
  constexpr std::int64_t kRows = 256;
  constexpr std::int64_t kChunk = 16 * kRows;
  const auto chunks = static_cast<std::size_t>((rows + kChunk - 1) / kChunk);
  const auto columns = static_cast<std::size_t>(width);
  std::vector<double> partial(chunks * columns, 0.0);
  parallel_for(rows, kChunk, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> sums(columns);
    double* total = partial.data() + static_cast<std::size_t>(begin / kChunk) * columns;
    for (std::int64_t at = begin; at < end; at += kRows) {
      std::fill(sums.begin(), sums.end(), 0.0F);
      block(at, std::min(at + kRows, end), sums.data());
      for (std::size_t c = 0; c < columns; ++c) total[c] += static_cast<double>(sums[c]);
    }
  });
  std::vector<double> result(columns, 0.0);
  for (std::size_t i = 0; i < partial.size(); ++i) result[i % columns] += partial[i];
  return result;
}

// Rounds to float32. No tensor: nobody wants them.
inline void store(const double* values, Tensor* to) {
  if (to == nullptr) return;
  std::transform(values, values + to->size(), to->mutable_data<float>(),
                 [](double v) { return static_cast<float>(v); });
}

}  // namespace voxloom::cpu
