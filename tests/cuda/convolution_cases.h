// Convolution problems on the device, with binary64 sums beside them.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "cuda/cases.h"
#include "cuda/convolution.h"
#include "oracle/bounds.h"

namespace voxloom::test {

struct Channels {
  std::int64_t groups, in, out;  // of a group
};

// A float64 sum per element, the magnitude and the number of its products.
struct ExactSums {
  std::vector<double> value, magnitude;
  std::vector<std::int64_t> products;

  explicit ExactSums(std::int64_t count)
      : value(static_cast<std::size_t>(count)), magnitude(value.size()), products(value.size()) {}
  void add(std::int64_t at, double a, double b) {
    const auto i = static_cast<std::size_t>(at);
    value[i] += a * b;
    magnitude[i] += std::fabs(a * b);
    ++products[i];
  }
  // The bound of semantics.md, section 5, for any data.
  [[nodiscard]] std::vector<double> bounds() const {
    std::vector<double> result;
    for (std::size_t i = 0; i < value.size(); ++i) {
      result.push_back(oracle::always_bound(products[i], magnitude[i]));
    }
    return result;
  }
};

struct ConvProblem {
  CoordinateSet fine, coarse;
  KernelMap map;  // forward: fine -> coarse
  Channels channels;
  DType dtype;
  std::vector<double> x, w, bias, dy;  // w[k][g][i][o]

  ConvProblem(CoordinateSet source, const KernelSpec& kernel, const Channels& c, DType type,
              std::uint64_t seed)
      : fine(std::move(source)),
        coarse(strided_support(fine, kernel.stride)),
        map(forward_map(fine, coarse, kernel)),
        channels(c),
        dtype(type),
        geometry(kernel),
        fine_on_device(device_set(fine)),
        coarse_on_device(device_set(coarse)) {
    oracle::Random random(seed);
    const auto draw = [&](std::int64_t count) {
      return oracle::random_values(random, count, 1.0, rounding_of(dtype));
    };
    x = draw(fine.size() * c.groups * c.in);
    w = draw(map.volume() * c.groups * c.in * c.out);
    bias = draw(c.groups * c.out);
    dy = draw(coarse.size() * c.groups * c.out);
  }

  [[nodiscard]] cuda::KernelMap device_map(cuda::Side side) const {
    return {fine_on_device, coarse_on_device, geometry.view, side, kStream};
  }
  [[nodiscard]] cuda::WeightView view_of(const DeviceTensor& weight) const {
    const auto& [g, i, o] = channels;
    return {weight.data(), dtype, map.volume(), g, i, o, g * i * o, i * o, o, 1};
  }
  [[nodiscard]] DeviceTensor upload(const std::vector<double>& values) const {
    return DeviceTensor(to_tensor(values, {static_cast<std::int64_t>(values.size())}, dtype));
  }

  // body(value at, a, b) of every product of the three sums.
  [[nodiscard]] ExactSums forward() const {
    ExactSums sums(coarse.size() * channels.groups * channels.out);
    each_product([&](std::int64_t v, std::int64_t u, std::int64_t kw) {
      sums.add(u, x[static_cast<std::size_t>(v)], w[static_cast<std::size_t>(kw)]);
    });
    return sums;
  }
  [[nodiscard]] ExactSums data_gradient() const {
    ExactSums sums(fine.size() * channels.groups * channels.in);
    each_product([&](std::int64_t v, std::int64_t u, std::int64_t kw) {
      sums.add(v, dy[static_cast<std::size_t>(u)], w[static_cast<std::size_t>(kw)]);
    });
    return sums;
  }
  [[nodiscard]] ExactSums weight_gradient() const {
    ExactSums sums(static_cast<std::int64_t>(w.size()));
    each_product([&](std::int64_t v, std::int64_t u, std::int64_t kw) {
      sums.add(kw, x[static_cast<std::size_t>(v)], dy[static_cast<std::size_t>(u)]);
    });
    return sums;
  }

 private:
  template <typename Body>
  void each_product(const Body& body) const {
    const auto& [groups, in, out] = channels;
    for (const MapEntry& e : map.triples()) {
      for (std::int64_t g = 0; g < groups; ++g) {
        for (std::int64_t i = 0; i < in; ++i) {
          for (std::int64_t o = 0; o < out; ++o) {
            body((e.in_row * groups + g) * in + i, (e.out_row * groups + g) * out + o,
                 ((e.k * groups + g) * in + i) * out + o);
          }
        }
      }
    }
  }

  HostGeometry geometry;
  cuda::CoordinateSet fine_on_device, coarse_on_device;
};

inline std::string describe(const ConvProblem& p) {
  return std::to_string(p.channels.groups) + " groups of " + std::to_string(p.channels.in) +
         " to " + std::to_string(p.channels.out) + " " + std::string(name_of(p.dtype)) + ", " +
         std::to_string(p.coarse.size()) + " rows";
}

using ForwardAlgorithm = void (*)(const cuda::ConvForward&, cuda::Stream);
using GradientAlgorithm = void (*)(const cuda::ConvWeightGradient&, cuda::Stream);

inline void expect_forward(const ConvProblem& p, ForwardAlgorithm run) {
  SCOPED_TRACE("forward, " + describe(p));
  const cuda::KernelMap map = p.device_map(cuda::Side::coarse);
  const DeviceTensor x = p.upload(p.x), w = p.upload(p.w), bias = p.upload(p.bias);
  const std::int64_t channels = p.channels.groups * p.channels.out;
  DeviceTensor y({p.coarse.size(), channels}, p.dtype);
  run({.map = map.view(),
       .x = x.data(),
       .x_dtype = p.dtype,
       .weight = p.view_of(w),
       .bias = bias.data(),
       .y = y.data(),
       .y_dtype = p.dtype},
      kStream);
  ExactSums sums = p.forward();
  for (std::size_t i = 0; i < sums.value.size(); ++i) {
    const double b = p.bias[i % static_cast<std::size_t>(channels)];
    sums.value[i] += b;
    sums.magnitude[i] += std::fabs(b);
  }
  expect_within(y.to_host(), sums.value, sums.bounds(), "y");
}

inline void expect_data_gradient(const ConvProblem& p, ForwardAlgorithm run) {
  SCOPED_TRACE("data gradient, " + describe(p));
  const cuda::KernelMap map = p.device_map(cuda::Side::fine);
  const DeviceTensor dy = p.upload(p.dy), w = p.upload(p.w);
  DeviceTensor dx({p.fine.size(), p.channels.groups * p.channels.in}, p.dtype);
  run({.map = map.view(),
       .x = dy.data(),
       .x_dtype = p.dtype,
       .weight = p.view_of(w).transposed(),
       .y = dx.data(),
       .y_dtype = p.dtype},
      kStream);
  const ExactSums sums = p.data_gradient();
  expect_within(dx.to_host(), sums.value, sums.bounds(), "dx");
}

inline void expect_weight_gradient(const ConvProblem& p, GradientAlgorithm run) {
  SCOPED_TRACE("weight gradient, " + describe(p));
  const cuda::KernelMap map = p.device_map(cuda::Side::coarse);
  const DeviceTensor x = p.upload(p.x), dy = p.upload(p.dy);
  DeviceTensor dw({static_cast<std::int64_t>(p.w.size())}, DType::f32);
  run({.map = map.view(),
       .x = x.data(),
       .dy = dy.data(),
       .dtype = p.dtype,
       .groups = p.channels.groups,
       .in = p.channels.in,
       .out = p.channels.out,
       .dw = dw.as<float>()},
      kStream);
  const ExactSums sums = p.weight_gradient();
  expect_within(dw.to_host(), sums.value, sums.bounds(), "dw");
}

inline CoordinateSet surface(std::int64_t rows, std::uint64_t seed) {
  oracle::Random random(seed);
  return CoordinateSet::from_rows(
      to_rows(oracle::random_coords(random, {.count = rows,
                                             .start = {-9, -9, -3},
                                             .extent = {64, 64, 12},
                                             .scatter = oracle::Scatter::kSurface})));
}

}  // namespace voxloom::test
