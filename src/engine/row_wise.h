// Functions of each row of channels, as problems. x and y are (N,C) of one dtype, float32, float16 or
// bfloat16, vectors (C) of the same. Sums over a row are binary64. Every element of y is written.
#pragma once

#include <cstdint>
#include <string_view>

#include "voxloom/tensor.h"

namespace voxloom::engine {

// y = exp(x - max x) / sum exp(x - max x).
struct Softmax {
  static constexpr std::string_view kName = "softmax";

  const Tensor* x = nullptr;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.y);
  }
};

// y = (x - mean) f + bias with f = scale / sqrt(variance + eps), worked out in binary64 and rounded to
// float32 once per channel.
struct BatchNorm {
  static constexpr std::string_view kName = "batch_norm";

  const Tensor* x = nullptr;
  const Tensor* scale = nullptr;
  const Tensor* bias = nullptr;
  const Tensor* mean = nullptr;
  const Tensor* variance = nullptr;
  float eps = 0;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.scale);
    visit.reads(p.bias);
    visit.reads(p.mean);
    visit.reads(p.variance);
    visit.writes(p.y);
  }
};

enum class RowNormKind : std::uint8_t {
  layer,  // m = mean x, s = mean (x - m)^2
  rms     // m = 0, s = mean x^2
};

// y = (x - m) / sqrt(s + eps) * scale + bias in binary64, rounded to float32 and then to y's dtype.
struct RowNorm {
  static constexpr std::string_view kName = "row_norm";

  RowNormKind kind = RowNormKind::layer;
  const Tensor* x = nullptr;
  const Tensor* scale = nullptr;
  const Tensor* bias = nullptr;  // nullptr: 0
  float eps = 0;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.scale);
    visit.reads(p.bias);
    visit.writes(p.y);
  }
};

}  // namespace voxloom::engine
