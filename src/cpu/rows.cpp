#include "cpu/rows.h"

#include <algorithm>
#include <cmath>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/backend.h"

namespace voxloom::cpu {
namespace {

using engine::RowSource;

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

// Copies into the channels [first_channel, first_channel + C) of y.
template <typename T>
void place(const RowSource& source, Tensor& y, std::int64_t first_channel) {
  const std::int64_t channels = source.features->dim(1);
  const std::int64_t width = y.dim(1);
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
}

struct Candidate {
  std::int32_t batch, row;
  float value;
};

bool before(const Candidate& a, const Candidate& b) {
  if (a.batch != b.batch) return a.batch < b.batch;
  const bool a_nan = std::isnan(a.value);
  const bool b_nan = std::isnan(b.value);
  if (a_nan != b_nan) return a_nan;
  if (!a_nan && a.value != b.value) return a.value > b.value;
  return a.row < b.row;
}

}  // namespace

void binary_rows(const engine::BinaryRows& problem) {
  visit_feature_dtype("binary", problem.y->dtype(), [&]<typename T>() {
    visit_op(problem.op, [&](const auto& function) {
      combine<T>(problem.lhs, problem.rhs, *problem.y, function);
    });
  });
}

void place_rows(const engine::PlaceRows& problem) {
  std::int64_t first_channel = 0;
  for (const RowSource& source : problem.sources) {
    visit_feature_dtype("rows", problem.y->dtype(),
                        [&]<typename T>() { place<T>(source, *problem.y, first_channel); });
    first_channel += source.features->dim(1);
  }
}

void largest_rows(const engine::LargestRows& problem) {
  const std::int64_t channels = problem.x->dim(1);
  std::vector<Candidate> candidates(problem.coords.size());
  visit_feature_dtype("topk", problem.x->dtype(), [&]<typename T>() {
    const T* values = problem.x->data<T>() + problem.channel;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      candidates[i] = {problem.coords[i].batch, static_cast<std::int32_t>(i),
                       static_cast<float>(values[row * channels])};
    }
  });
  std::ranges::sort(candidates, before);
  std::vector<std::int32_t>& rows = *problem.rows;
  std::int64_t taken = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0 && candidates[i].batch != candidates[i - 1].batch) taken = 0;
    if (taken++ < problem.count) rows.push_back(candidates[i].row);
  }
  std::ranges::sort(rows);
}

void CpuBackend::offer_rows() {
  offer_only<binary_rows>();
  offer_only<place_rows>();
  offer_only<largest_rows>();
  offer_only<scatter_to_grid>();
  offer_only<occupied_cells>();
  offer_only<gather_from_grid>();
  offer_only<column_sums>();
}

}  // namespace voxloom::cpu
