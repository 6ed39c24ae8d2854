// Convolution over a kernel map and its two gradients.
//   y[u]  = bias + sum over (v, u, k) of x[v] W[k]
//   dx[v] = sum over (v, u, k) of dy[u] W[k]^T
//   dW[k] = sum over (v, u, k) of x[v]^T dy[u]
// Which convolution it is (submanifold, strided, transposed, inverse, ...) is decided by the map
// alone. Each product also returns what the error bounds need.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "oracle/bounds.h"
#include "oracle/map.h"
#include "oracle/types.h"
#include "oracle/weight.h"

namespace voxloom_oracle {

// A sum of products per element: its value, the sum of the absolute products plus |bias|, and the
// number of products n (the bias is not one).
struct Sums {
  std::vector<double> value;
  std::vector<double> magnitude;
  std::vector<int64_t> count;

  explicit Sums(size_t size = 0) : value(size, 0.0), magnitude(size, 0.0), count(size, 0) {}

  void add_product(size_t i, double a, double b) {
    value.at(i) += a * b;
    magnitude.at(i) += std::fabs(a) * std::fabs(b);
    ++count.at(i);
  }
  void add_bias(size_t i, double b) {
    value.at(i) += b;
    magnitude.at(i) += std::fabs(b);
  }

  std::vector<double> always_bounds() const {
    std::vector<double> bounds;
    for (size_t i = 0; i < value.size(); ++i) {
      bounds.push_back(always_bound(count[i], magnitude[i]));
    }
    return bounds;
  }
  // On zero-mean data both bounds hold, so the smaller one counts.
  std::vector<double> zero_mean_bounds() const {
    std::vector<double> bounds = always_bounds();
    for (size_t i = 0; i < value.size(); ++i) {
      bounds[i] = std::min(bounds[i], zero_mean_bound(magnitude[i]));
    }
    return bounds;
  }
};

struct FeatureSums {
  int64_t rows = 0;
  int64_t channels = 0;
  Sums sums;
  Features features() const { return {rows, channels, sums.value}; }
};

struct WeightSums {
  WeightShape shape;
  Sums sums;  // in the canonical weight layout
  Weight weight() const { return {shape, sums.value}; }
};

inline void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

inline size_t cell(int64_t row, int64_t channels, int64_t channel) {
  return static_cast<size_t>(row * channels + channel);
}

// Calls visit(entry, g, ci, co) for every scalar product of a convolution.
template <typename Visit>
void for_each_product(const KernelMap& map, const WeightShape& s, Visit visit) {
  require(map.volume == s.volume, "oracle: map and weight differ in kernel volume");
  for (const MapEntry& e : map.entries) {
    for (int64_t g = 0; g < s.groups; ++g) {
      for (int64_t ci = 0; ci < s.group_in(); ++ci) {
        for (int64_t co = 0; co < s.group_out(); ++co) visit(e, g, ci, co);
      }
    }
  }
}

// An empty bias means none.
inline FeatureSums conv(const KernelMap& map, const Features& x, const Weight& w,
                        const std::vector<double>& bias = {}) {
  const WeightShape& s = w.shape;
  require(x.rows == map.in_rows && x.channels == s.c_in, "oracle: conv input does not fit");
  require(bias.empty() || static_cast<int64_t>(bias.size()) == s.c_out, "oracle: bias length");
  FeatureSums y{map.out_rows, s.c_out, Sums(static_cast<size_t>(map.out_rows * s.c_out))};
  for_each_product(map, s, [&](const MapEntry& e, int64_t g, int64_t ci, int64_t co) {
    y.sums.add_product(cell(e.out_row, s.c_out, g * s.group_out() + co),
                       x.at(e.in_row, g * s.group_in() + ci), w.at(e.k, g, ci, co));
  });
  for (size_t i = 0; i < y.sums.value.size() && !bias.empty(); ++i) {
    y.sums.add_bias(i, bias[i % bias.size()]);
  }
  return y;
}

inline FeatureSums conv_dgrad(const KernelMap& map, const Features& dy, const Weight& w) {
  const WeightShape& s = w.shape;
  require(dy.rows == map.out_rows && dy.channels == s.c_out, "oracle: dgrad input does not fit");
  FeatureSums dx{map.in_rows, s.c_in, Sums(static_cast<size_t>(map.in_rows * s.c_in))};
  for_each_product(map, s, [&](const MapEntry& e, int64_t g, int64_t ci, int64_t co) {
    dx.sums.add_product(cell(e.in_row, s.c_in, g * s.group_in() + ci),
                        dy.at(e.out_row, g * s.group_out() + co), w.at(e.k, g, ci, co));
  });
  return dx;
}

inline WeightSums conv_wgrad(const KernelMap& map, const Features& x, const Features& dy,
                             int64_t groups = 1) {
  require(x.rows == map.in_rows && dy.rows == map.out_rows, "oracle: wgrad inputs do not fit");
  const Weight layout = Weight::zeros({map.volume, groups, x.channels, dy.channels});
  const WeightShape& s = layout.shape;
  WeightSums dw{s, Sums(layout.v.size())};
  for_each_product(map, s, [&](const MapEntry& e, int64_t g, int64_t ci, int64_t co) {
    dw.sums.add_product(layout.index(e.k, g, ci, co), x.at(e.in_row, g * s.group_in() + ci),
                        dy.at(e.out_row, g * s.group_out() + co));
  });
  return dw;
}

// Column sums, as one row.
inline FeatureSums conv_dbias(const Features& dy) {
  FeatureSums db{1, dy.channels, Sums(static_cast<size_t>(dy.channels))};
  for (int64_t row = 0; row < dy.rows; ++row) {
    for (int64_t c = 0; c < dy.channels; ++c) {
      db.sums.add_product(static_cast<size_t>(c), dy.at(row, c), 1.0);
    }
  }
  return db;
}

struct NormalizedConv {
  Features value;
  Features before_bias;
  std::vector<double> bounds() const {
    std::vector<double> result;
    for (double v : before_bias.v) result.push_back(normalized_bound(v));
    return result;
  }
};

// conv(x, W) / sqrt(conv(1, W*W) + eps) + bias. Pass normalize = false for the submanifold form
// with kernel volume 1, which skips the normalization.
inline NormalizedConv normalized_conv(const KernelMap& map, const Features& x, const Weight& w,
                                      const std::vector<double>& bias = {}, double eps = 1e-8,
                                      bool normalize = true) {
  Weight squared = w;
  for (double& value : squared.v) value *= value;
  const Features ones = Features::filled(x.rows, x.channels, 1.0);
  const Features energy = conv(map, ones, squared).features();
  NormalizedConv result{conv(map, x, w).features(), {}};
  for (size_t i = 0; i < result.value.v.size() && normalize; ++i) {
    result.value.v[i] /= std::sqrt(energy.v[i] + eps);
  }
  result.before_bias = result.value;
  for (size_t i = 0; i < result.value.v.size() && !bias.empty(); ++i) {
    result.value.v[i] += bias.at(i % bias.size());
  }
  return result;
}

}  // namespace voxloom_oracle
