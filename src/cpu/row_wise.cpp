#include "cpu/row_wise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/backend.h"

namespace voxloom::cpu {
namespace {

// Calls body(x_row, y_row, scratch) for each row, as T; the scratch is C floats of a task's own.
template <typename T, typename Body>
void for_each_row(const Tensor& x, Tensor& y, const Body& body) {
  const std::int64_t channels = x.dim(1);
  // About as much work per task whatever the width; depends on the shape alone.
  const std::int64_t grain = std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(channels, 1));
  const T* from = x.data<T>();
  T* to = y.mutable_data<T>();
  parallel_for(x.dim(0), grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> scratch(static_cast<std::size_t>(channels));
    for (std::int64_t row = begin; row < end; ++row) {
      body(from + row * channels, to + row * channels, scratch);
    }
  });
}

std::vector<float> floats_of(const Tensor& vector) {
  std::vector<float> result;
  visit_feature_dtype("row_wise", vector.dtype(), [&]<typename T>() {
    for (const T value : vector.span<T>()) result.push_back(static_cast<float>(value));
  });
  return result;
}

template <typename T>
double at(const T* row, std::int64_t c) {
  return static_cast<double>(static_cast<float>(row[c]));
}

template <typename T>
void softmax_row(const T* x, std::int64_t channels, std::vector<float>& powers, T* y) {
  float largest = -std::numeric_limits<float>::infinity();
  for (std::int64_t c = 0; c < channels; ++c) largest = std::max(largest, static_cast<float>(x[c]));
  double total = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    float& power = powers[static_cast<std::size_t>(c)];
    power = std::exp(static_cast<float>(x[c]) - largest);
    total += static_cast<double>(power);
  }
  const auto divisor = static_cast<float>(total);
  for (std::int64_t c = 0; c < channels; ++c) {
    y[c] = T(powers[static_cast<std::size_t>(c)] / divisor);
  }
}

// y = (x - mean) * factor * scale + bias, the difference taken before anything is rounded.
struct RowAffine {
  double mean = 0, factor = 1;
};

template <typename T>
void affine_row(const T* x, const RowAffine& affine, const std::vector<float>& scale,
                const std::vector<float>& bias, T* y) {
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double centered = static_cast<double>(static_cast<float>(x[c])) - affine.mean;
    const double shift = bias.empty() ? 0.0 : static_cast<double>(bias[c]);
    y[c] = T(static_cast<float>(centered * affine.factor * static_cast<double>(scale[c]) + shift));
  }
}

template <typename T>
RowAffine layer_moments(const T* x, std::int64_t channels, float eps) {
  RowAffine affine;
  for (std::int64_t c = 0; c < channels; ++c) affine.mean += at(x, c);
  affine.mean /= static_cast<double>(channels);
  double squares = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    squares += (at(x, c) - affine.mean) * (at(x, c) - affine.mean);
  }
  const double variance = squares / static_cast<double>(channels);
  affine.factor = 1.0 / std::sqrt(variance + static_cast<double>(eps));
  return affine;
}

template <typename T>
RowAffine mean_square(const T* x, std::int64_t channels, float eps) {
  double squares = 0;
  for (std::int64_t c = 0; c < channels; ++c) squares += at(x, c) * at(x, c);
  const double mean = squares / static_cast<double>(channels);
  return {.mean = 0, .factor = 1.0 / std::sqrt(mean + static_cast<double>(eps))};
}

// `moments` gives the RowAffine of one row.
template <typename Moments>
void norm_rows(const engine::RowNorm& problem, const Moments& moments) {
  const Tensor& x = *problem.x;
  const std::vector<float> scale = floats_of(*problem.scale);
  const std::vector<float> bias =
      problem.bias == nullptr ? std::vector<float>{} : floats_of(*problem.bias);
  visit_feature_dtype("row_wise", x.dtype(), [&]<typename T>() {
    for_each_row<T>(x, *problem.y, [&](const T* from, T* to, std::vector<float>&) {
      affine_row(from, moments(from, x.dim(1), problem.eps), scale, bias, to);
    });
  });
}

}  // namespace

void softmax(const engine::Softmax& problem) {
  const Tensor& x = *problem.x;
  visit_feature_dtype("softmax", x.dtype(), [&]<typename T>() {
    for_each_row<T>(x, *problem.y, [&](const T* from, T* to, std::vector<float>& powers) {
      softmax_row(from, x.dim(1), powers, to);
    });
  });
}

void batch_norm(const engine::BatchNorm& problem) {
  const std::vector<float> scale = floats_of(*problem.scale);
  const std::vector<float> bias = floats_of(*problem.bias);
  const std::vector<float> mean = floats_of(*problem.mean);
  std::vector<float> factor = floats_of(*problem.variance);
  for (std::size_t c = 0; c < factor.size(); ++c) {
    const double deviation =
        std::sqrt(static_cast<double>(factor[c]) + static_cast<double>(problem.eps));
    factor[c] = static_cast<float>(static_cast<double>(scale[c]) / deviation);
  }
  visit_feature_dtype("batch_norm", problem.x->dtype(), [&]<typename T>() {
    for_each_row<T>(*problem.x, *problem.y, [&](const T* from, T* to, std::vector<float>&) {
      for (std::size_t c = 0; c < factor.size(); ++c) {
        to[c] = T((static_cast<float>(from[c]) - mean[c]) * factor[c] + bias[c]);
      }
    });
  });
}

void row_norm(const engine::RowNorm& problem) {
  switch (problem.kind) {
    case engine::RowNormKind::layer:
      return norm_rows(problem, [](const auto* row, std::int64_t channels, float eps) {
        return layer_moments(row, channels, eps);
      });
    case engine::RowNormKind::rms:
      return norm_rows(problem, [](const auto* row, std::int64_t channels, float eps) {
        return mean_square(row, channels, eps);
      });
  }
}

void CpuBackend::offer_row_wise() {
  offer_only<softmax>();
  offer_only<batch_norm>();
  offer_only<row_norm>();
}

}  // namespace voxloom::cpu
