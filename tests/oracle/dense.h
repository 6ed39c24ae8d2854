// Ops on plain (rows, channels) matrices, row by row.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "oracle/conv.h"
#include "oracle/rounding.h"
#include "oracle/types.h"

namespace voxloom_oracle {

// y = x W^T + bias, W of shape (C_out, C_in). With the sums that the error bounds need.
inline FeatureSums linear(const Features& x, const Features& w,
                          const std::vector<double>& bias = {}) {
  require(x.channels == w.channels, "oracle: linear input does not fit");
  FeatureSums y{x.rows, w.rows, Sums(static_cast<size_t>(x.rows * w.rows))};
  for (int64_t row = 0; row < x.rows; ++row) {
    for (int64_t co = 0; co < w.rows; ++co) {
      const size_t i = cell(row, w.rows, co);
      for (int64_t ci = 0; ci < x.channels; ++ci) {
        y.sums.add_product(i, x.at(row, ci), w.at(co, ci));
      }
      if (!bias.empty()) y.sums.add_bias(i, bias.at(static_cast<size_t>(co)));
    }
  }
  return y;
}

// Row ids[i] of the (N, C) table; an id outside it throws.
inline Features embedding_lookup(const std::vector<int64_t>& ids, const Features& table) {
  Features y = Features::zeros(static_cast<int64_t>(ids.size()), table.channels);
  for (int64_t row = 0; row < y.rows; ++row) {
    for (int64_t c = 0; c < y.channels; ++c) {
      y.at(row, c) = table.at(ids[static_cast<size_t>(row)], c);
    }
  }
  return y;
}

template <typename Function>
Features map_values(const Features& x, Function f) {
  Features y = x;
  for (double& value : y.v) value = f(value);
  return y;
}

inline Features exp_values(const Features& x) {
  return map_values(x, [](double v) { return std::exp(v); });
}

inline Features round_values(const Features& x) { return map_values(x, round_half_even); }

// Over the channels of each row.
inline Features softmax(const Features& x) {
  Features y = x;
  for (int64_t row = 0; row < x.rows; ++row) {
    double largest = -std::numeric_limits<double>::infinity();
    for (int64_t c = 0; c < x.channels; ++c) largest = std::max(largest, x.at(row, c));
    double total = 0;
    for (int64_t c = 0; c < x.channels; ++c) {
      y.at(row, c) = std::exp(x.at(row, c) - largest);
      total += y.at(row, c);
    }
    for (int64_t c = 0; c < x.channels; ++c) y.at(row, c) /= total;
  }
  return y;
}

enum class Activation { kRelu, kSigmoid, kGelu, kSilu, kLeakyRelu, kTanh, kSoftplus };
enum class GeluApprox { kNone, kPrecise, kTanh, kFast };

struct ActivationParams {
  GeluApprox approximate = GeluApprox::kNone;
  double alpha = 0.01;      // leaky_relu's slope below 0
  double beta = 1.0;        // softplus
  double threshold = 20.0;  // softplus
};

inline double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

inline double gelu(double x, GeluApprox approximate) {
  switch (approximate) {
    case GeluApprox::kTanh: return x / 2 * (1 + std::tanh(0.79788456 * (x + 0.044715 * x * x * x)));
    case GeluApprox::kFast: return x * sigmoid(1.702 * x);
    default: return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  }
}

inline double softplus(double x, double beta, double threshold) {
  return beta * x > threshold ? x : std::log1p(std::exp(beta * x)) / beta;
}

// Comparisons are written so that NaN stays NaN.
inline double activate(Activation kind, double x, const ActivationParams& p = {}) {
  switch (kind) {
    case Activation::kRelu: return x < 0 ? 0.0 : x;
    case Activation::kSigmoid: return sigmoid(x);
    case Activation::kGelu: return gelu(x, p.approximate);
    case Activation::kSilu: return x * sigmoid(x);
    case Activation::kLeakyRelu: return x < 0 ? p.alpha * x : x;
    case Activation::kTanh: return std::tanh(x);
    case Activation::kSoftplus: return softplus(x, p.beta, p.threshold);
  }
  throw std::invalid_argument("oracle: unknown activation");
}

inline Features activation(const Features& x, Activation kind, const ActivationParams& p = {}) {
  return map_values(x, [&](double v) { return activate(kind, v, p); });
}

struct Moments {
  double mean = 0;
  double var = 0;  // divided by the count, not count - 1
};

inline Moments moments(const std::vector<double>& values) {
  Moments m;
  for (double v : values) m.mean += v / static_cast<double>(values.size());
  for (double v : values) m.var += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size());
  return m;
}

inline std::vector<double> row_values(const Features& x, int64_t row) {
  std::vector<double> values;
  for (int64_t c = 0; c < x.channels; ++c) values.push_back(x.at(row, c));
  return values;
}

inline std::vector<double> column_values(const Features& x, int64_t channel) {
  std::vector<double> values;
  for (int64_t row = 0; row < x.rows; ++row) values.push_back(x.at(row, channel));
  return values;
}

// (x - mean) / sqrt(var + eps) * scale + bias, per channel, with the given statistics.
inline Features batch_norm(const Features& x, const std::vector<double>& scale,
                           const std::vector<double>& bias, const std::vector<double>& mean,
                           const std::vector<double>& var, double eps) {
  Features y = x;
  for (size_t i = 0; i < y.v.size(); ++i) {
    const size_t c = i % static_cast<size_t>(x.channels);
    y.v[i] = (x.v[i] - mean.at(c)) / std::sqrt(var.at(c) + eps) * scale.at(c) + bias.at(c);
  }
  return y;
}

// Training mode: the statistics are those of the columns.
inline Features batch_norm_train(const Features& x, const std::vector<double>& scale,
                                 const std::vector<double>& bias, double eps) {
  std::vector<double> mean;
  std::vector<double> var;
  for (int64_t c = 0; c < x.channels; ++c) {
    const Moments m = moments(column_values(x, c));
    mean.push_back(m.mean);
    var.push_back(m.var);
  }
  return batch_norm(x, scale, bias, mean, var, eps);
}

inline Features layer_norm(const Features& x, const std::vector<double>& scale,
                           const std::vector<double>& bias, double eps) {
  Features y = x;
  for (int64_t row = 0; row < x.rows; ++row) {
    const Moments m = moments(row_values(x, row));
    for (int64_t c = 0; c < x.channels; ++c) {
      const auto channel = static_cast<size_t>(c);
      y.at(row, c) =
          (x.at(row, c) - m.mean) / std::sqrt(m.var + eps) * scale.at(channel) + bias.at(channel);
    }
  }
  return y;
}

// x / sqrt(mean(x^2) + eps) * scale, per row.
inline Features rms_norm(const Features& x, const std::vector<double>& scale, double eps) {
  Features y = x;
  for (int64_t row = 0; row < x.rows; ++row) {
    double mean_square = 0;
    for (double v : row_values(x, row)) mean_square += v * v / static_cast<double>(x.channels);
    for (int64_t c = 0; c < x.channels; ++c) {
      y.at(row, c) = x.at(row, c) / std::sqrt(mean_square + eps) * scale.at(static_cast<size_t>(c));
    }
  }
  return y;
}

}  // namespace voxloom_oracle
