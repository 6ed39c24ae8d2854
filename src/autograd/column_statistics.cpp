#include "autograd/column_statistics.h"

#include <algorithm>

#include "autograd/loops.h"

namespace voxloom::autograd {
namespace {

void add_row(std::int64_t width, const float* v, const float* shift, float* __restrict sums) {
  float* __restrict squares = sums + width;
  for (std::int64_t c = 0; c < width; ++c) {
    const float away = v[c] - shift[c];
    sums[c] += away;
    squares[c] += away * away;
  }
}

}  // namespace

Statistics column_statistics(const Tensor& x) {
  const std::int64_t rows = x.dim(0), width = x.dim(1);
  const float* values = x.data<float>();
  const float* shift = values;  // the first row
  const std::vector<double> sums =
      sum_rows(rows, 2 * width, [&](std::int64_t begin, std::int64_t end, float* out) {
        for (std::int64_t row = begin; row < end; ++row) {
          add_row(width, values + row * width, shift, out);
        }
      });
  Statistics statistics{Tensor::zeros({width}, DType::f32), Tensor::zeros({width}, DType::f32)};
  const auto count = static_cast<double>(rows);
  for (std::int64_t c = 0; rows > 0 && c < width; ++c) {
    const double away = sums[static_cast<std::size_t>(c)] / count;
    const double square = sums[static_cast<std::size_t>(width + c)] / count;
    statistics.mean.mutable_data<float>()[c] = static_cast<float>(shift[c] + away);
    statistics.variance.mutable_data<float>()[c] =
        static_cast<float>(std::max(0.0, square - away * away));
  }
  return statistics;
}

}  // namespace voxloom::autograd
