#include "cpu/row_ops.h"

#include <algorithm>
#include <cmath>

#include "core/dispatch.h"
#include "core/parallel.h"

namespace voxloom::cpu {
namespace {

// Rows per chunk so that a chunk is some tens of microseconds of work.
std::int64_t grain_for(std::int64_t channels) {
  constexpr std::int64_t kValues = std::int64_t{1} << 15;
  return std::max<std::int64_t>(1, kValues / std::max<std::int64_t>(1, channels));
}

float maximum_of(float a, float b) { return std::isnan(a) ? a : std::isnan(b) || a < b ? b : a; }
float minimum_of(float a, float b) { return std::isnan(a) ? a : std::isnan(b) || b < a ? b : a; }

template <typename Body>
void visit_op(BinaryOp op, const Body& body) {
  switch (op) {
    case BinaryOp::add: return body([](float a, float b) { return a + b; });
    case BinaryOp::sub: return body([](float a, float b) { return a - b; });
    case BinaryOp::mul: return body([](float a, float b) { return a * b; });
    case BinaryOp::maximum: return body([](float a, float b) { return maximum_of(a, b); });
    case BinaryOp::minimum: return body([](float a, float b) { return minimum_of(a, b); });
  }
  fail("binary", "unknown operation number {}", static_cast<int>(op));
}

// The float32 values of one row. A missing row reads the fill over and over (step 0).
template <typename T>
struct RowReader {
  const T* values;
  float fill;

  [[nodiscard]] float operator[](std::int64_t c) const {
    return values == nullptr ? fill : static_cast<float>(values[c]);
  }
};

template <typename T>
RowReader<T> reader(const RowSource& source, std::int64_t result_row, std::int64_t channels) {
  const std::int64_t row = source.row(result_row);
  return {row < 0 ? nullptr : source.features->data<T>() + row * channels, source.fill};
}

template <typename T, typename Op>
void combine(const RowSource& lhs, const RowSource& rhs, Tensor& y, const Op& op) {
  const std::int64_t channels = y.dim(1);
  T* out = y.mutable_data<T>();
  parallel_for(y.dim(0), grain_for(channels), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const RowReader<T> a = reader<T>(lhs, i, channels);
      const RowReader<T> b = reader<T>(rhs, i, channels);
      for (std::int64_t c = 0; c < channels; ++c) out[i * channels + c] = T(op(a[c], b[c]));
    }
  });
}

}  // namespace

void binary_rows(BinaryOp op, const RowSource& lhs, const RowSource& rhs, Tensor& y) {
  visit_feature_dtype("binary", y.dtype(), [&]<typename T>() {
    visit_op(op, [&](const auto& function) { combine<T>(lhs, rhs, y, function); });
  });
}

void place_rows(const RowSource& source, Tensor& y, std::int64_t first_channel) {
  const std::int64_t channels = source.features->dim(1);
  const std::int64_t width = y.dim(1);
  visit_feature_dtype("rows", y.dtype(), [&]<typename T>() {
    const T* x = source.features->data<T>();
    T* out = y.mutable_data<T>() + first_channel;
    parallel_for(y.dim(0), grain_for(channels), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t row = source.row(i);
        if (row < 0) {
          std::fill_n(out + i * width, channels, T(source.fill));
        } else {
          std::copy_n(x + row * channels, channels, out + i * width);
        }
      }
    });
  });
}

std::vector<std::int32_t> largest_rows(const SparseTensor& x, std::int64_t count,
                                       std::int64_t channel) {
  struct Candidate {
    std::int32_t batch, row;
    float value;
  };
  const auto before = [](const Candidate& a, const Candidate& b) {
    if (a.batch != b.batch) return a.batch < b.batch;
    const bool a_nan = std::isnan(a.value);
    const bool b_nan = std::isnan(b.value);
    if (a_nan != b_nan) return a_nan;
    if (!a_nan && a.value != b.value) return a.value > b.value;
    return a.row < b.row;
  };
  std::vector<Candidate> candidates(static_cast<std::size_t>(x.rows()));
  visit_feature_dtype("topk", x.dtype(), [&]<typename T>() {
    const T* values = x.features().data<T>() + channel;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      candidates[i] = {x.coords()[row].batch, static_cast<std::int32_t>(i),
                       static_cast<float>(values[row * x.channels()])};
    }
  });
  std::ranges::sort(candidates, before);
  std::vector<std::int32_t> rows;
  std::int64_t taken = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0 && candidates[i].batch != candidates[i - 1].batch) taken = 0;
    if (taken++ < count) rows.push_back(candidates[i].row);
  }
  std::ranges::sort(rows);
  return rows;
}

}  // namespace voxloom::cpu
