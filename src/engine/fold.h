// A batch norm with given statistics as a part of the product before it, float32:
//   (x - mean) / sqrt(variance + eps) * scale + bias = x * factor + shift
#pragma once

#include <cstdint>

#include "voxloom/tensor.h"

namespace voxloom::engine {

// In binary64, rounded once.
struct FoldBatchNorm {
  static constexpr std::string_view kName = "fold_batch_norm";

  const Tensor* scale = nullptr;  // (C), like all the others
  const Tensor* bias = nullptr;
  const Tensor* mean = nullptr;
  const Tensor* variance = nullptr;
  float eps = 0;
  Tensor* factor = nullptr;
  Tensor* shift = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.scale);
    visit.reads(p.bias);
    visit.reads(p.mean);
    visit.reads(p.variance);
    visit.writes(p.factor);
    visit.writes(p.shift);
  }
};

// Each element of a weight times the factor of its output channel. The weight is read as
// (any, groups, in, out), of which `groups` and `out` make the channel.
struct ScaleOutputs {
  static constexpr std::string_view kName = "scale_outputs";

  const Tensor* weight = nullptr;
  const Tensor* factor = nullptr;  // (groups * out)
  std::int64_t groups = 1, in = 1, out = 1;
  Tensor* y = nullptr;  // of the weight's shape

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.weight);
    visit.reads(p.factor);
    visit.writes(p.y);
  }
};

}  // namespace voxloom::engine
